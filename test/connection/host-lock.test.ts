import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import type { HostClaim } from '../../src/connection/claim.js';
import type { Connection } from '../../src/connection/connection.js';
import { connectLocal } from '../../src/connection/local.js';
import { haltScript } from '../../src/connection/look.js';
import { poll } from '../../src/poll.js';
import { shells } from './shells.js';

describe.each(shells)("a host's lock under $name", ({ shell }) => {
  let base: string;
  let folder: string;
  const open: Connection[] = [];

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'stars-lock-'));
    folder = join(base, 'lock');
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    rmSync(base, { recursive: true, force: true });
  });

  const claimOf = (run: string, more: Partial<HostClaim> = {}): HostClaim => ({
    run,
    fence: 0,
    store: 'a-store',
    person: 'Ada Lovelace',
    from: 'stars-1',
    since: '2026-11-29T13:00:00.000Z',
    waitMs: 0,
    folder,
    ...more,
  });

  function connect(claim: HostClaim | undefined): Connection {
    const connection = connectLocal({ name: 'alpha', shell, claim });
    open.push(connection);
    return connection;
  }

  const holder = () => readFileSync(join(folder, 'holder'), 'utf8').trimEnd().split('\n');

  test('is taken by the first script and gone when the connection is closed', async () => {
    const host = connect(claimOf('run-a'));
    await host.exec('true');
    expect(holder()).toEqual([
      'run-a 0 a-store',
      'Ada Lovelace',
      'stars-1',
      '2026-11-29T13:00:00.000Z',
      expect.stringMatching(/^[0-9a-f-]{36} \d+ \d+$/),
    ]);
    await host.close();
    expect(readdirSync(base)).toEqual([]);
  });

  test('keeps another run away, and says by whom and since when', async () => {
    await connect(claimOf('run-a')).exec('true');
    await expect(connect(claimOf('run-b')).exec(`touch ${base}/never`)).rejects.toMatchObject({
      code: 'LOCKED',
      message: 'alpha is locked by run run-a of Ada Lovelace (since 2026-11-29T13:00:00.000Z, from stars-1).',
    });
    expect(existsSync(join(base, 'never'))).toBe(false);
  });

  test('is not asked for by a connection that only reads', async () => {
    await connect(claimOf('run-a')).exec('true');
    expect((await connect(undefined).exec('echo read')).stdout).toBe('read\n');
  });

  test('is joined by another connection of the same run, and goes with the last of them', async () => {
    const [one, two] = [connect(claimOf('run-a')), connect(claimOf('run-a'))];
    await one.exec('true');
    await two.exec('true');
    expect(holder()).toHaveLength(6);
    await one.close();
    expect((await two.exec('echo on', { action: '1' })).stdout).toBe('on\n');
    await two.close();
    expect(readdirSync(base)).toEqual([]);
  });

  test('of a run whose shells are gone is taken over without a word', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'holder'), 'run-a 0 a-store\nAda\nstars-1\nsince\nanother-boot 1 1\n');
    writeFileSync(join(folder, 'note-1'), 'B 1 1 1\n');
    const host = connect(claimOf('run-b'));
    expect((await host.exec('echo in', { action: '1' })).stdout).toBe('in\n');
    expect(holder()[0]).toBe('run-b 0 a-store');
    expect(readdirSync(folder).filter((name) => name !== 'holder')).toHaveLength(1);
  });

  test('whose process number belongs to somebody else now is taken over', async () => {
    const host = connect(undefined);
    const { stdout } = await host.exec('cat /proc/sys/kernel/random/boot_id');
    mkdirSync(folder);
    writeFileSync(join(folder, 'holder'), `run-a 0 a-store\nAda\nstars-1\nsince\n${stdout.trim()} ${process.pid} 1\n`);
    expect((await connect(claimOf('run-b')).exec('echo in')).stdout).toBe('in\n');
  });

  test('that was left between its two first steps is taken over after a moment', async () => {
    mkdirSync(folder);
    expect((await connect(claimOf('run-b')).exec('echo in')).stdout).toBe('in\n');
    expect(holder()[0]).toBe('run-b 0 a-store');
  });

  test('is waited for as long as was said', async () => {
    await connect(claimOf('run-a')).exec('true');
    await expect(connect(claimOf('run-b', { waitMs: 1_100 })).exec('echo in')).rejects.toThrow(
      'It did not get free within 1.1 s.',
    );
  });

  test('is had by whoever waits once it is free', async () => {
    const one = connect(claimOf('run-a'));
    await one.exec('true');
    const late = connect(claimOf('run-b', { waitMs: 60_000 })).exec('echo in');
    await one.close();
    expect((await late).stdout).toBe('in\n');
  });

  test('of an earlier run of the same store, which can only be ending, is waited for a moment without being told to', async () => {
    const one = connect(claimOf('run-a', { fence: 7 }));
    await one.exec('true');
    const late = connect(claimOf('run-b', { fence: 8 })).exec('echo in');
    await expect(connect(claimOf('run-c', { fence: 8, store: 'other' })).exec('true')).rejects.toMatchObject({
      code: 'LOCKED',
    });
    await one.close();
    expect((await late).stdout).toBe('in\n');
  });

  test('left behind is had by one after another of many who want it at once', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'holder'), 'run-a 0 a-store\nAda\nstars-1\nsince\nanother-boot 1 1\n');
    const inside = `mkdir ${base}/inside || echo two at once >>${base}/wrong; sleep 0.02; rmdir ${base}/inside; echo >>${base}/visits`;
    const visit = async (_: unknown, number: number) => {
      const one = connect(claimOf(`run-${number}`, { waitMs: 60_000 }));
      await one.exec(inside, { action: '1' });
      await one.exec(inside, { action: '2' });
      await one.close();
    };
    await Promise.all(Array.from({ length: 5 }, visit));
    expect(readFileSync(join(base, 'visits'), 'utf8')).toHaveLength(10);
    expect(existsSync(join(base, 'wrong'))).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  test('taken over keeps the first run from every further action, and lets it read', async () => {
    const one = connect(claimOf('run-a'));
    await one.exec('true', { action: '1' });
    rmSync(folder, { recursive: true });
    const two = connect(claimOf('run-b'));
    await two.exec('true', { action: '1' });
    await expect(one.exec(`touch ${base}/never`, { action: '2' })).rejects.toMatchObject({
      code: 'LOCK_LOST',
      message: "alpha: this run's lock was taken over by run run-b, so nothing was done.",
    });
    await expect(one.upload(Buffer.from('x'), join(base, 'never'), { action: '2' })).rejects.toMatchObject({
      code: 'LOCK_LOST',
    });
    expect(existsSync(join(base, 'never'))).toBe(false);
    expect((await one.exec('echo read')).stdout).toBe('read\n');
    await one.close();
    expect(holder()[0]).toBe('run-b 0 a-store');
  });

  test('that is gone keeps the run from acting', async () => {
    const one = connect(claimOf('run-a'));
    await one.exec('true');
    rmSync(folder, { recursive: true });
    await expect(one.exec(`touch ${base}/never`, { action: '2' })).rejects.toMatchObject({
      code: 'LOCK_LOST',
      message: "alpha: this run's lock is gone, so nothing was done: somebody took it away.",
    });
    expect(existsSync(join(base, 'never'))).toBe(false);
  });

  test.each([
    ['a link', (path: string) => symlinkSync('/nowhere', path)],
    ['a file', (path: string) => writeFileSync(path, '')],
  ])('is refused where %s lies in its place', async (what, put) => {
    put(folder);
    await expect(connect(claimOf('run-a')).exec('true')).rejects.toMatchObject({
      code: 'LOCKED',
      message: `alpha: ${what} lies where the lock of the host belongs, ${folder}.`,
    });
  });

  test('that cannot be written says so', async () => {
    await expect(connect(claimOf('run-a', { folder: '/nowhere/lock' })).exec('true')).rejects.toMatchObject({
      code: 'HOSTS_FAILED',
    });
  });

  test('of a later run of the same store stops an earlier one', async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'holder'), 'run-b 8 a-store\nAda\nstars-1\nsince\nanother-boot 1 1\n');
    await expect(connect(claimOf('run-a', { fence: 7 })).exec('true')).rejects.toMatchObject({
      code: 'LOCKED',
      message: 'alpha: a later run (fence 8) has worked here, so this one (fence 7) may not any more.',
    });
    expect(holder()[0]).toBe('run-b 8 a-store');
  });

  test('is refused to a run that comes back after a later one of the same store, and had by those of other stores', async () => {
    const later = connect(claimOf('run-b', { fence: 8 }));
    await later.exec('true');
    await later.close();
    await expect(connect(claimOf('run-a', { fence: 7 })).exec('true')).rejects.toMatchObject({
      code: 'LOCKED',
      message: 'alpha: a later run (fence 8) has worked here, so this one (fence 7) may not any more.',
    });
    expect(existsSync(folder)).toBe(false);
    for (const claim of [claimOf('run-c', { fence: 3, store: 'other' }), claimOf('run-d', { fence: 9 })]) {
      const host = connect(claim);
      expect((await host.exec('echo in')).stdout).toBe('in\n');
      await host.close();
    }
    expect(readFileSync(`${folder}-fences`, 'utf8')).toBe('a-store 9\nother 3\n');
  });

  test('is not had again by a run that was halted, though its process lives; by the one that resumes it', async () => {
    const one = connect(claimOf('run-a', { fence: 7 }));
    await one.exec('true', { action: '1' });
    expect((await connect(undefined).exec(haltScript('run-a', folder))).stdout).toBe('idle\n');
    await expect(connect(claimOf('run-a', { fence: 7 })).exec(`touch ${base}/never`)).rejects.toMatchObject({
      code: 'LOCKED',
    });
    expect(existsSync(join(base, 'never'))).toBe(false);
    expect((await connect(claimOf('run-b', { fence: 8 })).exec('echo on')).stdout).toBe('on\n');
  });

  test('keeps no fence through a link that somebody put there', async () => {
    writeFileSync(join(base, 'precious'), 'precious');
    symlinkSync(join(base, 'precious'), `${folder}-fences`);
    symlinkSync(join(base, 'nowhere'), `${folder}-other-fences`);
    for (const place of [folder, `${folder}-other`]) {
      const host = connect(claimOf('run-a', { fence: 7, folder: place }));
      await host.exec('true');
      await host.close();
    }
    expect(readFileSync(join(base, 'precious'), 'utf8')).toBe('precious');
    expect(existsSync(join(base, 'nowhere'))).toBe(false);
  });

  test('notes what is done with its process, and how it ended', async () => {
    const one = connect(claimOf('run-a'));
    const notes = () =>
      readdirSync(folder)
        .filter((name) => name.startsWith('note-'))
        .map((name) => readFileSync(join(folder, name), 'utf8').trim());
    await one.exec(`cp ${folder}/note-* ${base}/during; exit 3`, { action: '17' });
    expect(readFileSync(join(base, 'during'), 'utf8')).toMatch(/^B 17 \d+ \d{10}\n$/);
    expect(notes()).toEqual([expect.stringMatching(/^E 17 \d{10} 3$/)]);
    await one.exec('kill -KILL "$(exec sh -c \'echo $PPID\')"', { action: '18' });
    expect(notes()).toEqual([expect.stringMatching(/^E 18 \d{10} 137$/)]);
  });

  test('an action keeps its exit code, output and error, and sees none of our variables', async () => {
    const one = connect(claimOf('run-a'));
    expect(await one.exec('echo out; echo err >&2; exit 3', { action: '1' })).toEqual({
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
      truncated: false,
    });
    expect((await one.exec('set; env', { action: '2' })).stdout).not.toMatch(/^_stars/m);
  });

  test('a cancelled run lets go of it when what it ran is ended', async () => {
    const controller = new AbortController();
    const one = connect(claimOf('run-a'));
    const going = one.exec(`echo >${base}/began; sleep 4471`, { action: '1', signal: controller.signal });
    await poll(async () => existsSync(join(base, 'began')) || undefined, POLLING);
    controller.abort();
    await expect(going).rejects.toMatchObject({ code: 'CANCELLED' });
    await one.close();
    expect(existsSync(folder)).toBe(false);
  });

  describe('is ended by somebody else', () => {
    const halt = async (run: string) => (await connect(undefined).exec(haltScript(run, folder))).stdout.trim();
    const lives = (pid: string) =>
      existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    const written = (name: string) =>
      poll(
        async () => (existsSync(join(base, name)) && readFileSync(join(base, name), 'utf8').trim()) || undefined,
        POLLING,
      );

    test('with all that its script has started, also what detached itself', async () => {
      const one = connect(claimOf('run-a'));
      const script = `sh -c 'echo $$ >${base}/child; sleep 4472' & setsid sh -c 'echo $$ >${base}/away; exec sleep 4473' & sleep 4474`;
      const going = one.exec(script, { action: '1' });
      const pids = [await written('child'), await written('away')];
      expect(await halt('run-b')).toBe('other');
      expect(pids.map(lives)).toEqual([true, true]);
      expect(await halt('run-a')).toBe('ended');
      expect(pids.map(lives)).toEqual([false, false]);
      expect(existsSync(folder)).toBe(false);
      expect(await going).toMatchObject({ code: 128 + 15 });
    });

    test('when nothing is under way', async () => {
      const one = connect(claimOf('run-a'));
      await one.exec('true', { action: '1' });
      expect(await halt('run-a')).toBe('idle');
      expect(await halt('run-a')).toBe('none');
    });

    test('while others, who cannot be ended, keep it', async () => {
      const one = connect(claimOf('run-a'));
      const going = one.exec(`echo >${base}/began; sleep 4475`, { action: '1' });
      going.catch(() => undefined);
      await poll(async () => existsSync(join(base, 'began')) || undefined, POLLING);
      const [, , , , shell = ''] = holder();
      const powerless = haltScript('run-a', folder).replaceAll('kill -', ': -').replaceAll('sleep ', ': ');
      expect((await connect(undefined).exec(powerless)).stdout.trim()).toBe(`left ${shell.split(' ')[1]}`);
      expect(holder()[0]).toBe('run-a 0 stopped');
      await expect(connect(claimOf('run-b')).exec('true')).rejects.toMatchObject({ code: 'LOCKED' });
      expect(await halt('run-a')).toBe('ended');
    });
  });
});

const POLLING = { clock: systemClock, everyMs: 10, timeoutMs: 20_000, what: 'What the test waits for' };
