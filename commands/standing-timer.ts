import type { CommandContext } from '../src/bot/command.js';
import { utcWords } from '../src/model/utc-words.js';

type Context = Pick<CommandContext<unknown>, 'control' | 'environment' | 'clock' | 'note'>;
type Timers = Awaited<ReturnType<Context['control']['timers']>>;

/** What is to happen by itself to this subject, at a time that is still to come. */
export async function standingTimer(
  subject: string,
  { control, environment, clock }: Context,
): Promise<Timers[number] | undefined> {
  const timers = await control.timers(environment.name);
  return timers.find((timer) => timer.subject === subject && new Date(timer.dueAt) > clock.now());
}

/** For what leaves a timer as it is: it will fire. */
export function tellStanding({ id, dueAt, says }: Timers[number], { note }: Context): void {
  note(`At ${utcWords(dueAt)} ${says} all the same; “cancel ${id}” calls that off.`);
}

/** What was to come back by itself is back by now: its timer would only undo what somebody does after that. */
export async function callOffReturn(subject: string, context: Context): Promise<void> {
  const timer = await standingTimer(subject, context);
  if (timer && (await context.control.callOff(timer.id)))
    context.note(`That was to happen by itself at ${utcWords(timer.dueAt)}; it is called off.`);
}
