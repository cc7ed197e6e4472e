import { print } from '../kernel/io.js';
import type { UnitState } from '../services/manager.js';
import { readUnit, setting, settings, UNIT_FOLDERS, unitName } from '../services/unit-file.js';
import { compilePattern, matchesPattern } from '../shell/pattern.js';
import type { Call } from './call.js';
import { formatDate } from './dates.js';
import type { Options } from './options.js';

// The bullet in UTF-8, as bytes.
const DOT = '\xe2\x97\x8f';

/** A line on standard error, without the program's name, as systemctl says things. */
export function say(call: Call, line: string): Promise<void> {
  return call.proc.files.get(2)?.write(Buffer.from(`${line}\n`, 'latin1'), call.proc) ?? Promise.resolve();
}

export async function status(call: Call, names: string[], options: Options): Promise<number> {
  let worst = 0;
  for (const text of names) {
    const name = unitName(text);
    const unit = call.machine.services.state(name);
    if (!unit) {
      await say(call, `Unit ${name} could not be found.`);
      worst = Math.max(worst, 4);
      continue;
    }
    await call.print(statusText(call, unit, Number(options.value('n') ?? 10)));
    if (call.machine.services.needsReload(unit))
      await say(call, `Warning: ${name} changed on disk. Run 'systemctl daemon-reload' to reload units.`);
    if (unit.active !== 'active' && unit.active !== 'activating') worst = Math.max(worst, 3);
  }
  return worst;
}

function statusText(call: Call, unit: UnitState, lines: number): string {
  const { definition, active, sub, main, since, exitStatus, exitName, result } = unit;
  const { services, journal } = call.machine;
  const loaded = definition.masked
    ? 'masked (/dev/null)'
    : `loaded (${definition.path}; ${services.enablement(definition.name)}; vendor preset: disabled)`;
  const because = active === 'failed' ? ` (Result: ${result})` : ` (${sub})`;
  const when = formatDate('%a %Y-%m-%d %H:%M:%S UTC', since);
  const text = [
    `${DOT} ${definition.name} - ${setting(definition, 'Unit.Description') ?? definition.name}`,
    `   Loaded: ${loaded}`,
    `   Active: ${active}${because}${active === 'inactive' && exitStatus === 0 && !main ? '' : ` since ${when}`}`,
    ...(active === 'failed'
      ? [
          `  Process: ExecStart=${settings(definition, 'Service.ExecStart').at(-1) ?? ''} (code=exited, status=${exitStatus}${exitName ? `/${exitName}` : '/FAILURE'})`,
        ]
      : []),
    ...(main ? [` Main PID: ${main.pid} (${(main.argv[0] ?? '').split('/').at(-1)})`] : []),
  ];
  const log = journal.lines(definition.name).slice(-lines);
  return `${[...text, ...(log.length > 0 ? ['', ...log] : [])].join('\n')}\n`;
}

export async function show(call: Call, names: string[], options: Options): Promise<number> {
  const wanted = (options.values.get('p') ?? []).flatMap((text) => text.split(','));
  for (const [index, text] of (names.length > 0 ? names : ['']).entries()) {
    const properties = unitProperties(call, unitName(text));
    const shown = wanted.length > 0 ? wanted.filter((name) => name in properties) : Object.keys(properties);
    if (index > 0) await call.print('\n');
    await call.print(shown.map((name) => `${options.has('v') ? '' : `${name}=`}${properties[name]}\n`).join(''));
  }
  return 0;
}

function unitProperties(call: Call, name: string): Record<string, string> {
  const { services } = call.machine;
  const unit = services.state(name);
  const main = unit?.main;
  const definition = unit?.definition;
  return {
    Type: (definition && setting(definition, 'Service.Type')) ?? 'simple',
    Restart: (definition && setting(definition, 'Service.Restart')) ?? 'no',
    MainPID: String(main?.pid ?? 0),
    ExecMainPID: String(main?.pid ?? 0),
    ExecMainStatus: String(unit?.exitStatus ?? 0),
    ExecMainCode: String(unit?.active === 'failed' ? 1 : 0),
    ExecStart: definition
      ? settings(definition, 'Service.ExecStart')
          .map((line) => `{ path=${line.split(' ')[0]} ; argv[]=${line} ; }`)
          .join(' ')
      : '',
    User: (definition && setting(definition, 'Service.User')) ?? '',
    Environment: definition ? settings(definition, 'Service.Environment').join(' ') : '',
    Result: unit?.result ?? 'success',
    Id: name,
    Names: name,
    Description: (definition && setting(definition, 'Unit.Description')) ?? name,
    LoadState: !definition ? 'not-found' : definition.masked ? 'masked' : 'loaded',
    ActiveState: unit?.active ?? 'inactive',
    SubState: unit?.sub ?? 'dead',
    FragmentPath: definition?.path ?? '',
    DropInPaths: definition?.dropIns.join(' ') ?? '',
    UnitFileState: services.enablement(name) ?? '',
    NeedDaemonReload: unit && services.needsReload(unit) ? 'yes' : 'no',
    CanStart: definition && !definition.masked ? 'yes' : 'no',
    CanStop: 'yes',
    CanReload: definition && settings(definition, 'Service.ExecReload').length > 0 ? 'yes' : 'no',
    ActiveEnterTimestamp: unit?.active === 'active' ? formatDate('%a %Y-%m-%d %H:%M:%S UTC', unit.since) : '',
    StatusErrno: '0',
    NRestarts: '0',
  };
}

export async function cat(call: Call, names: string[]): Promise<number> {
  for (const text of names) {
    const definition = readUnit(call.fs, unitName(text));
    if (!definition) {
      await say(call, `No files found for ${unitName(text)}.`);
      return 1;
    }
    for (const path of [definition.path, ...definition.dropIns])
      await call.print(`# ${path}\n${(await call.content(path)).toString('latin1')}\n`);
  }
  return 0;
}

export async function listUnits(call: Call, names: string[], options: Options): Promise<number> {
  const onlyFailed = options.has('F') || options.value('S') === 'failed';
  const units = call.machine.services
    .loaded()
    .filter(
      ({ active, definition }) =>
        (onlyFailed ? active === 'failed' : options.has('a') || active !== 'inactive') &&
        (names.length === 0 || names.some((name) => unitName(name) === definition.name)),
    );
  const rows = units
    .toSorted((a, b) => (a.definition.name < b.definition.name ? -1 : 1))
    .map(
      ({ definition, active, sub }) =>
        `${definition.name} loaded ${active} ${sub} ${setting(definition, 'Unit.Description') ?? ''}\n`,
    );
  const legend = options.has('N')
    ? ['', '']
    : [
        'UNIT LOAD ACTIVE SUB DESCRIPTION\n',
        `\n${rows.length} loaded units listed. Pass --all to see loaded but inactive units, too.\n`,
      ];
  await print(call.proc, legend[0] + rows.join('') + legend[1]);
  return 0;
}

export async function listUnitFiles(call: Call, names: string[], options: Options): Promise<number> {
  const type = options.value('t');
  const found = new Set<string>();
  for (const folder of UNIT_FOLDERS) {
    const node = call.fs.find(folder);
    if (node?.kind !== 'dir') continue;
    for (const name of call.fs.names(node)) if (/\.(service|target|socket|timer)$/.test(name)) found.add(name);
  }
  const wanted = [...found]
    .filter(
      (name) =>
        (!type || name.endsWith(`.${type}`)) &&
        (names.length === 0 ||
          names.some((text) => unitName(text) === name || matchesPattern(compilePattern(text), name))),
    )
    .sort();
  const rows = wanted.map((name) => `${name} ${call.machine.services.enablement(name) ?? 'static'}\n`);
  await call.print(
    `${options.has('N') ? '' : 'UNIT FILE STATE\n'}${rows.join('')}${options.has('N') ? '' : `\n${rows.length} unit files listed.\n`}`,
  );
  return 0;
}
