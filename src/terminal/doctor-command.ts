import { commands } from '../../commands/index.js';
import { examine, hasErrors, problemOf, reportOf, type Section } from '../bot/doctor.js';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import { type Home, type HomeOptions, openHome } from '../home/home.js';
import { didYouMean } from '../near-names.js';
import type { Log } from '../log.js';
import type { Redactor } from '../secret.js';
import type { Terminal } from './terminal.js';

export type DoctorCommand = Omit<HomeOptions, 'redactor'> & {
  /** Names of environments; all without any. */
  argv: readonly string[];
  redactor: Redactor;
  clock: Clock;
  log: Log;
  terminal: Terminal;
};

/** `stars doctor`: also where neither the home nor the store can be opened. Resolves with 1 when something is wrong. */
export async function runDoctor({ argv, clock, log, terminal, ...where }: DoctorCommand): Promise<number> {
  const sections = await sectionsOf({ argv, clock, log, ...where });
  terminal.out(where.redactor.redact(reportOf(sections)));
  return hasErrors(sections) ? 1 : 0;
}

async function sectionsOf({ argv, clock, log, ...where }: Omit<DoctorCommand, 'terminal'>): Promise<Section[]> {
  const opened = await openHome(where).catch((thrown: unknown) => problemOf(thrown));
  if ('state' in opened) return [{ title: 'Home', checks: [opened] }];
  return examine({
    home: opened,
    environments: chosen(argv, opened),
    commands,
    clock,
    log,
  });
}

function chosen(argv: readonly string[], home: Home): readonly string[] {
  const names = home.environments();
  const unknown = argv.find((name) => !names.includes(name));
  if (unknown === undefined) return argv.length > 0 ? argv : names;
  throw new StarsError('UNKNOWN_ENVIRONMENT', `There is no environment ${unknown.slice(0, 100)}.`, {
    hint: didYouMean(unknown, names) ?? `Environments: ${names.join(', ')}.`,
  });
}
