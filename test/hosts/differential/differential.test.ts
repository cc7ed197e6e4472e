import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { appendFileSync } from 'node:fs';
import { baseImage } from '../support/base-image.js';
import { batchesOf, type CaseFile, placeCases, type PlacedCase, readCaseFiles } from './case.js';
import { differencesInCase } from './compare.js';
import { createHostPair, type HostPair, prepare } from './host-pair.js';
import { playBoth } from './play.js';
import { place } from './playbook-of.js';
import { ALL, sampleOf } from './sample.js';
import { differencesOf, type Snapshot, snapshotOf } from './snapshot.js';

// Ansible and Stars each play the same cases on a host of their own, and whatever one of them does otherwise is told.
// STARS_TEST_MODULE=file,copy takes these modules alone and whole, STARS_TEST_CASE=words of them the cases whose names hold these words;
// without either it is a part of every module, in one playbook, and STARS_TEST_SEED draws another part.

// STARS_TEST_DIFFERENCES names a file that tells every difference as soon as it is found, intended ones too.

const LOG = process.env.STARS_TEST_DIFFERENCES;
const TURN_TIMEOUT_MS = 3_600_000;
const TURNS = [
  ['check mode', { check: true }],
  ['first run', { check: false }],
  ['second run', { check: false }],
] as const;

const wanted = process.env.STARS_TEST_MODULE?.split(',');
const files = await readCaseFiles(wanted);
const groups =
  ALL || wanted
    ? files.map((file) => [file.module, [named(file)]] as const)
    : [['a part of every module', files.map(sampleOf)] as const];

let pair: HostPair;
let image: string;
let found: Map<PlacedCase | 'elsewhere', string[]>;
/** What the setups that failed said, by the number of their case, which is not played then. */
let unprepared: Map<number, string[]>;
/** What the hosts differ in by now: each difference is told once, where it came up. */
let told: Map<string, readonly [string, string]>;

beforeAll(async () => {
  image = await baseImage();
});

describe.each(groups.map(([title, some]) => [title, placeCases(some)] as const))('%s', (_title, cases) => {
  // Hosts of its own: a module does the same whichever others came before.
  beforeAll(async () => {
    pair = await createHostPair();
    [found, unprepared, told] = [new Map(), new Map(), new Map()];
    for (const batch of batchesOf(cases)) await playBatch(batch);
  }, TURN_TIMEOUT_MS);
  afterAll(async () => pair.stop());

  test.each(cases.map((one) => [`${one.module} ${one.name}`, one] as const))('%s', (_name, one) => {
    expect(unprepared.get(one.index) ?? []).toEqual([]);
    const differences = (found.get(one) ?? []).filter((line) => !one.intended.some(({ lines }) => lines.test(line)));
    const meant = differences.filter((line) => one.differs?.lines.test(line));
    expect(differences.filter((line) => !meant.includes(line))).toEqual([]);
    expect(meant.length > 0).toBe(one.differs !== undefined);
  });

  test('leaves everything else on the hosts alike', () => {
    expect(found.get('elsewhere') ?? []).toEqual([]);
    // Even what is otherwise on purpose: the cases after it begin on hosts alike.
    expect([...told].filter(([name]) => !name.includes('/srv/cases/'))).toEqual([]);
  });
});

function named(file: CaseFile): CaseFile {
  const words = process.env.STARS_TEST_CASE;
  return words === undefined ? file : { ...file, cases: file.cases.filter(({ name }) => name.includes(words)) };
}

async function playBatch(whole: readonly PlacedCase[]): Promise<void> {
  for (const [index, said] of await prepare(pair, whole)) unprepared.set(index, said);
  const batch = whole.filter(({ index }) => !unprepared.has(index));
  if (batch.length === 0) return;
  const probes = new Map(batch.flatMap((one) => probeOf(one)));
  const snapshots = () => Promise.all(pair.sides.map((side) => snapshotOf(side, probes)));
  let [theirs, ours] = await snapshots();
  told = tellable(theirs, ours);
  for (const [turn, options] of TURNS) {
    const accounts = await playBoth(pair, batch, options);
    for (const one of batch)
      note(
        one,
        differencesInCase(one, accounts).map((line) => `${turn}, ${line}`),
      );
    const before = ours;
    [theirs, ours] = await snapshots();
    if (options.check) noteFiles(batch, tellable(before, ours), { turn, names: ['before', 'after a check by Stars'] });
    const differences = tellable(theirs, ours);
    const fresh = [...differences].filter(([name, both]) => told.get(name)?.join() !== both.join());
    noteFiles(batch, new Map(fresh), { turn, names: ['Ansible', 'Stars'] });
    told = differences;
  }
}

function probeOf(one: PlacedCase): [string, string][] {
  return one.probe === undefined ? [] : [[`probe of ${one.folder}`, place(one, pair.local)(one.probe)]];
}

type Differences = ReturnType<typeof differencesOf>;

function tellable(one: Snapshot | undefined, other: Snapshot | undefined): Differences {
  if (!one || !other) throw new Error('Both hosts are looked at.');
  return differencesOf(one, other, image);
}

type Turn = { turn: string; names: readonly [string, string] };

function noteFiles(batch: readonly PlacedCase[], differences: Differences, { turn, names }: Turn): void {
  for (const [name, [a, b]] of differences) {
    const owner = batch.length === 1 ? batch[0] : batch.find((one) => concerns(name, one));
    note(owner ?? 'elsewhere', [`${turn}, ${name}: ${names[0]} ${a}, ${names[1]} ${b}`]);
  }
}

function concerns(name: string, { folder }: PlacedCase): boolean {
  return name.includes(`${folder}/`) || name.includes(`${folder}:`) || name.endsWith(folder);
}

function note(owner: PlacedCase | 'elsewhere', lines: readonly string[]): void {
  const title = owner === 'elsewhere' ? owner : `${owner.module}, ${owner.name}`;
  if (LOG !== undefined) appendFileSync(LOG, lines.map((line) => `${title}: ${line}\n`).join(''));
  found.set(owner, [...(found.get(owner) ?? []), ...lines]);
}
