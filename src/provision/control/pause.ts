import { type ControlCall, type ControlModule, type ControlResult, done, failed } from './call.js';

export const pause: ControlModule = { forAll: true, run };

const MOST_SECONDS = 24 * 3600;

async function run({ args, clock, signal, timePasses }: ControlCall): Promise<ControlResult> {
  const given = args.has('minutes') ? 60 * Number(args.get('minutes')) : Number(args.get('seconds') ?? Number.NaN);
  if (Number.isNaN(given)) return failed('pause needs seconds or minutes: nobody can press a key in a chat.');
  if (args.has('minutes') && args.has('seconds')) return failed('pause takes seconds or minutes, not both.');
  // Ansible waits a second at least.
  const seconds = Math.min(MOST_SECONDS, Math.max(1, Math.trunc(given)));
  const start = clock.now();
  await clock.sleep(seconds * 1000, signal);
  timePasses();
  const minutes = args.has('minutes');
  return done({
    rc: 0,
    stderr: '',
    stdout: `Paused for ${minutes ? seconds / 60 : seconds}.0 ${minutes ? 'minutes' : 'seconds'}`,
    start: textOf(start),
    stop: textOf(clock.now()),
    delta: seconds,
    echo: true,
    user_input: '',
  });
}

function textOf(time: Date): string {
  return time.toISOString().replace('T', ' ').replace('Z', '000');
}
