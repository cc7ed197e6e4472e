const STEPS_BETWEEN_PAUSES = 512;
const MAX_STEPS = 1_000_000;
/** What a new process costs: some 30,000 of them are too many for one command. */
export const FORK_STEPS = 100;

/** A command that used more steps than any sane script does. */
export class OutOfSteps extends Error {
  constructor() {
    super('step limit of the simulated host reached');
  }
}

/** How much a process and all its descendants may still do before they count as a runaway. */
export class Budget {
  #steps = 0;

  spend(steps = 1): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS) throw new OutOfSteps();
  }

  renew(): void {
    this.#steps = 0;
  }
}

/** Shares the thread: now and then all processes of a host stop until the rest of the program had its turn. */
export class Turns {
  #steps = 0;
  #pause: Promise<void> | undefined;

  step(): Promise<void> | undefined {
    if (!this.#pause && ++this.#steps % STEPS_BETWEEN_PAUSES === 0) {
      this.#pause = new Promise((resolve) => {
        setImmediate(() => {
          this.#pause = undefined;
          resolve();
        });
      });
    }
    return this.#pause;
  }
}
