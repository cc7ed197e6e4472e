import type { Clock } from '../clock.js';
import { type Environment, type Home, openHome } from '../home/home.js';
import type { Log } from '../log.js';
import type { Sandbox } from './sandbox.js';

export type BorrowedOptions = { clock: Clock; log: Log; home: Home; say(line: string): void };

/** The sandbox for an environment marked `sandbox: true`: started when first asked for, and ended with this process. */
export function borrowedSandbox({ clock, log, home, say }: BorrowedOptions) {
  let running: Promise<Sandbox> | undefined;

  async function environment(asked: Environment): Promise<Environment> {
    running ??= start(asked);
    const { addresses } = await running;
    const inside = await openHome({
      env: { STARS_HOME: addresses.home },
      cwd: addresses.home,
      redactor: home.redactor,
    });
    return { ...(await inside.environment('sandbox')), name: asked.name };
  }

  async function start(asked: Environment): Promise<Sandbox> {
    // Loaded only now: most commands never need it.
    const { startSandbox } = await import('./sandbox.js');
    say('A fresh sandbox runs inside this process and ends with it. “npx stars sandbox” runs one that stays.');
    return startSandbox({ clock, log, stackFolder: home.stackFolder, variablesFolder: asked.folder });
  }

  async function stop(): Promise<void> {
    await (await running)?.stop();
  }

  return { environment, stop };
}
