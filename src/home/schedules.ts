import { existsSync, readFileSync } from 'node:fs';
import type { Position } from '../errors.js';
import type { Person } from '../model/run.js';
import { keyPlace } from './checked-file.js';
import { DEFAULT_SCHEDULES } from './default-schedules.js';
import type { Environment, Home } from './home.js';

/** Something that an environment does by itself, again and again. */
export type Schedule = {
  name: string;
  environment: string;
  /** Words as a person would type them. */
  command: string;
  cron: string;
  timeZone: string;
  /** Where its results go; undefined when no channel is configured. */
  channel: string | undefined;
  /** Whom it stands for. */
  person: Person;
  missed: 'run' | 'report' | 'skip';
  missedWithinMs: number;
  enabled: boolean;
  /** It is there although the environment does not name it. */
  byDefault: boolean;
};

type Written = Environment['config']['schedules'][number];

const HOUR_MS = 3_600_000;

/** What the environment does by itself: its own schedules, and the default ones that it has not replaced. */
export function schedulesOf(environment: Environment, home: Home): Schedule[] {
  const own = environment.config.schedules;
  const defaults = [...DEFAULT_SCHEDULES]
    .filter(([name, { command }]) => !own.some((one) => one.name === name || asks(one, command, environment.name)))
    .filter(([, { command }]) => isWanted(command, environment, home))
    .map(([name]) => ({
      schedule: { name, enabled: true, missed: 'run', missedWithinHours: 12 } as const,
      byDefault: true,
    }));
  const all = [...own.map((schedule) => ({ schedule, byDefault: false })), ...defaults];
  return all.map(({ schedule, byDefault }) => completed(schedule, { environment, home, byDefault }));
}

/** Where a schedule is written in environment.yml, or only the file. */
export function schedulePlace(environment: Environment, name: string): Position {
  const file = environment.files.environment;
  const index = environment.config.schedules.findIndex((schedule) => schedule.name === name);
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return (
    keyPlace(text, file, ['schedules', index, 'command']) ?? keyPlace(text, file, ['schedules', index]) ?? { file }
  );
}

export function channelOf(environment: Environment, home: Home): string | undefined {
  return environment.config.slack?.channel ?? home.config.slack.channel;
}

function asks({ command }: Written, wanted: string, environment: string): boolean {
  return command?.trim() === wanted || command?.trim() === `${wanted} ${environment}`;
}

function isWanted(command: string, environment: Environment, home: Home): boolean {
  const { config } = environment;
  if (config.sandbox || channelOf(environment, home) === undefined) return false;
  if (command.startsWith('backup')) return config.marathon !== undefined;
  return [config.marathon, config.chronos, config.mesos, config.zookeeper].some((part) => part !== undefined);
}

type Around = { environment: Environment; home: Home; byDefault: boolean };

function completed(written: Written, { environment, home, byDefault }: Around): Schedule {
  const { name, missed, enabled } = written;
  const standard = DEFAULT_SCHEDULES.get(name);
  return {
    name,
    environment: environment.name,
    command: written.command ?? standard?.command ?? '',
    cron: written.cron ?? standard?.cron ?? '',
    timeZone: written.timeZone ?? home.settings.timeZone,
    channel: written.channel ?? channelOf(environment, home),
    person: { id: `schedule:${written.as ?? name}`, name: `schedule ${name}` },
    missed,
    missedWithinMs: written.missedWithinHours * HOUR_MS,
    enabled,
    byDefault,
  };
}
