import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import {
  answerOfStars,
  comparable,
  CORPUS,
  goldenOf,
  inventoryCases,
  type Answer,
  type InventoryCase,
} from '../inventory/inventory-corpus.js';
import { ALL, drawn } from './differential/sample.js';

const execute = promisify(execFile);
const scratch = mkdtempSync(join(tmpdir(), 'stars-inventory-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

// UPDATE_GOLDEN=1 writes what the real ones answer as the new golden files. A part of them is asked anew (`npm run test:hosts -- --all`: every one).
const UPDATE = process.env['UPDATE_GOLDEN'] === '1';
const cases = inventoryCases().filter(({ name }) => ALL || UPDATE || drawn(name, 4));

test.each(cases.map((one) => [one.name, one] as const))(
  'ansible-inventory and ansible-playbook read %s as Stars does',
  async (name, one) => {
    const answer = await answerOfAnsible(one);
    if (UPDATE) writeFileSync(join(CORPUS, name, 'golden.json'), `${JSON.stringify(answer, null, 1)}\n`);
    expect(answer).toEqual(goldenOf(name));
    expect(await answerOfStars(one)).toEqual(answer);
  },
);

async function answerOfAnsible(one: InventoryCase): Promise<Answer> {
  const { _meta: meta } = JSON.parse(await ansible('ansible-inventory', one, ['--list', ...playbookFolder(one)])) as {
    _meta: { hostvars: Answer['variables'] };
  };
  const plays = [];
  for (const limit of [null, ...one.limits]) plays.push(await playHosts(one, limit));
  return comparable(one.name, {
    variables: meta.hostvars,
    groups: plays[0]?.groups ?? {},
    matches: plays.flatMap(({ matches }) => matches),
  });
}

function playbookFolder({ playbookDir }: InventoryCase): string[] {
  return playbookDir === undefined ? [] : ['--playbook-dir', playbookDir];
}

/** One playbook with a play for each pattern; every play prints the hosts it runs on, in order. */
async function playHosts(one: InventoryCase, limit: string | null): Promise<Pick<Answer, 'groups' | 'matches'>> {
  const plays = one.patterns.map((pattern, index) =>
    play(pattern, `@@${index} {{ ansible_play_hosts_all | to_json }}`),
  );
  const playbook = join(scratch, 'plays.json');
  writeFileSync(
    playbook,
    JSON.stringify(limit === null ? [play('localhost', '@@groups {{ groups | to_json }}'), ...plays] : plays),
  );
  const output = await ansible('ansible-playbook', one, [playbook, ...(limit === null ? [] : ['--limit', limit])]);
  const printed = new Map<string, unknown>();
  for (const [, text = '""'] of output.matchAll(/"msg": ("@@.*")$/gm)) {
    const [, key = '', json = 'null'] = /^@@(\S+) (.*)$/.exec(JSON.parse(text) as string) ?? [];
    printed.set(key, JSON.parse(json));
  }
  return {
    groups: (printed.get('groups') ?? {}) as Answer['groups'],
    matches: one.patterns.map((pattern, index) => ({
      pattern,
      limit,
      hosts: (printed.get(String(index)) ?? []) as string[],
    })),
  };
}

function play(pattern: string, message: string): object {
  return {
    hosts: pattern,
    gather_facts: false,
    connection: 'local',
    tasks: [{ debug: { msg: message }, run_once: true }],
  };
}

async function ansible(
  program: string,
  { name, sources, vaultPasswordFile }: InventoryCase,
  args: string[],
): Promise<string> {
  const vault = vaultPasswordFile === undefined ? [] : ['--vault-password-file', vaultPasswordFile];
  const inventory = sources.flatMap((source) => ['-i', source]);
  const { stdout } = await execute(program, [...inventory, ...vault, ...args], {
    cwd: resolve(CORPUS, name),
    env: { PATH: process.env['PATH'], HOME: scratch, LC_ALL: 'C.UTF-8', ANSIBLE_NOCOLOR: '1' },
    timeout: 120_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
