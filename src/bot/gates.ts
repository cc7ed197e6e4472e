import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Environment } from '../home/home.js';
import { frozen } from '../model/blockers.js';
import type { ClaimStore } from '../store/claims.js';

export type Gates = ReturnType<typeof createGates>;

/** When an environment takes no changes: locked by a person, or in a window of its environment.yml. */
export function createGates({ claims, clock }: { claims: ClaimStore; clock: Clock }) {
  /** Throws LOCKED, saying who locked it, until when and why. */
  async function requireOpen(environment: Environment): Promise<void> {
    const lease = (await claims.list(environment.name, clock.now())).find(({ run }) => run === undefined);
    if (lease)
      throw new StarsError('LOCKED', `${frozen(lease)}.`, {
        hint: `Ask again later, or “unlock ${environment.name}” it.`,
      });
    const words = closed(environment);
    if (words !== undefined)
      throw new StarsError('LOCKED', words, {
        hint: `The window stands under freeze: in ${environment.files.environment}.`,
      });
  }

  /** In words the window of environment.yml that it is in now. */
  function closed({ name, config }: Environment): string | undefined {
    const nowMs = clock.now().getTime();
    const window = config.freeze.find(({ from, until }) => Date.parse(from) <= nowMs && nowMs < Date.parse(until));
    return window && `${name} is frozen until ${window.until}: ${window.reason}.`;
  }

  return { requireOpen, closed };
}
