import { describe, expect, test } from '@jest/globals';
import { App } from '../../src/cluster/marathon/schema.js';
import { Agents } from '../../src/cluster/mesos/schema.js';
import { needOf } from '../../src/cluster/placing.js';
import { canRestart, hasRoomFor } from '../../src/cluster/rolling-restart.js';
import { roomsOf } from '../../src/cluster/room.js';

type Agent = {
  cpus?: number;
  used?: number;
  ports?: string;
  attributes?: Record<string, string>;
  held?: number[];
  active?: boolean;
  reserved?: Record<string, { cpus: number }>;
  /** What of the reserved and the other CPUs is used; without it the master does not tell. */
  usedByRole?: Record<string, number>;
  inMaintenance?: boolean;
};

function rooms(agents: Record<string, Agent>) {
  const slaves = Object.entries(agents).map(
    ([hostname, { cpus = 4, used = 0, ports = '[31000-32000]', attributes, active, reserved, usedByRole = {} }]) => ({
      id: hostname,
      hostname,
      active,
      attributes,
      resources: { cpus, mem: 4096, disk: 10_000, gpus: 0, ports },
      used_resources: { cpus: used, mem: 0, disk: 0 },
      reserved_resources: reserved,
      used_resources_full: Object.entries(usedByRole).map(([role, value]) => ({
        name: 'cpus',
        role,
        scalar: { value },
      })),
    }),
  );
  const held = new Map(Object.entries(agents).map(([host, { held: own = [] }]) => [host, new Set(own)]));
  const isInMaintenance = ({ hostname = '' }) => agents[hostname]?.inMaintenance === true;
  return roomsOf(Agents.parse({ slaves }), { held, isInMaintenance });
}

const app = (fields: object) => App.parse({ id: '/x', instances: 1, cpus: 1, mem: 128, ...fields });

function verdict(fields: object, hosts: string[], agents: Record<string, Agent>) {
  const wanted = app(fields);
  return canRestart({ app: wanted, old: { need: needOf(wanted), hosts }, rooms: rooms(agents) });
}

const UNIQUE = { constraints: [['hostname', 'UNIQUE']] };
const ONE_DOWN = { upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 } };
const ALL_DOWN = { upgradeStrategy: { minimumHealthCapacity: 0, maximumOverCapacity: 0 } };
const NO_MORE = { upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 0 } };
const PORT = { requirePorts: true, portDefinitions: [{ port: 31_500 }] };

describe('a rolling restart', () => {
  test.each([
    ['has room beside the old task', {}, ['a'], { a: {} }],
    ['has room when all may stop first', { cpus: 4, ...ALL_DOWN }, ['a'], { a: { used: 4 } }],
    [
      'takes turns on unique hosts when one may stop',
      { instances: 2, ...UNIQUE, ...ONE_DOWN },
      ['a', 'b'],
      { a: { used: 1 }, b: { used: 1 } },
    ],
    ['uses a free host for unique tasks', { instances: 2, ...UNIQUE }, ['a', 'b'], { a: {}, b: {}, c: {} }],
    ['takes one more where nothing could move', NO_MORE, ['a'], { a: {} }],
    ['frees its own fixed port', { ...PORT, ...ALL_DOWN }, ['a'], { a: { held: [31_500] } }],
    ['finds another host for its fixed port', PORT, ['a'], { a: { held: [31_500] }, b: {} }],
    ['does not mind a port that is not required', { portDefinitions: [{ port: 80 }] }, ['a'], { a: {} }],
    [
      'spreads over groups',
      { instances: 2, constraints: [['rack', 'GROUP_BY', '2']] },
      ['a', 'b'],
      { a: { attributes: { rack: '1' } }, b: { attributes: { rack: '2' } } },
    ],
    ['knows no agent for a task whose host is gone', {}, ['gone'], { a: {} }],
    ['restarts nothing', { instances: 0 }, [], {}],
    [
      'may take what is reserved for the role of its Marathon',
      { cpus: 2, role: 'stars' },
      [],
      { a: { reserved: { stars: { cpus: 1 } }, cpus: 2 } },
    ],
    [
      'takes what others use for theirs, as long as nobody says otherwise',
      { cpus: 2 },
      [],
      { a: { cpus: 4, reserved: { spark: { cpus: 2 } }, used: 2 } },
    ],
    ['goes to a host whose maintenance is still to come', {}, [], { a: { inMaintenance: true }, b: {} }],
  ])('%s', (_title, fields, hosts, agents) => {
    expect(verdict(fields, hosts, agents as Record<string, Agent>)).toEqual({ fits: true });
  });

  test.each([
    [
      'no resources',
      { cpus: 3 },
      ['a'],
      { a: { used: 3 } },
      /a: 1 of the 3 CPUs are free/,
      /"minimumHealthCapacity": 0,/,
    ],
    [
      'unique hosts',
      { instances: 2, ...UNIQUE },
      ['a', 'b'],
      { a: {}, b: {} },
      /a: the constraint hostname UNIQUE keeps it away; b: /,
      /0\.5.*1 task at a time stops/,
    ],
    ['a fixed port', PORT, ['a'], { a: { held: [31_500] } }, /a: port 31500 is taken there/, /all tasks stop before/],
    [
      'a port that nobody offers',
      { requirePorts: true, portDefinitions: [{ port: 80 }] },
      [],
      { a: {} },
      /does not offer port 80/,
      /Even with every old task stopped/,
    ],
    [
      'a bridged port',
      { container: { docker: { network: 'BRIDGE', portMappings: [{ containerPort: 80, hostPort: 31_001 }] } } },
      ['a'],
      { a: { held: [31_001] } },
      /port 31001 is taken/,
      /upgradeStrategy/,
    ],
    [
      'an attribute',
      { constraints: [['rack', 'LIKE', 'r[12]']] },
      ['a'],
      { a: { attributes: { rack: 'r3' } } },
      /rack LIKE r\[12\]/,
      /Even with every old task stopped/,
    ],
    [
      'too many of a kind',
      { constraints: [['rack', 'MAX_PER', '1']] },
      ['a'],
      { a: { attributes: { rack: '1' } } },
      /MAX_PER 1/,
      /upgradeStrategy/,
    ],
    [
      'what is reserved for others',
      { cpus: 3 },
      [],
      { a: { cpus: 4, reserved: { spark: { cpus: 3 } } } },
      /a: 1 of the 3 CPUs are free \(3 more are reserved for spark\)\./,
      /Even/,
    ],
    [
      'what is used of what nobody holds back',
      { cpus: 2 },
      [],
      { a: { cpus: 4, reserved: { spark: { cpus: 2 } }, used: 2, usedByRole: { '*': 2 } } },
      /a: 0 of the 2 CPUs are free \(2 more are reserved for spark\)\./,
      /Even/,
    ],
    [
      'a role that no agent holds anything for',
      { acceptedResourceRoles: ['public'] },
      [],
      { a: {} },
      /a: it holds nothing for the role public\./,
      /Even/,
    ],
    ['maintenance', {}, [], { a: { inMaintenance: true } }, /a: its maintenance has begun/, /Even/],
    ['agents that are not active', { cpus: 1 }, ['a'], { a: { active: false } }, /no agent that is active/, /Even/],
  ])('is stopped by %s', (_title, fields, hosts, agents, says, hint) => {
    expect(verdict(fields, hosts, agents as Record<string, Agent>)).toMatchObject({
      fits: false,
      says: expect.stringMatching(says),
      hint: expect.stringMatching(hint),
    });
  });

  test('of many tasks on many agents is judged at once', () => {
    const names = Array.from({ length: 200 }, (_, at) => `host${at}`);
    const agents = Object.fromEntries(names.map((name) => [name, { cpus: 8, used: 5 }]));
    const hosts = names.flatMap((name) => [name, name, name, name, name]);
    expect(verdict({ instances: 1_000 }, hosts, agents)).toEqual({ fits: true });
  });
});

test('of more tasks it is told how many have room', () => {
  expect(hasRoomFor(app({}), 3, ['a'], rooms({ a: { used: 2 } }))).toMatchObject({
    fits: false,
    says: 'Of 3 more tasks of /x only 2 have room. a: 0 of the 1 CPUs are free.',
  });
  expect(hasRoomFor(app({}), 2, ['a'], rooms({ a: { used: 2 } }))).toEqual({ fits: true });
});
