import type { Incident, Problem, Severity } from '../../src/model/incident.js';
import { track, type Tracked, type TrackRules } from '../../src/report/incidents.js';

const MINUTE_MS = 60_000;
const NEEDS = ['layer:zookeeper', 'layer:marathon'];

const layer = (name: string, severity: Severity = 'down', needs: string[] = []): Problem => ({
  key: `layer:${name}`,
  title: name,
  severity,
  says: `is ${severity}`,
  needs,
});
const app = (name: string, severity: Severity = 'down'): Problem => ({
  key: `app:/${name}`,
  title: `/${name}`,
  severity,
  says: `is ${severity}`,
  needs: NEEDS,
});

/** One environment, looked at every minute; what a look comes to is written down and read again, as after a restart. */
function watched(rules: Partial<TrackRules> = {}) {
  let now = Date.parse('2026-06-01T00:00:00.000Z');
  let tracked: Tracked = { problems: [], incidents: [] };
  let made = 0;
  const all = new Map<string, Incident>();

  function pass(minutes: number, problems: readonly Problem[], more: Partial<TrackRules> & { unseen?: string[] } = {}) {
    const { unseen = [], ...others } = more;
    for (let minute = 0; minute < minutes; minute += 1) {
      const all = { afterMs: 2 * MINUTE_MS, clearMs: 5 * MINUTE_MS, tells: () => true, ...rules, ...others };
      const newIncident = () => ({ id: `i${(made += 1)}`, environment: 'staging' });
      tracked = JSON.parse(
        JSON.stringify(track(tracked, { problems, unseen }, all, new Date(now), newIncident)),
      ) as Tracked;
      keep();
      now += MINUTE_MS;
    }
  }

  function keep(): void {
    for (const incident of tracked.incidents) all.set(incident.id, incident);
  }

  return { pass, incidents: () => [...all.values()] };
}

const causes = (incident: Incident | undefined) => incident?.causes.map(({ title }) => title);
const dependents = (incident: Incident | undefined) => incident?.dependents.map(({ title }) => title);
const states = (incidents: readonly Incident[]) => incidents.map(({ closedAt }) => (closedAt ? 'over' : 'open'));

test('what is wrong for as long as it takes is told once, and closed when it was well for long enough', () => {
  const { pass, incidents } = watched();
  pass(2, [app('web')]);
  expect(incidents()).toEqual([]);
  pass(20, [app('web')]);
  expect(incidents()).toMatchObject([
    { openedAt: '2026-06-01T00:00:00.000Z', toldAt: '2026-06-01T00:02:00.000Z', severity: 'down', returns: 0 },
  ]);
  pass(5, []);
  expect(states(incidents())).toEqual(['open']);
  pass(1, []);
  expect(incidents()).toMatchObject([{ closedAt: '2026-06-01T00:27:00.000Z', clearSince: '2026-06-01T00:22:00.000Z' }]);
});

test('what is gone before that is never told', () => {
  const { pass, incidents } = watched();
  for (let time = 0; time < 20; time += 1) {
    pass(2, [app('web')]);
    pass(1, []);
  }
  expect(incidents()).toEqual([]);
});

test('what comes and goes is one incident, which then takes longer to be over', () => {
  const { pass, incidents } = watched();
  for (let time = 0; time < 6; time += 1) {
    pass(4, [app('web')]);
    pass(8, []);
  }
  expect(incidents()).toHaveLength(1);
  expect(incidents()[0]).toMatchObject({ returns: 5 });
  pass(22, []);
  expect(states(incidents())).toEqual(['open']);
  pass(2, []);
  expect(states(incidents())).toEqual(['over']);
  pass(31, []);
  pass(5, [app('web')]);
  expect(states(incidents())).toEqual(['over', 'open']);
});

test('what follows from a cause is folded under it', () => {
  const { pass, incidents } = watched();
  pass(5, [layer('zookeeper'), layer('marathon', 'down', ['layer:zookeeper']), app('web'), app('db')]);
  expect(incidents()).toHaveLength(1);
  expect(causes(incidents()[0])).toEqual(['zookeeper']);
  expect(dependents(incidents()[0])).toEqual(['marathon', '/web', '/db']);
});

test('another cause changes the incident and makes no second one, in both directions', () => {
  const { pass, incidents } = watched();
  const marathon = layer('marathon', 'down', ['layer:zookeeper']);
  pass(5, [marathon]);
  pass(5, [layer('zookeeper'), marathon]);
  expect(causes(incidents()[0])).toEqual(['zookeeper']);
  expect(dependents(incidents()[0])).toEqual(['marathon']);
  pass(5, [marathon]);
  expect(incidents()).toHaveLength(1);
  expect(causes(incidents()[0])).toEqual(['marathon']);
  expect(incidents()[0]?.history.map(({ says }) => says)).toEqual([
    'marathon is down',
    'zookeeper is down',
    'marathon is down',
  ]);
  pass(6, []);
  expect(states(incidents())).toEqual(['over']);
});

test('an incident that turns out to follow from an older one ends, and that one goes on', () => {
  const { pass, incidents } = watched();
  pass(5, [layer('zookeeper', 'degraded')]);
  pass(30, [layer('zookeeper', 'degraded')]);
  pass(5, [layer('zookeeper', 'degraded'), app('web')]);
  expect(incidents().map(causes)).toEqual([['zookeeper'], ['/web']]);
  pass(1, [layer('zookeeper'), app('web')]);
  pass(6, [layer('zookeeper'), app('web')]);
  expect(states(incidents())).toEqual(['open', 'over']);
  expect(dependents(incidents()[0])).toEqual(['/web']);
});

test('what is only degraded does not hide what goes wrong long after it began', () => {
  const { pass, incidents } = watched();
  pass(30, [layer('marathon', 'degraded')]);
  pass(5, [layer('marathon', 'degraded'), app('web')]);
  expect(incidents()).toHaveLength(2);
});

test('apps that go wrong together are told together, later ones by themselves', () => {
  const { pass, incidents } = watched();
  pass(5, [app('web'), app('db')]);
  expect(incidents()).toHaveLength(1);
  expect(causes(incidents()[0])).toEqual(['/web', '/db']);
  pass(5, [app('web'), app('db'), app('queue')]);
  expect(incidents().map(causes)).toEqual([['/web', '/db'], ['/queue']]);
  pass(6, [app('db'), app('queue')]);
  expect(incidents().map(causes)).toEqual([['/db'], ['/queue']]);
  pass(6, []);
  expect(states(incidents())).toEqual(['over', 'over']);
});

test('what cannot be looked at is neither over nor new', () => {
  const { pass, incidents } = watched();
  pass(5, [app('web')]);
  pass(60, [], { unseen: ['app:'] });
  expect(states(incidents())).toEqual(['open']);
  pass(6, []);
  expect(states(incidents())).toEqual(['over']);
});

test('only that is unseen which is named, or begins with what is named as a whole kind', () => {
  const { pass, incidents } = watched();
  pass(5, [layer('mesos-dns')]);
  pass(10, [], { unseen: ['layer:mesos'] });
  expect(states(incidents())).toEqual(['over']);
});

test('hosts that get into trouble together are told together, with what misses them below', () => {
  const host = (name: string): Problem => ({
    key: `host:${name}`,
    title: name,
    severity: 'degraded',
    says: 'does not answer over SSH',
    needs: [],
  });
  const { pass, incidents } = watched();
  pass(5, [host('w1'), host('w2'), layer('agents', 'degraded', ['host:w1', 'host:w2'])]);
  expect(incidents().map(causes)).toEqual([['w1', 'w2']]);
  expect(incidents().map(dependents)).toEqual([['agents']]);
});

test('what nobody wants to hear of is told when they do, and not at all when it is over by then', () => {
  const { pass, incidents } = watched();
  pass(60, [app('web')], { tells: () => false });
  pass(60, [app('db')], { tells: () => false });
  expect(incidents().map(({ toldAt }) => toldAt)).toEqual([undefined, undefined]);
  pass(1, [app('db')]);
  expect(incidents().map(({ toldAt }) => toldAt)).toEqual([undefined, '2026-06-01T02:00:00.000Z']);
});

test('in quiet hours what becomes worse is told', () => {
  const { pass, incidents } = watched({ tells: (severity) => severity === 'down' });
  pass(30, [app('web', 'degraded')]);
  expect(incidents()[0]?.toldAt).toBeUndefined();
  pass(1, [app('web', 'down')]);
  expect(incidents()[0]?.toldAt).toBe('2026-06-01T00:30:00.000Z');
});

test('somebody is called once when it lasts, and not for what is well again', () => {
  const { pass, incidents } = watched({ escalateAfterMs: 30 * MINUTE_MS });
  pass(20, [app('web')]);
  pass(3, []);
  pass(9, [app('web')]);
  expect(incidents()[0]?.escalatedAt).toBeUndefined();
  pass(60, [app('web')]);
  expect(incidents()).toMatchObject([{ toldAt: '2026-06-01T00:02:00.000Z', escalatedAt: '2026-06-01T00:32:00.000Z' }]);
});

test('what takes its time, such as a deployment, is given it', () => {
  const { pass, incidents } = watched();
  const deploying = { ...app('web'), patienceMs: 15 * MINUTE_MS };
  pass(15, [deploying]);
  expect(incidents()).toEqual([]);
  pass(1, [deploying]);
  expect(states(incidents())).toEqual(['open']);
});

test('what got worse is noted with the time', () => {
  const { pass, incidents } = watched();
  pass(5, [layer('agents', 'degraded')]);
  pass(1, [layer('agents', 'down')]);
  expect(incidents()).toMatchObject([{ severity: 'down', worseAt: '2026-06-01T00:05:00.000Z' }]);
});
