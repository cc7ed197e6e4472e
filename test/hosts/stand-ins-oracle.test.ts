import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeProjects, runPlaybook } from '../support/run-playbook.js';
import { startFakeJenkins } from './support/fake-jenkins.js';
import { ALL } from './differential/sample.js';
import { STAND_IN_CASES as ALL_CASES, type StandInCase } from './stand-in-cases.js';

// Every case is one playbook task, run in check mode and then twice for real, by real Ansible and by us, in folders prepared
// alike. Programs that this machine lacks are small scripts in the folder's `bin`, which note their calls in `calls`.

// A part of them, or all (`npm run test:hosts -- --all`); STARS_TEST_CASE=words plays those whose titles hold these words.
const WORDS = process.env.STARS_TEST_CASE;
const STAND_IN_CASES = WORDS === undefined ? drawnCases() : ALL_CASES.filter(({ title }) => title.includes(WORDS));
const HOUR_MS = 3_600_000;

const TURNS = ['check', 'first', 'second'] as const;

let theirFolder: string;
let ourFolder: string;
let jenkins: Awaited<ReturnType<typeof startFakeJenkins>>;
let theirs: Results;
let ours: Results;

type Results = Record<string, Record<string, unknown>>;

beforeAll(async () => {
  theirFolder = mkdtempSync(join(tmpdir(), 'stars-theirs-'));
  ourFolder = mkdtempSync(join(tmpdir(), 'stars-ours--'));
  jenkins = await startFakeJenkins();
  theirs = await runTheirs();
  ours = await runOurs();
}, HOUR_MS);

afterAll(async () => {
  await jenkins.stop();
  for (const folder of [theirFolder, ourFolder]) rmSync(folder, { recursive: true, force: true });
  removeProjects();
});

test.each(STAND_IN_CASES.map((each, index) => [each.title, index, each] as const))('%s', (_, index, each) => {
  const seen = (folder: string, results: Results) =>
    TURNS.filter((turn) => turn !== 'check' || !each.skipCheck).map((turn) => ({
      turn,
      result: comparable(each, results[`r${index}${turn}`], join(folder, String(index))),
    }));
  const [actual, expected] = [seen(ourFolder, ours), seen(theirFolder, theirs)];
  for (const [turn, { result }] of expected.entries()) {
    const names = Object.keys(result);
    const mine = actual[turn]?.result ?? {};
    const picked = Object.fromEntries(names.map((name) => [name, mine[name]]));
    expect({ turn, ...picked }).toEqual({ turn, ...result });
  }
  expect(leftBy(ourFolder, index)).toEqual(leftBy(theirFolder, index));
});

/** The first of every module. */
function drawnCases(): StandInCase[] {
  const isFirst = (one: StandInCase) => ALL_CASES.find(({ module }) => module === one.module) === one;
  return ALL_CASES.filter((one) => ALL || isFirst(one));
}

function playbook(folder: string, plain: boolean): string {
  const tasks = STAND_IN_CASES.flatMap(({ module, args, free, environment }, index) => {
    const own = join(folder, String(index));
    const server = `${jenkins.url}/${serverName(folder, index)}`;
    const place = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value ?? null)
          .replaceAll('@@http', server)
          .replaceAll('@@files', `${jenkins.url}/files`)
          .replaceAll('@@', own),
      );
    return TURNS.map((turn) => ({
      [module]: free === undefined ? place(args) : place(free),
      ...(free !== undefined && args ? { args: place(args) } : {}),
      environment: { PATH: `${own}/bin:${process.env.PATH}`, ...(place(environment ?? {}) as object) },
      register: `r${index}${turn}`,
      ignore_errors: true,
      ...(turn === 'check' ? { check_mode: true } : {}),
    }));
  });
  const names = STAND_IN_CASES.flatMap((_, index) => TURNS.map((turn) => `'r${index}${turn}': r${index}${turn}`));
  const dump = { copy: { content: `{{ {${names.join(', ')}} | to_json }}`, dest: join(folder, 'results.json') } };
  const connection = plain ? { connection: 'local' } : {};
  return JSON.stringify([{ hosts: 'all', gather_facts: false, ...connection, tasks: [...tasks, dump] }]);
}

async function runTheirs(): Promise<Results> {
  prepare(theirFolder);
  writeFileSync(join(theirFolder, 'site.yml'), playbook(theirFolder, true));
  const env = { ...process.env, ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3' };
  const words = ['-i', 'h1,', join(theirFolder, 'site.yml')];
  await new Promise<void>((resolve, reject) => {
    execFile('ansible-playbook', words, { cwd: theirFolder, maxBuffer: 1e8, env }, (error, stdout, stderr) =>
      error ? reject(new Error(`${stdout.slice(-3000)}${stderr}`, { cause: error })) : resolve(),
    );
  });
  return JSON.parse(readFileSync(join(theirFolder, 'results.json'), 'utf8')) as Results;
}

async function runOurs(): Promise<Results> {
  prepare(ourFolder);
  const { result, error } = await runPlaybook({ inventory: 'h1\n', 'site.yml': playbook(ourFolder, false) });
  if (error) throw error;
  if (result?.hosts.h1?.failed) throw new Error(JSON.stringify(result));
  return JSON.parse(readFileSync(join(ourFolder, 'results.json'), 'utf8')) as Results;
}

/** Both names are of one length, as the lengths of addresses may show in results. */
function serverName(folder: string, index: number): string {
  return `${folder === theirFolder ? 'theirs' : 'mine--'}${index}`;
}

function prepare(folder: string): void {
  for (const [index, { setup = ':', programs = {}, jenkins: wanted }] of STAND_IN_CASES.entries()) {
    const own = join(folder, String(index));
    mkdirSync(join(own, 'bin'), { recursive: true });
    if (wanted) jenkins.add(serverName(folder, index), wanted, own);
    for (const [name, body] of Object.entries(programs)) {
      const note = `printf '%s' ${name} >>${own}/log; printf ' %s' "$@" >>${own}/log; echo >>${own}/log\n`;
      const text = `#!/bin/sh\n${note}${body.replaceAll('@@', own)}\n`;
      writeFileSync(join(own, 'bin', name), text, { mode: 0o755 });
    }
    const made = spawnSync('sh', ['-euc', `umask 022; cd ${own}; ${setup.replaceAll('@@', own)}`], {
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(made.stderr);
  }
}

/** Stars refuses arguments before it asks the host, and then tells their place first. */
const REFUSED_AT = /^\/\S+\/project\/site\.yml:\d+:\d+: /;

/** What both sides say, without what is theirs by nature: times, and the words of failures where a case does not ask for them. */
function comparable(
  { fields, ignore = [], sameWords = false }: StandInCase,
  result: Record<string, unknown> | undefined,
  folder: string,
): Record<string, unknown> {
  const found = JSON.parse(
    JSON.stringify(result ?? {})
      .replaceAll(folder, '@@')
      .replaceAll(/(theirs|mine--)(?=\d)/g, ''),
  ) as Record<string, unknown>;
  const failed = found.failed === true;
  if (failed && typeof found.msg === 'string') found.msg = found.msg.replace(REFUSED_AT, '');
  const out = new Set([...ignore, 'invocation', 'warnings', 'deprecations', 'exception', 'start', 'end', 'delta']);
  if (failed && !sameWords)
    for (const name of ['msg', 'stderr', 'stdout', 'stderr_lines', 'stdout_lines', 'rc', 'cmd', 'changed', 'details'])
      out.add(name);
  const kept = Object.entries(found).filter(
    ([name]) => !out.has(name) && (fields === undefined || [...fields, 'changed', 'failed', 'skipped'].includes(name)),
  );
  return { failed, ...Object.fromEntries(kept) };
}

/** The changing calls of stand-ins and the files of a case. */
function leftBy(folder: string, index: number): { calls: string[]; files: string } {
  const own = join(folder, String(index));
  const { calls = /^$/ } = STAND_IN_CASES[index] ?? {};
  const log = spawnSync('cat', [join(own, 'log')], { encoding: 'utf8' }).stdout.replaceAll(own, '@@');
  const script = `cd ${own} && find . ! -name . ! -path './bin*' ! -path ./log ! -name '*~' | sort | while IFS= read -r f; do printf '%s %s %s ' "$f" "$(stat -c '%A %u:%g' "$f")" "$(readlink "$f")"; [ -f "$f" ] && sed 's#${own}#@@#g' "$f" | sha1sum || echo; done`;
  const files = spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout.replaceAll(folder, '@');
  const posts = jenkins.posts(serverName(folder, index));
  return { calls: [...log.split('\n').filter((line) => calls.test(line)), ...posts], files };
}
