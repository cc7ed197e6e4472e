import { DateTime } from 'luxon';
import type { Environment, Home } from '../home/home.js';
import { channelOf } from '../home/schedules.js';
import type { Severity } from '../model/incident.js';
import type { TrackRules } from '../report/incidents.js';

type Alerts = Environment['config']['alerts'];

/** Whether an environment is looked at all the time: where its cluster and a channel are configured, or where it says so. */
export function isWatched(environment: Environment, home: Home): boolean {
  const { config } = environment;
  if (![config.marathon, config.chronos, config.mesos, config.zookeeper].some((part) => part !== undefined))
    return false;
  return config.alerts.enabled ?? (!config.sandbox && alertChannel(environment, home) !== undefined);
}

export function alertChannel(environment: Environment, home: Home): string | undefined {
  return environment.config.alerts.channel ?? channelOf(environment, home);
}

/** By which rules its problems are told at this moment. */
export function rulesOf(
  { afterMinutes, clearMinutes, quiet, escalate }: Alerts,
  around: { muted: boolean; timeZone: string },
  now: Date,
): TrackRules {
  const silent = quiet && isWithin(quiet, quiet.timeZone ?? around.timeZone, now) ? quiet.silences : undefined;
  const tells = (severity: Severity) =>
    !around.muted && silent !== 'all' && (silent === undefined || severity === 'down');
  return {
    afterMs: afterMinutes * 60_000,
    clearMs: clearMinutes * 60_000,
    tells,
    escalateAfterMs: escalate && escalate.afterMinutes * 60_000,
  };
}

/** Both are times of day; the end may be on the next day. */
function isWithin({ from, until }: { from: string; until: string }, timeZone: string, now: Date): boolean {
  const time = DateTime.fromJSDate(now, { zone: timeZone }).toFormat('HH:mm');
  return from <= until ? from <= time && time < until : from <= time || time < until;
}
