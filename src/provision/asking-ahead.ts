import type { HostSession } from './host-session.js';
import type { Question } from './joint-questions.js';
import type { ModuleContext } from './module.js';
import type { Place } from './place.js';

/** What the tasks to come will ask of the host whose session this is; asked for when something, `own`, has to be asked anyway. */
export type Ahead = (session: HostSession, own: readonly Question[]) => Promise<Question[]>;

export const nothingAhead: Ahead = async () => [];

/** Facts of a module; with one that is not known yet goes what the tasks after it will ask, in the same round trip. */
export function askingAhead(own: ModuleContext, { session, become }: Place, ahead: Ahead) {
  let asked = false;
  let sending: Promise<void> | undefined;
  let unknown: Question[] = [];

  /** What the module asks for at once goes together. */
  async function send(): Promise<void> {
    const later = await ahead(session, unknown);
    session.prefetch([...unknown, ...later], own.signal);
    [unknown, sending] = [[], undefined];
  }

  const fact: ModuleContext['fact'] = async (one) => {
    asked = true;
    const question = { script: one.script, together: one.together, about: one.about, become };
    if (!session.known(question)) {
      unknown.push(question);
      sending ??= send();
      await sending;
    }
    return own.fact(one);
  };
  return { fact, asked: () => asked };
}
