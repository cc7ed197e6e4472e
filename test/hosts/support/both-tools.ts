import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { connectLocal } from '../../../src/connection/local.js';
import { asStarsError, StarsError } from '../../../src/errors.js';
import {
  type Account,
  accountOf,
  accountOfAnsible,
  type AnsibleOutput,
  inOrder,
  requestOf,
  type TaskAccount,
} from '../../support/playbook-corpus.js';
import { type Project, runIn, writeProject } from '../../support/run-playbook.js';

/** A project that both tools play on this machine, each host through a shell of its own; `u1` cannot be reached. */
export type Drawn = {
  project: Project;
  /** Options of ansible-playbook. */
  args: string[];
  /** Its hosts do not wait for each other, so it does not matter when a task ran. */
  unordered: boolean;
};

type Answer = { exit: number; account: AnsibleOutput | null; ahead: boolean };
type Outcome = { exit: string; account: Account };

/** What Stars does otherwise than ansible-core, each difference with its project, the shortest first; and how many could be compared. */
export async function playedOtherwise(drawn: readonly Drawn[]): Promise<{ differences: string[]; compared: number }> {
  const folders = drawn.map(({ project }) => writeProject(project));
  const asked = drawn.map(({ args }, index) => {
    const folder = folders[index] ?? '';
    return { folder: join(folder, 'project'), args: ['-e', `base=${join(folder, 'out')}`, ...args] };
  });
  const answers = askAnsible(asked);
  const differences: string[] = [];
  let compared = 0;
  for (const [index, one] of drawn.entries()) {
    const [folder = '', answer] = [folders[index], answers[index]];
    const theirs = outcomeOfAnsible(one, answer, folder);
    if (!theirs) continue;
    emptyOut(folder);
    const lines = difference(linesOf(await playedByStars(one, folder)), linesOf(theirs));
    if (lines.length > 0 && isFault(answer)) continue;
    compared += 1;
    if (lines.length > 0) differences.push([...filesOf(one), ...lines].join('\n'));
  }
  return { differences: differences.sort((a, b) => a.length - b.length), compared };
}

/** What the other tool wrote is told in its outcome. */
function emptyOut(folder: string): void {
  rmSync(join(folder, 'out'), { recursive: true });
  mkdirSync(join(folder, 'out'));
}

function askAnsible(plays: readonly { folder: string; args: string[] }[]): Answer[] {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['test/oracle/playbook_oracle.py'], {
    input: plays.map((one) => `${JSON.stringify(one)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 1_000_000_000,
    timeout: 3_600_000,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

/** Undefined where Ansible broke off with an error of its own. */
function outcomeOfAnsible(one: Drawn, answer: Answer | undefined, folder: string): Outcome | undefined {
  if (!answer?.account || ![0, 2, 4].includes(answer.exit)) return undefined;
  return {
    exit: answer.exit === 0 ? 'good' : 'bad',
    account: accountIn(one, accountOfAnsible(answer.account, folder)),
  };
}

/** What Ansible does by mistake, and Stars does not (docs/ansible/differences.md). */
function isFault(answer: Answer | undefined): boolean {
  const counts = Object.values(answer?.account?.stats ?? {});
  const countedTwice = counts.some(({ failures = 0, unreachable = 0 }) => failures > 0 && unreachable > 0);
  return countedTwice || answer?.ahead === true;
}

async function playedByStars(one: Drawn, folder: string): Promise<Outcome> {
  const played = await runIn(folder, {
    ...requestOf({ name: '', ...one }),
    async connect(host) {
      if (host === 'u1') throw new StarsError('UNREACHABLE', 'Nobody listens there.');
      return connectLocal({ name: host });
    },
  });
  if (played.error)
    return { exit: `refused: ${asStarsError(played.error).message}`, account: { tasks: [], recap: {}, files: {} } };
  return { exit: played.result?.failed ? 'bad' : 'good', account: accountIn(one, accountOf(played)) };
}

function accountIn({ unordered, project }: Drawn, account: Account): Account {
  return inOrder({ name: '', args: [], unordered, project }, account);
}

/** An account as lines that can be read beside each other. */
function linesOf({ exit, account: { tasks, recap } }: Outcome): string[] {
  const word = ({ status, changed, said }: Pick<TaskAccount, 'status' | 'changed' | 'said'>) =>
    [changed ? `${status}+changed` : status, ...(said === undefined ? [] : [JSON.stringify(said)])].join(' ');
  const each = tasks.map(({ task, hosts }) => {
    const words = Object.entries(hosts).map(([host, { items = [], ...whole }]) =>
      [`${host}=${word(whole)}`, ...items.map(word)].join('/'),
    );
    return `${task}: ${words.join(' ')}`;
  });
  const counts = Object.entries(recap).map(([host, counted]) => `${host}: ${JSON.stringify(counted)}`);
  return [...each, ...counts.sort(), `exit: ${exit}`];
}

function difference(ours: readonly string[], theirs: readonly string[]): string[] {
  if (ours.join('\n') === theirs.join('\n')) return [];
  const from = theirs.findIndex((line, index) => line !== ours[index]);
  return [
    ...theirs.slice(0, from).map((line) => `        ${line}`),
    ...theirs.slice(from).map((line) => `Ansible ${line}`),
    ...ours.slice(from).map((line) => `Stars   ${line}`),
  ];
}

/** A line for each task, which one can read. */
function filesOf({ project, args }: Drawn): string[] {
  const files = Object.entries(project).map(([name, text]) =>
    /^(?:---\n)?[[{]/.test(text)
      ? `${name}: ${JSON.stringify(JSON.parse(text.replace(/^---\n/, ''))).replaceAll(/(\{"name":"[a-z]+ \d)/g, '\n  $1')}`
      : `${name}:\n${text}`,
  );
  return [...files, ...(args.length > 0 ? [`options: ${args.join(' ')}`] : [])];
}
