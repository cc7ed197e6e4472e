import { resolve } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { silentLog } from '../../src/log.js';
import { playDemo } from '../../src/sandbox/demo.js';
import { createRedactor } from '../../src/secret.js';
import { practise } from './support/practice.js';

const stackFolder = resolve(import.meta.dirname, '..', '..', 'stack');

test('the stack of this repository brings fresh hosts to where a second deploy changes nothing', async () => {
  const practice = await practise({ stackFolder });
  try {
    const first = await practice.events('deploy', 'site', 'sandbox');
    expect(first.events.at(-1)).toMatchObject({ type: 'run.finished', state: 'succeeded' });
    const second = await practice.events('deploy', 'site', 'sandbox');
    expect(second.events.flatMap((event) => (event.type === 'task.result' && event.changed ? [event] : []))).toEqual(
      [],
    );
    expect(second.events.at(-1)).toMatchObject({
      state: 'succeeded',
      hosts: { 'stars-c0': { changed: 0, failed: 0 } },
    });
  } finally {
    await practice.stop();
  }
}, 60_000);

test('the demo plays to its end and shows every thread', async () => {
  const lines: string[] = [];
  const connect = createSshConnect({ log: silentLog, redactor: createRedactor() });
  const out = (text: string) => void lines.push(text);
  expect(await playDemo({ clock: systemClock, log: silentLog, connect, stackFolder, out })).toBe(0);
  const text = lines.join('\n');
  for (const words of ['✅ deploy workers', '✅ status', '✅ restart zeppelin', '✅ backup'])
    expect(text).toContain(words);
}, 60_000);
