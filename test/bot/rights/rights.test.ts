import { deploySubject } from '../../../commands/deploy-subject.js';
import type { Verdict } from '../../../src/bot/rights.js';
import { StarsError } from '../../../src/errors.js';
import type { RunSource } from '../../../src/model/run.js';
import { createWorld, type World } from './world.js';

const SLACK = {
  groups: [{ id: 'S0OPS', handle: 'ops', members: ['U0ADA'] }],
  people: [
    { id: 'U0ADA', name: 'ada' },
    { id: 'U0BEN', name: 'ben' },
    { id: 'U0GUEST', name: 'guest', guest: 'multi-channel' as const },
    { id: 'U0OTHER', name: 'other', team: 'T0ELSEWHERE' },
  ],
};
const INVENTORY = '[masters]\nm1\n[workers]\nw1\nw2\n';

let world: World;

afterEach(() => world.stop());

async function given(files: Record<string, string>): Promise<void> {
  world = await createWorld({ 'inventories/production/hosts': INVENTORY, ...files }, SLACK);
}

type Words = { source?: RunSource; limit?: string; extraVars?: string[]; target?: string; place?: string };

async function deploys(id: string, words: Words = {}): Promise<Verdict> {
  return world.rights.may(await deploy(id, words));
}

async function deploy(id: string, { source, limit, extraVars = [], target = 'site', place = 'production' }: Words) {
  const environment = await world.home.environment(place);
  const args = { target, limit, extraVars };
  const cluster = () => Promise.reject(new Error('not asked'));
  return {
    person: { id, name: id },
    source: source ?? (id.startsWith('terminal:') ? ('terminal' as const) : ('slack' as const)),
    command: { name: 'deploy', permission: 'provision' as const },
    environment,
    subject: () => deploySubject({ args, home: world.home, environment, cluster }),
  };
}

async function failure(promise: Promise<unknown>): Promise<StarsError> {
  const thrown: unknown = await promise.catch((error: unknown) => error);
  if (thrown instanceof StarsError) return thrown;
  throw new Error(`no StarsError: ${String(thrown)}`);
}

const asked = () => world.slack.calls.map(({ method }) => method);

describe('a refusal', () => {
  test('in production, where nobody is named, says what to add to which file', async () => {
    await given({});
    const error = await failure(world.rights.require(await deploy('U0BEN', {})));
    expect(error.exitStatus).toBe(3);
    expect(error.describe()).toBe(
      'You may not deploy on production.\nIn production who asks from a chat has to be named, and nobody is: access.provision in inventories/production/environment.yml names who may; you are U0BEN.',
    );
  });

  test('names the right, the line that gives it, and who could', async () => {
    await given({ 'inventories/production/environment.yml': '# ours\naccess:\n  provision: [S0OPS, U0X]\n' });
    expect(await deploys('U0BEN')).toEqual({
      allowed: false,
      reason: 'You may not deploy on production.',
      hint: 'access.provision in inventories/production/environment.yml:3 names who may: S0OPS, U0X; you are U0BEN.',
      unsure: false,
    });
  });

  test('points at stars.yml where the list stands there', async () => {
    await given({ 'stars.yml': 'data: /tmp\naccess: {provision: [U0X]}\n' });
    expect(await deploys('U0BEN')).toMatchObject({
      hint: expect.stringContaining('access.provision in stars.yml:2 names'),
    });
  });

  test('tells somebody from elsewhere nothing about who may', async () => {
    await given({ 'inventories/production/environment.yml': 'access: {provision: [S0OPS, U0ADA]}\n' });
    const verdict = await deploys('U0OTHER');
    expect(JSON.stringify(verdict)).not.toMatch(/S0OPS|U0ADA|environment\.yml/);
    expect(verdict).toMatchObject({ hint: expect.stringContaining('you are U0OTHER') });
  });

  test('tells a guest that everyone does not mean them', async () => {
    await given({ 'inventories/production/environment.yml': 'access: {provision: [everyone]}\n' });
    expect(await deploys('U0BEN')).toEqual({ allowed: true });
    expect(await deploys('U0GUEST')).toMatchObject({ hint: expect.stringContaining('You are a guest') });
  });

  test('says what a rule would let them do', async () => {
    const rule = '{who: [U0BEN], may: [deploy], targets: ["role:*", kafka], hosts: [workers]}';
    await given({ 'inventories/production/environment.yml': `access:\n  rules:\n    - ${rule}\n` });
    expect(await deploys('U0BEN', { target: 'kafka' })).toMatchObject({
      hint: 'Rules in inventories/production/environment.yml:2 let you only on role:*, kafka on the hosts workers, not on all of kafka.',
    });
  });

  test('does not count a long list', async () => {
    const many = Array.from({ length: 50 }, (_, at) => `U0X${at}`);
    await given({ 'inventories/production/environment.yml': `access: {provision: [${many.join(', ')}]}\n` });
    expect(await deploys('U0BEN')).toMatchObject({ hint: expect.stringContaining('U0X9 and 40 more') });
  });
});

describe('who may', () => {
  test('is known without asking Slack for whoever is named by the own id, or at a terminal', async () => {
    await given({ 'inventories/staging/environment.yml': 'access: {provision: [S0OPS, U0BEN]}\n' });
    expect(await deploys('U0BEN', { place: 'staging' })).toEqual({ allowed: true });
    expect(await deploys('terminal:root', { place: 'production' })).toEqual({ allowed: true });
    expect(asked()).toEqual([]);
  });

  test('at a terminal in production is whoever is there, until the right names people', async () => {
    await given({ 'inventories/production/environment.yml': 'access: {operate: [U0ADA]}\n' });
    expect(await deploys('terminal:root')).toEqual({ allowed: true });
    expect(await deploys('terminal:root', { source: 'console' })).toMatchObject({ allowed: false });
    // What they asked to be done later is due now.
    expect(await deploys('terminal:root', { source: 'schedule' })).toEqual({ allowed: true });
    expect(await deploys('U0BEN', { source: 'schedule' })).toMatchObject({ allowed: false });
    expect(await deploys('schedule:nightly', { source: 'schedule' })).toMatchObject({ allowed: false });
    await world.stop();
    await given({ 'inventories/production/environment.yml': 'access: {provision: [U0ADA]}\n' });
    expect(await deploys('terminal:root')).toMatchObject({ allowed: false });
  });

  test('at a terminal counts as the Slack user that stars.yml says, and as a member of their groups', async () => {
    await given({
      'stars.yml': 'people: {ada: U0ADA, ben: U0BEN}\n',
      'inventories/production/environment.yml': 'access: {provision: [S0OPS, "terminal:ben"]}\n',
    });
    expect(await deploys('terminal:ada')).toEqual({ allowed: true });
    expect(await deploys('terminal:ben')).toEqual({ allowed: true });
    // The other way round it does not hold: whoever is in Slack does not sit at the machine.
    expect(await deploys('U0BEN')).toMatchObject({ allowed: false });
    expect(world.rights.idsOf({ id: 'terminal:ada', name: 'ada' })).toEqual(['terminal:ada', 'U0ADA']);
  });

  test('is never known by a name', async () => {
    await given({ 'inventories/production/environment.yml': 'access: {provision: [U0ADA]}\n' });
    const question = await deploy('U0BEN', {});
    expect(await world.rights.may({ ...question, person: { id: 'U0BEN', name: 'U0ADA' } })).toMatchObject({
      allowed: false,
    });
  });

  test('is nobody when Slack cannot tell, and that is said', async () => {
    await given({ 'inventories/production/environment.yml': 'access: {provision: [S0OPS]}\n' });
    world.slack.faults.next('usergroups.users.list', { kind: 'drop' });
    expect(await deploys('U0ADA')).toMatchObject({
      allowed: false,
      unsure: true,
      hint: expect.stringContaining('Slack could not tell whether you are in S0OPS: Slack cannot be reached'),
    });
    expect(await deploys('U0ADA')).toEqual({ allowed: true });
    await world.clock.advance(60_000);
    world.slack.faults.next('users.info', { kind: 'error', error: 'internal_error' });
    expect(await deploys('U0ADA')).toMatchObject({
      allowed: false,
      hint: expect.stringContaining('Slack could not tell whether you are of this workspace'),
    });
  });

  test('may approve is asked in the same way', async () => {
    await given({});
    const isOneOf = async (id: string) => world.rights.isOneOf(['S0OPS', 'U0OTHER'], { id, name: id });
    expect(await isOneOf('U0ADA')).toEqual({ included: true, untold: [] });
    expect(await isOneOf('U0BEN')).toEqual({ included: false, untold: [] });
    expect(await isOneOf('U0OTHER')).toEqual({ included: true, untold: [] });
    expect(await isOneOf('terminal:root')).toEqual({ included: false, untold: [] });
    await world.clock.advance(60_000);
    world.slack.faults.next('usergroups.users.list', { kind: 'drop' });
    expect(await isOneOf('U0ADA')).toMatchObject({ included: false, untold: [expect.stringContaining('S0OPS')] });
  });
});

describe('a rule for some hosts', () => {
  beforeEach(() =>
    given({
      'inventories/production/environment.yml':
        'access: {rules: [{who: [U0BEN], may: [provision], hosts: ["workers:!w9"]}]}\n',
      'inventories/production/some': 'w1\n',
    }),
  );

  test.each(['workers', 'w1', 'w*', 'all:!masters', 'workers[0]', '~w'])('covers the limit %s', async (limit) => {
    expect(await deploys('U0BEN', { limit })).toEqual({ allowed: true });
  });

  test.each(['all', 'm1', 'w1,m1', '*', 'localhost', 'w1,localhost', '!w1', 'w3', '@some', '~(', ',', 'w1:&nothing'])(
    'does not cover the limit %s',
    async (limit) => {
      expect(await deploys('U0BEN', { limit })).toMatchObject({ allowed: false });
    },
  );

  test('does not cover what is not limited, nor what -e could send elsewhere', async () => {
    expect(await deploys('U0BEN')).toMatchObject({ allowed: false });
    expect(await deploys('U0BEN', { limit: 'w1', extraVars: ['ansible_host=m1'] })).toMatchObject({
      allowed: false,
      hint: expect.stringContaining('-e'),
    });
  });

  test('does not cover a command that is about no hosts', async () => {
    const question = await deploy('U0BEN', {});
    const elsewhere = {
      ...question,
      command: { name: 'backup', permission: 'provision' as const },
      subject: undefined,
    };
    expect(await world.rights.may(elsewhere)).toMatchObject({ allowed: false });
  });
});

test('a rule that names no command is told with its place, and lets nobody do anything', async () => {
  await given({
    'inventories/production/environment.yml':
      'access:\n  provision: [U0ADA]\n  rules: [{who: [U0BEN], may: [deplyo]}]\n',
  });
  const error = await failure(world.rights.require(await deploy('U0ADA', {})));
  expect(error).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('deplyo') });
  expect(error.hint).toContain('inventories/production/environment.yml:3');
  expect(await deploys('U0BEN')).toMatchObject({ allowed: false });
});

test('patterns of a rule that cannot be read cover nothing', async () => {
  await given({
    'inventories/production/environment.yml': 'access: {rules: [{who: [U0BEN], may: [deploy], hosts: ["~("]}]}\n',
  });
  const answer = await world.rights.may(await deploy('U0BEN', { limit: 'w1' })).catch((error: unknown) => error);
  expect(answer).not.toEqual({ allowed: true });
});

describe('what belongs to no environment', () => {
  const compose = (id: string, source: RunSource) =>
    world.rights.may({
      person: { id, name: id },
      source,
      command: { name: 'compose', permission: 'provision' },
      environment: undefined,
    });

  test('is closed to chats where there is a production', async () => {
    await given({ 'inventories/staging/hosts': INVENTORY });
    expect(await compose('U0ADA', 'slack')).toMatchObject({ allowed: false, reason: 'You may not run compose.' });
    expect(await compose('terminal:root', 'terminal')).toEqual({ allowed: true });
  });

  test('is open where there is none', async () => {
    await given({ 'inventories/production/environment.yml': 'production: false\n' });
    expect(await compose('U0ADA', 'slack')).toEqual({ allowed: true });
    expect(await compose('U0GUEST', 'slack')).toMatchObject({ allowed: false });
  });

  test('is closed where a file cannot be read, which may well be of production', async () => {
    await given({
      'inventories/production/environment.yml': 'production: false\n',
      'inventories/odd/environment.yml': '[',
    });
    expect(await compose('U0ADA', 'slack')).toMatchObject({ allowed: false });
  });
});
