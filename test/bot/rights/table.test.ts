import { deploySubject } from '../../../commands/deploy-subject.js';
import type { Permission } from '../../../src/bot/permission.js';
import type { RightsQuestion } from '../../../src/bot/rights.js';
import type { Environment, Home } from '../../../src/home/home.js';
import type { RunSource } from '../../../src/model/run.js';
import type { FakePerson } from '../../../src/sandbox/fake-slack/workspace.js';
import { createWorld } from './world.js';

/**
 * Homes, groups and questions by chance, and an oracle that matches nothing: words that name people, globs and host patterns are
 * written out as the people, things and hosts they stand for, and sets are compared.
 */

const WORLDS = 20;
const QUESTIONS = 200;

const HOSTS = ['m1', 'm2', 'w1', 'w2', 'w3'];
const INVENTORY = '[masters]\nm1\nm2\n[workers]\nw1\nw2\nw3\n';

type Kind = 'member' | 'guest' | 'outside' | 'machine';
type Actor = { id: string; kind: Kind; also: string[]; sources: RunSource[] };

const ACTORS: Actor[] = [
  ...['U0ADA', 'U0BEN', 'U0CLEO', 'W0EVE'].map((id) => slackActor(id, 'member')),
  slackActor('U0GUEST', 'guest'),
  slackActor('U0SINGLE', 'guest'),
  slackActor('U0OTHER', 'outside'),
  slackActor('U0GONE', 'outside'),
  slackActor('U0NOBODY', 'outside'),
  { id: 'terminal:ada', kind: 'machine', also: ['U0ADA'], sources: ['terminal', 'console', 'schedule'] },
  { id: 'terminal:root', kind: 'machine', also: [], sources: ['terminal', 'console', 'schedule'] },
  { id: 'schedule:nightly', kind: 'machine', also: [], sources: ['schedule'] },
];
const PEOPLE: FakePerson[] = [
  { id: 'U0ADA', name: 'ada' },
  { id: 'U0BEN', name: 'ben' },
  { id: 'U0CLEO', name: 'cleo' },
  { id: 'W0EVE', name: 'eve' },
  { id: 'U0GUEST', name: 'guest', guest: 'multi-channel' },
  { id: 'U0SINGLE', name: 'single', guest: 'single-channel' },
  { id: 'U0OTHER', name: 'other', team: 'T0ELSEWHERE' },
  { id: 'U0GONE', name: 'gone', deactivated: true },
];
const GROUPS = ['S0OPS', 'S0DATA', 'S0EMPTY', 'S0MISSING'];
const WHO = [...ACTORS.map(({ id }) => id), ...GROUPS, 'everyone'];

const RIGHTS: Permission[] = ['read', 'operate', 'provision'];
const NEEDS: Record<string, Permission> = {
  deploy: 'provision',
  plan: 'provision',
  restart: 'operate',
  status: 'read',
  backup: 'operate',
  compose: 'provision',
};

/** What people type, and what it is. */
const TARGETS: Record<string, string[]> = {
  site: ['playbook site'],
  'site.yml': ['playbook site'],
  kafka: ['playbook kafka'],
  'app:kafka': ['app kafka'],
  zeppelin: ['app zeppelin'],
  '/zeppelin': ['app zeppelin'],
  spark: ['app spark/livy', 'app spark/history'],
  'role:zookeeper': ['role zookeeper'],
  'role:docker': ['role docker'],
  'job:reindex': ['job reindex'],
  nonsense: [],
};
const THINGS = [...new Set(Object.values(TARGETS).flat())];

/** Globs, with what they mean written out. */
const GLOBS: Record<string, string[]> = {
  '*': THINGS,
  site: ['playbook site'],
  'playbook:*': ['playbook site', 'playbook kafka'],
  kafka: ['playbook kafka', 'app kafka'],
  'app:kafka': ['app kafka'],
  'app:/kafka': ['app kafka'],
  zeppelin: ['app zeppelin'],
  '/zeppelin': ['app zeppelin'],
  'z*': ['app zeppelin'],
  'spark/*': ['app spark/livy', 'app spark/history'],
  '/spark/liv?': ['app spark/livy'],
  'role:*': ['role zookeeper', 'role docker'],
  'role:zoo*': ['role zookeeper'],
  '*zoo*': ['role zookeeper'],
  'job:*': ['job reindex'],
  'job:reindex': ['job reindex'],
  reindex: [],
  ZEPPELIN: [],
  'k?fka': ['playbook kafka', 'app kafka'],
};

/** Patterns, with the hosts they stand for; undefined for what stands for none. */
const PATTERNS: Record<string, string[] | undefined> = {
  all: HOSTS,
  workers: ['w1', 'w2', 'w3'],
  masters: ['m1', 'm2'],
  w1: ['w1'],
  'w*': ['w1', 'w2', 'w3'],
  'workers:!w3': ['w1', 'w2'],
  'w1,m1': ['w1', 'm1'],
  'all,!masters': ['w1', 'w2', 'w3'],
  '~[mw]1': ['m1', 'w1'],
  'workers[0]': ['w1'],
  localhost: ['localhost'],
  nowhere: undefined,
};

type Rule = { who: string[]; may: string[]; targets?: string[]; hosts?: string[] };
type AccessWords = { read?: string[]; operate?: string[]; provision?: string[]; rules?: Rule[] };
type PlaceWords = { access?: AccessWords | undefined; production?: boolean; sandbox?: boolean };
type Words = {
  stars: AccessWords;
  places: Record<string, PlaceWords>;
  members: Record<string, string[]>;
  tells: { groups: boolean; people: boolean };
};
type Asked = { actor: Actor; source: RunSource; command: string; place: string | undefined; args: Args };
type Args = { target: string; limit: string | undefined; extraVars: string[] };

describe.each(Array.from({ length: WORLDS }, (_, seed) => seed + 1))('world %i', (seed) => {
  test('everybody may what the oracle says, and nothing else', async () => {
    const chance = createChance(seed);
    const words = someWords(chance);
    const world = await createWorld(filesOf(words), {
      people: PEOPLE,
      groups: Object.entries(words.members).map(([id, members]) => ({ id, handle: id, members })),
      scopes: [...(words.tells.groups ? ['usergroups:read'] : []), ...(words.tells.people ? ['users:read'] : [])],
    });
    try {
      const wrong: unknown[] = [];
      for (let count = 0; count < QUESTIONS; count += 1) {
        const asked = someQuestion(chance);
        const verdict = await world.rights.may(await questionOf(asked, world.home));
        const expected = oracle(asked, words);
        tally[String(expected)] = (tally[String(expected)] ?? 0) + 1;
        if (verdict.allowed !== expected) wrong.push({ asked, expected, verdict, words });
        if (!verdict.allowed) expect(verdict.hint.length).toBeLessThan(1_500);
      }
      expect(wrong.slice(0, 1)).toEqual([]);
    } finally {
      await world.stop();
    }
  });
});

const tally: Record<string, number> = {};

test('the questions were of both kinds', () => {
  expect(tally['true']).toBeGreaterThan((WORLDS * QUESTIONS) / 10);
  expect(tally['false']).toBeGreaterThan((WORLDS * QUESTIONS) / 10);
});

function slackActor(id: string, kind: Kind): Actor {
  return { id, kind, also: [], sources: ['slack', 'slack', 'slack', 'schedule'] };
}

type Chance = {
  below(limit: number): number;
  one<T>(of: readonly T[]): T;
  some<T>(of: readonly T[], most: number): T[];
};

function createChance(seed: number): Chance {
  let state = seed * 2_654_435_761;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  const one = <T>(of: readonly T[]): T => of[below(of.length)] as T;
  const some = <T>(of: readonly T[], most: number) => Array.from({ length: 1 + below(most) }, () => one(of));
  return { below, one, some };
}

function someWords(chance: Chance): Words {
  const { below, some } = chance;
  const members = Object.fromEntries(
    GROUPS.filter((id) => id !== 'S0MISSING').map((id) => [
      id,
      id === 'S0EMPTY' ? [] : some(PEOPLE, 4).map((one) => one.id),
    ]),
  );
  return {
    stars: someAccess(chance),
    places: {
      production: { access: someAccess(chance) },
      lab: { access: below(3) === 0 ? undefined : someAccess(chance), production: true },
      staging: { access: someAccess(chance) },
      tamed: { access: someAccess(chance), production: false },
      play: { access: someAccess(chance), sandbox: true, production: below(2) === 0 },
    },
    members,
    tells: { groups: below(5) > 0, people: below(8) > 0 },
  };
}

function someAccess({ below, some, one }: Chance): AccessWords {
  const rule = (): Rule => ({
    who: some(WHO, 3),
    may: some([...Object.keys(NEEDS), ...RIGHTS], 3),
    ...(below(2) === 0 ? { targets: some(Object.keys(GLOBS), 3) } : {}),
    ...(below(3) === 0 ? { hosts: [one(Object.keys(PATTERNS))] } : {}),
  });
  return {
    ...Object.fromEntries(
      RIGHTS.filter(() => below(2) === 0).map((right) => [right, below(6) === 0 ? [] : some(WHO, 3)]),
    ),
    ...(below(3) === 0 ? {} : { rules: Array.from({ length: below(4) }, rule) }),
  };
}

function someQuestion({ one, below, some }: Chance): Asked {
  const actor = one(ACTORS);
  const command = one(Object.keys(NEEDS));
  return {
    actor,
    source: one(actor.sources),
    command,
    place: command === 'compose' ? undefined : one(['production', 'lab', 'staging', 'tamed', 'play']),
    args: {
      target: one(Object.keys(TARGETS)),
      limit: below(2) === 0 ? undefined : one(Object.keys(PATTERNS)),
      extraVars: below(6) === 0 ? some(['a=1', 'b=2'], 2) : [],
    },
  };
}

function filesOf({ stars, places }: Words): Record<string, string> {
  const files: Record<string, string> = {
    'stars.yml': JSON.stringify({ access: stars, people: { ada: 'U0ADA' } }),
  };
  for (const [name, words] of Object.entries(places)) {
    files[`inventories/${name}/hosts`] = INVENTORY;
    files[`inventories/${name}/environment.yml`] = JSON.stringify(words);
  }
  return files;
}

async function questionOf({ actor, source, command, place, args }: Asked, home: Home): Promise<RightsQuestion> {
  const environment = place === undefined ? undefined : await home.environment(place);
  return {
    person: { id: actor.id, name: 'U0ADA' },
    source,
    command: { name: command, permission: NEEDS[command] ?? 'read' },
    environment,
    subject: environment && (() => subjectOf(command, args, { home, environment })),
  };
}

function subjectOf(command: string, args: Args, { home, environment }: { home: Home; environment: Environment }) {
  const about = { args, home, environment, cluster: () => Promise.reject(new Error('not asked')) };
  if (command === 'deploy' || command === 'plan') return deploySubject(about);
  if (command === 'backup') return Promise.resolve({});
  // An app as Marathon calls it.
  const [thing = ''] = TARGETS[args.target] ?? [];
  return Promise.resolve(
    thing.startsWith('app ') ? { targets: [{ kind: 'app' as const, name: `/${thing.slice(4)}` }] } : {},
  );
}

function oracle({ actor, source, command, place, args }: Asked, words: Words): boolean {
  const { access = {}, production, sandbox } = place === undefined ? {} : (words.places[place] ?? {});
  const can = (people: readonly string[]) => people.some((who) => expand(who, words).has(actor.id));
  if (sandbox) return can(['everyone']);

  const right = NEEDS[command] ?? 'read';
  const named = access[right] ?? words.stars[right];
  // What belongs to no environment can reach production, since there is one.
  const isProduction = place === undefined || (production ?? place === 'production');
  // What a login asked for later was asked at a terminal.
  const isThere = source === 'terminal' || (source === 'schedule' && actor.id.startsWith('terminal:'));
  const isOpen = !isProduction || isThere;
  if (can(named ?? (isOpen ? ['everyone'] : []))) return true;

  const { things, hosts } = meant(command, args);
  return (access.rules ?? words.stars.rules ?? []).some((rule) => {
    const commands = rule.may.flatMap((word) =>
      Object.keys(NEEDS).filter((name) => name === word || NEEDS[name] === word),
    );
    const onThese = rule.targets?.flatMap((glob) => GLOBS[glob] ?? []) ?? things;
    const onHosts = rule.hosts?.flatMap((pattern) => PATTERNS[pattern] ?? []) ?? hosts;
    return (
      can(rule.who) &&
      commands.includes(command) &&
      (!rule.targets || things.length > 0) &&
      (!rule.hosts || hosts.length > 0) &&
      new Set([...onThese, ...things]).size === new Set(onThese).size &&
      new Set([...onHosts, ...hosts]).size === new Set(onHosts).size
    );
  });
}

/** The actors that a word in a list stands for, as far as Slack tells. */
function expand(who: string, { members, tells }: Words): Set<string> {
  const found = new Set<string>();
  for (const { id, kind, also } of ACTORS) {
    const known = kind === 'machine' || tells.people;
    const inGroup = [id, ...also].some((one) => members[who]?.includes(one));
    if (id === who || also.includes(who)) found.add(id);
    if (inGroup && tells.groups && known && kind !== 'outside') found.add(id);
    if (who === 'everyone' && known && (kind === 'member' || kind === 'machine')) found.add(id);
  }
  return found;
}

/** The things and hosts of a request; none where it has none, or where nobody can know. */
function meant(command: string, { target, limit, extraVars }: Args): { things: string[]; hosts: string[] } {
  const things = TARGETS[target] ?? [];
  if (command === 'backup' || command === 'compose') return { things: [], hosts: [] };
  if (command !== 'deploy' && command !== 'plan')
    return { things: things.filter((thing) => thing.startsWith('app ')).slice(0, 1), hosts: [] };
  // What cannot be found has no hosts either.
  if (things.length === 0) return { things: [], hosts: [] };
  const hosts = extraVars.length > 0 ? undefined : limit === undefined ? HOSTS : PATTERNS[limit];
  return { things, hosts: hosts ?? [] };
}
