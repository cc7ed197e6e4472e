import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { GOOD_STATES, healthByCounts } from '../src/cluster/marathon/app-health.js';
import type { App } from '../src/cluster/marathon/schema.js';
import { describeFailure } from '../src/cluster/marathon/waiting.js';
import { counted } from '../src/model/figures.js';

const SHOWN = 60;
const RECENT_MS = 24 * 3_600_000;

export const apps = defineCommand({
  name: 'apps',
  summary: 'List the apps of Marathon with how each fares, those in trouble first.',
  words: ['[part]'],
  environment: 'required',
  args: z.strictObject({ part: z.string().min(1).optional() }),
  permission: 'read',
  cluster: true,
  kind: 'run',
  examples: ['apps production', 'apps spark staging'],
  async subject({ args: { part }, cluster }) {
    if (part === undefined) return {};
    const named = within(await (await cluster()).marathon.apps(), part);
    return { targets: named.map(({ id }) => ({ kind: 'app', name: id })) };
  },

  async run({ args: { part }, cluster, environment, clock, signal }) {
    const all = await cluster.marathon.apps({ signal });
    const found = within(all, part).sort(byTrouble);
    if (found.length === 0)
      return part === undefined
        ? `Marathon of ${environment.name} has no apps.`
        : `None of the ${counted(all.length, 'app')} of ${environment.name} has “${part}” in its id.`;
    const nowMs = clock.now().getTime();
    const lines = found.slice(0, SHOWN).map((app) => lineOf(app, nowMs));
    const more = found.length > SHOWN ? [`… and ${found.length - SHOWN} more: name a part of their ids.`] : [];
    return [headline(found, environment.name), ...lines, ...more].join('\n');
  },
});

function within(all: readonly App[], part = ''): App[] {
  return all.filter(({ id }) => id.toLowerCase().includes(part.toLowerCase()));
}

function byTrouble(a: App, b: App): number {
  return Number(isGood(a)) - Number(isGood(b)) || a.id.localeCompare(b.id);
}

function isGood(app: App): boolean {
  return GOOD_STATES.has(healthByCounts(app).state);
}

function headline(found: readonly App[], environment: string): string {
  const bad = found.filter((app) => !isGood(app)).length;
  const suspended = found.filter((app) => healthByCounts(app).state === 'suspended').length;
  const parts = [
    bad === 0 ? 'all as they should be' : `${bad} in trouble`,
    ...(suspended > 0 ? [`${suspended} suspended`] : []),
  ];
  return `${counted(found.length, 'app')} in ${environment}: ${parts.join(', ')}.`;
}

function lineOf(app: App, nowMs: number): string {
  const { state, words } = healthByCounts(app);
  const icon = state === 'suspended' ? '⚪' : isGood(app) ? '🟢' : '🟡';
  const failure = app.lastTaskFailure;
  const recent = failure !== undefined && nowMs - Date.parse(failure.timestamp) < RECENT_MS;
  return [
    `${icon} *${app.id}* ${words}`,
    `${app.cpus} CPUs, ${app.mem} MB`,
    ...(app.deployments.length > 0 ? ['being deployed'] : []),
    ...(recent && !isGood(app) ? [`last failure: ${describeFailure(failure)}`] : []),
  ].join(' · ');
}
