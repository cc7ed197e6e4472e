import { rm, symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deploy } from '../../commands/deploy.js';
import { drift } from '../../commands/drift.js';
import { plan } from '../../commands/plan.js';
import type { CommandDefinition } from '../../src/bot/command.js';
import { readDefinitions } from '../../src/home/definitions.js';
import { failureOf } from '../cluster/serve.js';
import { practise, type Practice } from './practice.js';

let practice: Practice;

beforeEach(async () => {
  practice = await practise();
});

afterEach(() => practice.stop());

const WEB = { id: '/web', cmd: 'sleep 1000', cpus: 0.1, mem: 32, instances: 2, env: { DB_PASSWORD: 'hunter22' } };
const NIGHTLY = { name: 'nightly', command: 'echo done', schedule: 'R/2026-11-23T03:00:00Z/PT24H' };

const ask = (target: string, input: Record<string, unknown> = {}) => practice.perform(deploy, { target, ...input });
const refused = (target: string, input: Record<string, unknown> = {}) => failureOf(ask(target, input));
const live = (id: string) => practice.cluster.marathon.definition(id);

describe('an app of the stack', () => {
  test('is created, followed to health, and not touched the next time', async () => {
    await practice.write('marathon/web.json', WEB);
    await expect(ask('web')).resolves.toBe('web on sandbox: 1 app changed.\n• /web is new; 2 of 2 new tasks running');
    expect(practice.said).toEqual(expect.arrayContaining(['Ask Marathon to create /web', 'Wait for the deployment']));
    await expect(ask('web')).resolves.toBe('web on sandbox: everything was as it should be already.');
  });

  test('is changed to what its file says, and what the file leaves out goes back to the default', async () => {
    await practice.write('marathon/web.json', WEB);
    await ask('web');
    await practice.cluster.marathon.patch('/web', { labels: { by: 'hand' }, mem: 64 });
    await practice.clock.sleep(60_000);
    await practice.write('marathon/web.json', { ...WEB, instances: 1 });
    await expect(ask('web', { diff: true })).resolves.toContain('instances 2 → 1');
    expect(await live('/web')).toMatchObject({ mem: 32, instances: 1, labels: {} });
  });

  test.each([
    ['deploy --check', deploy, { check: true }],
    ['plan', plan, {}],
  ] as const)('is only looked at by %s, and no value of its environment is shown', async (_title, command, input) => {
    await practice.write('marathon/web.json', WEB);
    await ask('web');
    await practice.write('marathon/web.json', { ...WEB, mem: 64, env: { DB_PASSWORD: 'swordfish' } });
    const said = await practice.perform(command as CommandDefinition<unknown>, { target: 'web', ...input });
    expect(said).toBe(
      'web on sandbox: this would change. Nothing was written.\n• /web: env DB_PASSWORD changed, mem 32 → 64',
    );
    expect(await live('/web')).toMatchObject({ mem: 32 });
  });

  test('that would not fit is asked about before anything is sent', async () => {
    await practice.write('marathon/web.json', { ...WEB, mem: 900_000 });
    const error = await refused('web');
    expect(error).toMatchObject({ code: 'UNCONFIRMED', choices: [{ words: 'deploy web sandbox --yes' }] });
    expect(error.message).toContain('of the 900000 MB of memory are free');
    expect(await live('/web')).toBeUndefined();
  });

  test('that somebody else deploys is left alone, with buttons', async () => {
    await practice.write('marathon/livy.json', { id: '/livy', cmd: 'other', mem: 64 });
    practice.simulated.control.lockApp('/livy', 'theirs');
    expect(await refused('livy')).toMatchObject({
      code: 'APP_LOCKED',
      choices: [{ words: 'deploy livy sandbox --queue' }, { words: 'deploy livy sandbox --force' }],
    });
  });

  test('whose new tasks crash is told with their last words', async () => {
    await practice.write('marathon/web.json', WEB);
    await ask('web');
    practice.simulated.control.breakNewInstances('/web');
    await practice.write('marathon/web.json', { ...WEB, cmd: 'exit 1' });
    const error = await refused('web', { wait: '2m' });
    expect(['TIMEOUT', 'UNHEALTHY']).toContain(error.code);
    expect(practice.said.join('\n')).toMatch(/The last lines of std(err|out) of web\./);
  });

  test('is found although Marathon said 503 to its change', async () => {
    await practice.write('marathon/web.json', WEB);
    practice.simulated.control.fault('marathon', { status: 503, method: 'POST', takesEffect: true });
    await expect(ask('web')).resolves.toContain('/web is new; 2 of 2');
  });

  test('whose file is a link to nothing, or holds none, is a mistake with its place', async () => {
    const file = await practice.write('marathon/web.json', []);
    expect(await refused('web')).toMatchObject({
      code: 'CONFIG',
      message: 'This file defines no app.',
      where: { file },
    });
    await rm(file);
    await symlink('/nowhere/web.json', file);
    expect(await refused('web')).toMatchObject({
      code: 'CONFIG',
      message: 'This file cannot be read: it is a link to nothing.',
      where: { file },
    });
  });

  test('comes after what it depends on', async () => {
    const client = { ...WEB, id: '/client', dependencies: ['/web'], instances: 1 };
    await practice.write('marathon/both.json', [client, WEB]);
    await ask('both');
    const created = practice.said.filter((line) => line.startsWith('Ask Marathon'));
    expect(created).toEqual(['Ask Marathon to create /web', 'Ask Marathon to create /client']);
  });
});

describe('a job of the stack', () => {
  test('is created, changed with its counters kept, and read back', async () => {
    await practice.write('chronos/nightly.json', NIGHTLY);
    await expect(ask('job:nightly')).resolves.toContain('nightly is new');
    await practice.cluster.chronos.run('nightly');
    await practice.clock.sleep(60_000);
    await practice.write('chronos/nightly.json', { ...NIGHTLY, mem: 512 });
    await expect(ask('job:nightly')).resolves.toContain('nightly: mem 128 → 512');
    expect(await practice.cluster.chronos.definition('nightly')).toMatchObject({ mem: 512, successCount: 1 });
  });

  test('comes after its parents, and not without them', async () => {
    const child = { name: 'child', command: 'x', parents: ['nightly'] };
    await practice.write('chronos/child.json', child);
    expect(await refused('job:child')).toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('waits for nightly, which Chronos does not have'),
    });
    await practice.write('chronos/both.json', [child, NIGHTLY]);
    await expect(ask('job:both')).resolves.toContain('2 jobs changed');
  });
});

describe('drift', () => {
  const stack = async () => {
    for (const app of await practice.cluster.marathon.definitions()) {
      const { id, cmd, cpus, mem, healthChecks, labels, portDefinitions } = app;
      await practice.write(`marathon/${String(id).slice(1)}.json`, {
        id,
        cmd,
        cpus,
        mem,
        healthChecks,
        labels,
        portDefinitions,
      });
    }
    for (const {
      name,
      command,
      schedule,
      parents,
      disabled,
      mem,
      owner,
      description,
      scheduleTimeZone,
    } of await practice.cluster.chronos.definitions())
      await practice.write(`chronos/${String(name)}.json`, {
        name,
        command,
        mem,
        disabled,
        owner,
        description,
        ...(parents ? { parents } : { schedule, scheduleTimeZone }),
      });
  };

  test('is none where only defaults, counters and schedules that moved on differ', async () => {
    await stack();
    // It was due and has run since the practice began, so that its schedule has moved on from this one.
    const [catalog] = (await practice.cluster.chronos.definitions()).filter(({ name }) => name === 'fetch-catalog');
    await practice.write('chronos/fetch-catalog.json', {
      name: 'fetch-catalog',
      command: catalog?.['command'],
      owner: catalog?.['owner'],
      description: catalog?.['description'],
      schedule: 'R/2017-09-05T02:00:00.000Z/PT24H',
    });
    await practice.clock.sleep(120_000);
    await expect(practice.perform(drift)).resolves.toBe(
      'Nothing has drifted in sandbox: 5 apps and 4 jobs are as their definitions say.',
    );
  });

  test('names what is missing, what is extra and what was changed, without secrets', async () => {
    await stack();
    await practice.cluster.marathon.patch('/livy', { mem: 2048, env: { TOKEN: 'hunter22' } });
    await practice.cluster.marathon.remove('/lightning');
    await practice.cluster.marathon.create(WEB);
    await practice.cluster.chronos.setDisabled('compact-journal', true);
    await practice.clock.sleep(60_000);
    const said = await practice.perform(drift);
    expect(said.split('\n').sort()).toEqual(
      [
        'sandbox has drifted; 3 apps and 3 jobs are as their definitions say.',
        '✏️ /livy: env TOKEN changed, mem 2048 → 1024',
        '➖ /lightning is missing: nothing of that name runs',
        '➕ /web has no definition in the stack',
        '✏️ job compact-journal: disabled true → false',
      ].sort(),
    );
    expect(said).not.toContain('hunter22');
  });

  test('tells of a definition that cannot be read, and goes on with the others', async () => {
    await stack();
    const file = await practice.write('marathon/livy.json', '{"id": "/livy",\n  "cmdd": "x"}');
    const said = await practice.perform(drift);
    expect(said).toContain(`⚠️ ${file}:2:3: cmdd is not known here.\nDid you mean cmd?`);
    expect(said).toContain('➕ /livy has no definition in the stack');
  });
});

describe('a broken definition', () => {
  const read = async (kind: 'app' | 'job', content: unknown) => {
    const path = await practice.write(`${kind === 'app' ? 'marathon' : 'chronos'}/broken.json`, content);
    return failureOf(readDefinitions({ kind, name: 'broken', path, ids: [] }));
  };
  const app = (fields: object) => ({ id: '/x', cmd: 'x', ...fields });
  const job = (fields: object) => ({ ...NIGHTLY, ...fields });

  test.each([
    ['an unknown field', app({ instnaces: 2 }), 4, 'instnaces is not known here.', 'Did you mean instances?'],
    [
      'an unknown field inside',
      app({ healthChecks: [{ protocol: 'HTTP', pathh: '/' }] }),
      7,
      'pathh is not known here.',
      'Did you mean path',
    ],
    ['a bad id', app({ id: '/Web_1' }), 2, 'id must be the id of an app, not "/Web_1".', '/group/name'],
    [
      'an id that cannot be reached',
      app({ id: '/a/tasks' }),
      2,
      'id must be the id of an app',
      'ends in restart, tasks',
    ],
    [
      'uris beside fetch',
      app({ uris: ['a'], fetch: [{ uri: 'b' }] }),
      4,
      'uris cannot stand beside fetch',
      'Move the addresses',
    ],
    [
      'ports beside other portDefinitions',
      app({ ports: [1], portDefinitions: [{ port: 2 }] }),
      4,
      'ports says something else than portDefinitions',
      'Keep portDefinitions',
    ],
    [
      'a bad operator',
      app({ constraints: [['hostname', 'UNIQ']] }),
      5,
      'has no operator UNIQ',
      '["hostname", "UNIQUE"]',
    ],
    ['a pattern that is none', app({ constraints: [['rack', 'LIKE', '(']] }), 5, 'has the broken pattern (', ''],
    ['a number in the environment', app({ env: { A: 1 } }), 5, 'env.A must be a text', ''],
    [
      'a fraction that is none',
      app({ upgradeStrategy: { minimumHealthCapacity: 2 } }),
      5,
      'must be at most 1, not 2',
      '',
    ],
    [
      'a check of a port that is not there',
      app({ portDefinitions: [{ port: 0 }], healthChecks: [{ portIndex: 1 }] }),
      11,
      'is 1, but the app has 1 port',
      '',
    ],
    ['nothing to run', { id: '/x' }, 2, 'The app says nothing that could be run', 'Give it a cmd'],
  ] as const)('of an app: %s', async (_title, content, line, message, hint) => {
    const error = await read('app', content);
    expect(error).toMatchObject({ code: 'CONFIG', where: { line } });
    expect(error.message).toContain(message);
    expect(error.hint ?? '').toContain(hint);
  });

  test.each([
    ['an unknown field', job({ comand: 'x' }), 'comand is not known here.'],
    ['a schedule without a period', job({ schedule: 'R/2026-11-23T03:00:00Z' }), 'must be three parts'],
    ['a start that is no time', job({ schedule: 'R/tomorrow/PT1H' }), 'has the start tomorrow, which is no time'],
    ['a period that is none', job({ schedule: 'R//1h' }), 'has the period 1h, which is none'],
    ['a name with a space', job({ name: 'a b' }), 'name must be of letters'],
    ['a zone that is none', job({ scheduleTimeZone: 'Mars/Olympus' }), 'must be a time zone'],
    ['a schedule beside parents', job({ parents: ['a'] }), 'parents cannot stand beside schedule'],
    ['neither', { name: 'x', command: 'y' }, 'neither a schedule nor parents'],
    ['itself as a parent', { name: 'x', command: 'y', parents: ['x'] }, 'parents has the job itself'],
  ] as const)('of a job: %s', async (_title, content, message) => {
    const error = await read('job', content);
    expect(error).toMatchObject({ code: 'CONFIG', where: { line: expect.any(Number) } });
    expect(error.message).toContain(message);
  });

  test('that is no JSON is told with its line', async () => {
    expect(await read('app', '{\n  "id": "/x",\n  "cmd": "x",\n}')).toMatchObject({
      code: 'SYNTAX',
      message: expect.stringMatching(/^This is not JSON: /),
      where: { line: 4 },
    });
  });

  test('in a list is told with its place there', async () => {
    expect(await read('app', [app({}), app({ id: '/y', mem: 'much' })])).toMatchObject({
      message: 'app.1.mem must be a number, not "much".',
      where: { line: 9 },
    });
  });

  test('that stands twice in a list is refused', async () => {
    expect(await read('app', [app({}), app({})])).toMatchObject({ message: '/x stands here twice.' });
  });
});

test('flags of playbooks are refused for an app', async () => {
  await practice.write('marathon/web.json', WEB);
  const { home } = practice;
  const input = deploy.args.parse({ target: 'web', limit: 'workers' });
  const asked = { args: input, rest: undefined, home, text: '', trusted: true };
  expect(await failureOf(deploy.check?.(asked) ?? Promise.resolve())).toMatchObject({
    code: 'USAGE',
    message: '--limit is for playbooks and roles; web is an app.',
  });
});

test('apps and jobs of the stack itself are right', async () => {
  const { stackTargets } = await import('../../src/home/stack-targets.js');
  const targets = (await stackTargets('stack')).filter(({ kind }) => kind === 'app' || kind === 'job');
  expect(targets.length).toBeGreaterThan(8);
  for (const target of targets) expect(await readDefinitions(target)).toHaveLength(1);
});
