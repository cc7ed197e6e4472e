import { afterAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { connectLocal } from '../../src/connection/local.js';
import { StarsError } from '../../src/errors.js';
import { type Flow, flow } from '../support/play-flows.js';
import { type Account, accountOf, accountOfAnsible, type AnsibleOutput, inOrder } from '../support/playbook-corpus.js';
import { removeProjects, runIn, writeProject } from '../support/run-playbook.js';

// FLOW_CASES=1000 plays that many instead of a few, FLOW_SEED=7 plays others; a case takes ansible-core half a second.
// PLAYBOOK_ORACLE_FORKS=1 lets Ansible fork a process for each host and task, which takes it five times as long.
const CASES = Number(process.env['FLOW_CASES'] ?? 40);
const SEED = Number(process.env['FLOW_SEED'] ?? 1);

type Answer = { exit: number; account: AnsibleOutput | null; ahead: boolean };
type Outcome = { exit: 'good' | 'bad'; account: Account };

afterAll(removeProjects);

test('what follows from a failure, a rescue and an end is what follows from it in ansible-core', async () => {
  const flows = fc.sample(flow, { numRuns: CASES, seed: SEED });
  const folders = flows.map(({ project }) => writeProject(project));
  const answers = askAnsible(folders);
  const differences: string[] = [];
  let compared = 0;
  for (const [index, one] of flows.entries()) {
    const [folder = '', answer] = [folders[index], answers[index]];
    const theirs = outcomeOfAnsible(one, answer, folder);
    if (!theirs) continue;
    const lines = difference(linesOf(await playedByStars(one, folder)), linesOf(theirs));
    if (lines.length > 0 && isFault(answer)) continue;
    compared += 1;
    if (lines.length > 0) differences.push([...filesOf(one), ...lines].join('\n'));
  }
  expect(differences.sort((a, b) => a.length - b.length)).toEqual([]);
  // Ansible breaks off, or takes hosts out of turn, in few of them.
  expect(compared).toBeGreaterThan(0.9 * CASES - 1);
});

function askAnsible(folders: readonly string[]): Answer[] {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['test/oracle/playbook_oracle.py'], {
    input: folders.map((folder) => `${join(folder, 'project')}\n`).join(''),
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
function outcomeOfAnsible(one: Flow, answer: Answer | undefined, folder: string): Outcome | undefined {
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

async function playedByStars(one: Flow, folder: string): Promise<Outcome> {
  const played = await runIn(folder, {
    async connect(host) {
      if (host === 'u1') throw new StarsError('UNREACHABLE', 'Nobody listens there.');
      return connectLocal({ name: host });
    },
  });
  if (played.error) throw played.error;
  return { exit: played.result?.failed ? 'bad' : 'good', account: accountIn(one, accountOf(played)) };
}

function accountIn({ unordered, project }: Flow, account: Account): Account {
  return inOrder({ name: '', args: [], unordered, project }, account);
}

/** An account as lines that can be read beside each other. */
function linesOf({ exit, account: { tasks, recap } }: Outcome): string[] {
  const word = ({ status, changed }: { status: string; changed: boolean }) => (changed ? `${status}+changed` : status);
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
function filesOf({ project }: Flow): string[] {
  const files = Object.entries(project).filter(([name]) => name !== 'inventory');
  return files.map(
    ([name, text]) =>
      `${name}: ${JSON.stringify(JSON.parse(text)).replaceAll(/(\{"name":"(?:task|play|first|second|third))/g, '\n  $1')}`,
  );
}
