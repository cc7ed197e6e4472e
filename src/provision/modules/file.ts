import { posix } from 'node:path';
import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import type { Dict } from '../../jinja/value.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { fileState, resolved, type FileState } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { treeAttributes } from '../facts/tree-attributes.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { attributeArgs, attributeChanges, type Attributes } from './attributes.js';
import { makeFolders } from './make-folders.js';
import { finalStat, reportStat } from './place-file.js';
import { dict, fileFields } from './result.js';
import { timeChanges, type Times } from './timestamps.js';

type State = 'absent' | 'directory' | 'file' | 'hard' | 'link' | 'touch';

type Args = Attributes &
  Times & {
    path: string;
    state?: State | undefined;
    src?: string | undefined;
    recurse: boolean;
    force: boolean;
    follow: boolean;
  };

export const file = defineModule({
  name: 'file',
  summary: 'Create, remove or link a file or folder, or set its attributes.',
  aliases: { dest: 'path', name: 'path', attr: 'attributes' },
  args: args({
    path: path(),
    state: choice('absent', 'directory', 'file', 'hard', 'link', 'touch').optional(),
    src: path().optional(),
    recurse: bool().default(false),
    force: bool().default(false),
    follow: bool().default(true),
    modification_time: text().optional(),
    modification_time_format: text().default('%Y%m%d%H%M.%S'),
    access_time: text().optional(),
    access_time_format: text().default('%Y%m%d%H%M.%S'),
    ...attributeArgs,
  }),

  async plan(given, context): Promise<Plan> {
    const trimmed = (await hostPath(context, given.path)).replace(/(?<=.)\/+$/, '');
    let state = await context.fact(fileState(trimmed));
    if (
      given.src !== undefined &&
      given.state !== 'link' &&
      given.state !== 'absent' &&
      resolved(state).stat?.kind === 'directory'
    ) {
      state = await context.fact(fileState(posix.join(trimmed, posix.basename(given.src))));
    }
    return planFor(
      { ...given, src: given.src === undefined ? undefined : await hostPath(context, given.src) },
      state,
      context,
    );
  },
});

/** The plan for one path whose state is known; other modules that make files use it too. */
export async function planFor(given: Args, state: FileState, context: ModuleContext): Promise<Plan> {
  const wanted = given.state ?? (state.stat ? currentState(state) : given.recurse ? 'directory' : 'file');
  if (given.recurse && wanted !== 'directory') return refuse(state, "recurse option requires state to be 'directory'");
  if (given.src !== undefined && wanted !== 'link' && wanted !== 'hard') {
    return refuse(state, "src option requires state to be 'link' or 'hard'");
  }
  switch (wanted) {
    case 'absent':
      return absent(state);
    case 'touch':
      return touch(given, state);
    case 'directory':
      return directory(given, state, context);
    case 'link':
      return link(given, state, context);
    case 'hard':
      return hard(given, state, context);
    default:
      return attributesOnly(given, state);
  }
}

function currentState({ stat }: FileState): State {
  if (stat?.kind === 'link' || stat?.kind === 'directory') return stat.kind;
  return stat && stat.links > 1 ? 'hard' : 'file';
}

function absent(state: FileState): Plan {
  const result = dict({ path: state.path, state: 'absent' });
  if (!state.stat) return { actions: [], result };
  const command = state.stat.kind === 'directory' ? sh`rm -rf ${state.path}` : sh`rm -f ${state.path}`;
  return { actions: [{ kind: 'run', command }], result, diff: stateDiff(state, 'absent') };
}

function attributesOnly(given: Args, state: FileState): Plan {
  const end = given.follow ? resolved(state) : { path: state.path, stat: state.stat };
  if (end.stat?.kind === 'directory' || end.stat?.kind === 'link' || !end.stat) {
    const kind = end.stat ? end.stat.kind : 'absent';
    return refuse({ ...state, path: end.path }, `file (${end.path}) is ${kind}, cannot continue`, kind);
  }
  return change({ end: end.path, stat: end.stat, given, makes: undefined, state });
}

function touch(given: Args, state: FileState): Plan {
  const end = given.follow ? resolved(state) : { path: state.path, stat: state.stat };
  const times = { modification_time: 'now', access_time: 'now', ...withoutUndefined(given) };
  const makes = end.stat ? undefined : sh`touch ${end.path}`;
  return change({
    end: end.path,
    stat: end.stat,
    given: { ...given, ...times },
    makes,
    state,
    key: 'dest',
    to: 'touch',
  });
}

async function directory(given: Args, state: FileState, context: ModuleContext): Promise<Plan> {
  const end = given.follow ? resolved(state) : { path: state.path, stat: state.stat };
  if (!end.stat) return makeDirectories(given, end.path, state);
  if (end.stat.kind !== 'directory') {
    return refuse(
      { ...state, path: end.path },
      `${end.path} already exists as a ${currentState({ ...state, stat: end.stat })}`,
    );
  }
  const plan = change({ end: end.path, stat: end.stat, given, makes: undefined, state });
  if (!given.recurse) return plan;
  const below = await context.fact(treeAttributes(end.path, given.follow));
  const commands = below.flatMap(({ path, stat }) => attributeChanges(path, stat, given).command ?? []);
  return commands.length === 0
    ? plan
    : { ...plan, actions: [...commands.map((command) => run(command)), ...plan.actions] };
}

function makeDirectories(given: Args, end: string, state: FileState): Plan {
  const actions = [...makeFolders(end, given), run(reportStat(end))];
  return finished({ actions, diff: stateDiff(state, 'directory') }, end, state, 'path');
}

async function link(given: Args, state: FileState, context: ModuleContext): Promise<Plan> {
  const { stat } = state;
  const src = given.src ?? (given.follow ? state.link?.target : undefined);
  if (!given.force && src !== undefined) {
    const base = stat?.kind === 'directory' ? state.path : posix.dirname(state.path);
    const absolute = posix.isAbsolute(src) ? src : posix.join(base, src);
    if (!resolved(await context.fact(fileState(absolute))).stat) {
      return refuse(
        state,
        `src file does not exist, use "force=yes" if you really want to create the link: ${absolute}`,
      );
    }
  }
  if (stat && stat.kind !== 'link' && (!given.force || (stat.kind === 'directory' && !state.empty))) {
    return refuse(
      state,
      given.force
        ? `the directory ${state.path} is not empty, refusing to convert it`
        : `refusing to convert from ${currentState(state)} to symlink for ${state.path}`,
    );
  }
  if (src === undefined) {
    return stat?.kind === 'link' ? { actions: [] } : refuse(state, 'src is required for creating new symlinks');
  }
  const makes = state.link?.target === src ? undefined : replaceBy(sh`ln -s ${src}`, state, context);
  const end = given.follow ? await followed(state, src, context) : { path: state.path, stat: makes ? undefined : stat };
  // Attributes of a link to nowhere cannot be set; Ansible only warns.
  const attributes =
    end.stat || !given.follow ? given : { ...given, owner: undefined, group: undefined, mode: undefined };
  return change({
    end: end.path,
    stat: end.stat,
    given: attributes,
    makes,
    state,
    key: 'dest',
    to: 'link',
    src,
    reported: state.path,
  });
}

async function followed(state: FileState, src: string, context: ModuleContext) {
  if (state.link?.target === src) return resolved(state);
  const absolute = posix.isAbsolute(src) ? src : posix.join(posix.dirname(state.path), src);
  return resolved(await context.fact(fileState(absolute)));
}

async function hard(given: Args, state: FileState, context: ModuleContext): Promise<Plan> {
  const { stat } = state;
  const existing = stat && stat.kind === 'file' && stat.links > 1;
  if (given.src === undefined) {
    return existing
      ? change({ end: state.path, stat, given, makes: undefined, state, key: 'dest' })
      : refuse(state, 'src is required for creating new hardlinks');
  }
  const source = resolved(await context.fact(fileState(given.src))).stat;
  if (!source) return refuse(state, 'src does not exist');
  const same = stat?.inode === source.inode && stat.device === source.device;
  if (stat && !same && stat.kind !== 'link' && !given.force) {
    return refuse(
      state,
      existing
        ? 'Cannot link, different hard link exists at destination'
        : `Cannot link, ${stat.kind} exists at destination`,
    );
  }
  const makes = same ? undefined : replaceBy(sh`ln ${given.src}`, state, context);
  return change({ end: state.path, stat: source, given, makes, state, key: 'dest', to: 'hard', src: given.src });
}

/** Makes the link under another name and renames it, so that the path is never without a file. */
function replaceBy(make: ShellCommand, { path, stat }: FileState, context: ModuleContext): ShellCommand {
  if (!stat) return sh`${make} ${path}`;
  const temporary = context.temporaryPath(path);
  const clear = stat.kind === 'directory' ? sh`rmdir ${path} && ` : sh``;
  // mv would move into a folder that the old link points to, so the old link goes first where -T is unknown.
  return sh`${clear}${make} ${temporary} && { mv -T -f ${temporary} ${path} 2>/dev/null || { rm -f ${path} && mv -f ${temporary} ${path}; }; }`;
}

type Change = {
  end: string;
  stat: FileState['stat'];
  given: Args;
  makes: ShellCommand | undefined;
  state: FileState;
  key?: 'path' | 'dest';
  to?: string;
  src?: string;
  reported?: string;
};

function change({ end, stat, given, makes, state, key = 'path', to, src, reported = end }: Change): Plan {
  const attributes = attributeChanges(end, stat, given);
  const times = timeChanges(end, given);
  const commands = [makes, attributes.command, times].filter((command) => command !== undefined);
  const before = [
    ...(makes && to ? [`state: ${state.stat ? currentState(state) : 'absent'}`] : []),
    ...attributes.before,
  ];
  const after = [...(makes && to ? [`state: ${to}`] : []), ...attributes.after];
  const plan: Plan = {
    actions: commands.length === 0 ? [] : [run(sequence([...commands, reportStat(reported)]))],
    ...(after.length > 0 ? { diff: { before: lines(before), after: lines(after) } } : {}),
  };
  return finished(plan, reported, { ...state, stat: reported === end ? stat : state.stat }, key, src);
}

function finished(plan: Plan, end: string, { stat }: FileState, key: 'path' | 'dest', src?: string): Plan {
  const fields = (now: FileState['stat']): Dict => dict({ [key]: end, src, ...fileFields(now) });
  return { ...plan, result: fields(stat), finish: (results) => fields(finalStat(results.at(-1)?.stdout) ?? stat) };
}

function stateDiff(state: FileState, after: string) {
  return {
    before: `state: ${state.stat ? currentState(state) : 'absent'}\n`,
    after: `state: ${after}\n`,
    beforeHeader: state.path,
    afterHeader: state.path,
  };
}

function refuse(state: FileState, failed: string, kind?: string): Plan {
  return { actions: [], failed, result: dict({ path: state.path, state: kind }) };
}

function run(command: ShellCommand) {
  return { kind: 'run', command } as const;
}

function lines(entries: string[]): string {
  return entries.map((entry) => `${entry}\n`).join('');
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Partial<T>;
}
