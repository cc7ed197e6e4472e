import { describe, expect, test } from '@jest/globals';
import { withoutRoom } from '../../commands/host-services/room-elsewhere.js';
import { App } from '../../src/cluster/marathon/schema.js';
import { Agents } from '../../src/cluster/mesos/schema.js';
import { roomsOf } from '../../src/cluster/room.js';

const app = (fields: object) => App.parse({ id: '/x', instances: 1, cpus: 1, mem: 128, ...fields });

/** Agents with 4 CPUs, 4 GB of memory and 1 GB of disk each. */
function rooms(agents: Record<string, object>) {
  const resources = { cpus: 4, mem: 4096, disk: 1_000, ports: '[31000-32000]' };
  const slaves = Object.entries(agents).map(([hostname, more]) => ({ id: hostname, hostname, resources, ...more }));
  return roomsOf(Agents.parse({ slaves }), { held: new Map() });
}

const homeless = (apps: App[], agents: Record<string, object>, staying: string[] = []) =>
  withoutRoom({ apps, staying: () => staying }, rooms(agents)).map(({ app: { id }, words }) => `${id} ${words}`);

describe('what runs on a host has no room elsewhere', () => {
  test.each<[string, object, object, string]>([
    ['for want of disk', { disk: 2_000 }, {}, '/x a: 1000 of the 2000 MB of disk are free'],
    [
      'when its port is taken there',
      { requirePorts: true, portDefinitions: [{ port: 31_005 }] },
      { used_resources: { cpus: 1, mem: 128, disk: 0, ports: '[31004-31006]' } },
      '/x a: port 31005 is taken there',
    ],
    [
      'when the attributes of others do not fit',
      { constraints: [['rack', 'LIKE', 'r1']] },
      { attributes: { rack: 'r2' } },
      '/x a: the constraint rack LIKE r1 keeps it away',
    ],
    [
      'when it wants a role that others have nothing for',
      { acceptedResourceRoles: ['public'] },
      {},
      '/x a: it holds nothing for the role public',
    ],
  ])('%s', (_why, fields, agent, words) => {
    expect(homeless([app(fields)], { a: agent })).toEqual([words]);
  });

  test('when it must be alone on its host and every other has one of its tasks', () => {
    const unique = app({ constraints: [['hostname', 'UNIQUE']] });
    expect(homeless([unique], { a: {}, b: {} }, ['a', 'b'])).toHaveLength(1);
    expect(homeless([unique], { a: {}, b: {} }, ['a'])).toEqual([]);
    expect(homeless([unique, unique], { a: {}, b: {} }, ['a'])).toHaveLength(1);
  });

  test('when there is none', () => {
    expect(homeless([app({})], {})).toEqual(['/x there is no other agent']);
  });
});

test('tasks share what room there is, the biggest first', () => {
  const big = app({ id: '/big', cpus: 3, mem: 2_048 });
  const small = app({ id: '/small', cpus: 2 });
  expect(homeless([small, big], { a: {}, b: {} })).toEqual([]);
  expect(homeless([small, big], { a: {} })).toEqual(['/small a: 1 of the 2 CPUs are free']);
});
