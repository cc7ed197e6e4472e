import { describe, expect, test } from '@jest/globals';
import { StarsError } from '../../../src/errors.js';
import type { RunState } from '../../../src/model/run.js';
import type { RunView } from '../../../src/model/run-view.js';
import { errorMessage } from '../../../src/slack/messages/error.js';
import { failuresMessage } from '../../../src/slack/messages/failures.js';
import { checkMessage } from '../../../src/slack/messages/limits.js';
import type { Message } from '../../../src/slack/messages/message.js';
import { plainMessage, toPlain, withoutBlocks } from '../../../src/slack/messages/plain.js';
import { playMessage } from '../../../src/slack/messages/play.js';
import { runMessage } from '../../../src/slack/messages/run.js';
import { summaryMessage } from '../../../src/slack/messages/summary.js';
import { play, result, runView, started, succeeded, task, viewWith } from '../run-views.js';

const NOW = new Date('2026-01-01T00:01:12.000Z');
const names = { U0ADA: 'ada' };

function plain(message: Message | undefined): string {
  if (!message) return '(none)';
  expect(checkMessage(message)).toBeUndefined();
  return toPlain(message, names);
}

const lines = (...all: string[]) => all.join('\n');

describe('the message of a run', () => {
  test('has a line for each part of a run that is split: who does it, what it is at, whom it lost', () => {
    const view = runView(
      started,
      { type: 'part.made', part: 1, id: 'r1-1', hosts: ['c3', 'c4', 'c5', 'c6'] },
      { type: 'part.made', part: 2, id: 'r1-2', hosts: ['c7'] },
      {
        type: 'part.changed',
        part: 1,
        state: 'running',
        process: 'pid 7 on a',
        doing: 'docker : install',
        lost: ['c4'],
      },
    );
    expect(plain(runMessage(view, NOW))).toContain(
      lines(
        '🔵 Part 1 · 4 hosts (c3 to c6) · pid 7 on a · → docker : install · lost c4 · stars show r1-1',
        '⚪ Part 2 · 1 host (c7) · stars show r1-2',
      ),
    );
  });

  test('shows steps, the play under way and each of a few hosts', () => {
    const view = runView(
      started,
      { type: 'step.started', step: 'Take the lock' },
      { type: 'step.finished', step: 'Take the lock', ok: true },
      { type: 'step.started', step: 'Run site.yml' },
      play('masters', ['c1', 'c2', 'c3']),
      task('install the package', 'zookeeper'),
      result('c1', { changed: true }),
      result('c2', { status: 'failed', message: 'no disk' }),
      result('c3', { status: 'unreachable', message: 'timed out' }),
    );
    expect(plain(runMessage(view, NOW))).toBe(
      lines(
        '🔵 deploy site staging',
        'running · staging · 1 m 12 s · @ada',
        '✅ Take the lock',
        '🔵 Run site.yml',
        '❌ masters · 3 hosts · 1 task · 1 failed · 1 unreachable',
        '• c1 · 1 ok · 1 changed',
        '❌ c2 · 0 ok · 1 failed',
        '⛔ c3 · 0 ok · unreachable',
        '→ zookeeper : install the package',
        '[Cancel]',
        'stars show r1',
      ),
    );
  });

  test('shows hosts in the order of the inventory, whoever answers first', () => {
    const view = runView(started, play('masters', ['c1', 'c2']), task('configure'), result('c2'), result('c1'));
    expect(plain(runMessage(view, NOW))).toMatch(/c1 · 1 ok\n. c2 · 1 ok/);
  });

  test.each(['interrupted', 'cancelled'] as const)('that was %s puts no tick at the play in which it was', (state) => {
    const view = runView(
      started,
      play('agents', ['c1']),
      result('c1'),
      play('masters', ['c1']),
      task('configure'),
      result('c1'),
      { type: 'run.finished', state, ms: 3_000 },
    );
    expect(plain(runMessage(view, NOW))).toContain('✅ agents');
    expect(plain(runMessage(view, NOW))).toContain('⚠️ masters');
    expect([0, 1].map((index) => plain(playMessage(view, index)).split(' ')[0])).toEqual(['✅', '⚠️']);
  });

  test('that went well says what came of it, and leaves the hosts to the thread', () => {
    const view = runView(started, play('masters', ['c1']), task('configure'), result('c1'), {
      type: 'run.finished',
      state: 'succeeded',
      ms: 3_000,
      summary: 'All is as it should be.\nMore below.',
    });
    expect(plain(runMessage(view, NOW))).toBe(
      lines(
        '✅ deploy site staging',
        'succeeded · staging · 3 s · @ada',
        '✅ masters · 1 host · 1 task',
        'All is as it should be.',
        'stars show r1',
      ),
    );
  });

  test('sums up many hosts and names those in trouble', () => {
    const hosts = Array.from({ length: 40 }, (_, at) => `w${at + 1}`);
    const view = runView(
      started,
      play('workers', hosts),
      task('configure'),
      ...hosts.map((host) => result(host, host === 'w7' ? { status: 'failed' } : { changed: host === 'w1' })),
    );
    expect(plain(runMessage(view, NOW)).split('\n').slice(2, 6)).toEqual([
      '❌ workers · 40 hosts · 1 task · 1 failed',
      '39 of 40 hosts fine · 1 changed',
      '❌ w7 · 0 ok · 1 failed',
      '→ configure',
    ]);
  });

  test('ends with the error and what to do', () => {
    const view = runView(started, {
      type: 'run.finished',
      state: 'failed',
      ms: 8_000,
      error: { code: 'LOCKED', message: 'staging is locked by ben.', hint: 'Wait, or `stars unlock staging`.' },
    });
    expect(plain(runMessage(view, NOW))).toBe(
      lines(
        '❌ deploy site staging',
        'failed · staging · 8 s · @ada',
        'staging is locked by ben.',
        'Wait, or stars unlock staging.',
        '[Resume] [Retry]',
        'stars show r1',
      ),
    );
    expect(runMessage(view, NOW).text).toBe('deploy site staging: failed: staging is locked by ben.');
  });

  test('that ended with a question has the answers as its buttons, and no others', () => {
    const choices = [{ words: 'reset-docker c4 sandbox --yes', label: 'Wipe Docker' }];
    const error = { code: 'UNCONFIRMED', message: 'This wipes all volumes.', choices };
    const view = runView(started, { type: 'run.finished', state: 'failed', ms: 1_000, error });
    expect(plain(runMessage(view, NOW)).match(/\[.*\]/g)).toEqual(['[Wipe Docker]']);
  });

  test.each<[RunState, string]>([
    ['awaiting-approval', '✋'],
    ['queued', '⚪'],
    ['running', '🔵'],
    ['succeeded', '✅'],
    ['failed', '❌'],
    ['cancelled', '🚫'],
    ['denied', '⛔'],
    ['expired', '⌛'],
    ['interrupted', '⚠️'],
  ])('begins with a sign for %s', (state, sign) => {
    expect(plain(runMessage({ ...runView(started), state }, NOW)).startsWith(`${sign} deploy site staging\n`)).toBe(
      true,
    );
  });

  test('names somebody from outside Slack', () => {
    const view = viewWith({ person: { id: 'terminal:root', name: 'root' }, environment: null }, started);
    expect(plain(runMessage(view, NOW)).split('\n')[1]).toBe('running · 1 m 12 s · root');
  });
});

describe('the replies in a thread', () => {
  test('a play tells its current task and what came of it so far', () => {
    const view = runView(started, play('masters', ['c1', 'c2']), task('start', 'mesos'), result('c1'));
    expect(plain(playMessage(view, 0))).toBe(
      lines('🔵 masters · 2 hosts · 1 task', '→ mesos : start · 1 ok', '• c1 · 1 ok'),
    );
    expect(playMessage(view, 1)).toBeUndefined();
  });

  test('failures come with the host, the task and the words', () => {
    const view = runView(
      started,
      play('masters', ['c1', 'c2']),
      task('install'),
      result('c1', { status: 'failed', message: 'E: Unable to locate <zookeeper>\nexit 100' }),
      result('c2', { status: 'unreachable', message: '' }),
    );
    expect(plain(failuresMessage(view))).toBe(
      lines('❌ c1 · install', '  E: Unable to locate <zookeeper>', '  exit 100', '⛔ c2 · unreachable · install'),
    );
    expect(failuresMessage(runView(started))).toBeUndefined();
  });

  test('long output is cut on a line, with how much is missing and where it is', () => {
    const message = Array.from({ length: 50 }, (_, at) => `line ${at + 1}`).join('\n');
    const view = runView(started, play('m', ['c1']), task('t'), result('c1', { status: 'failed', message }));
    const shown = plain(failuresMessage(view)).split('\n');
    expect(shown.slice(-2)).toEqual(['  line 12', '  … 38 more lines; stars show r1']);
  });

  test('of many failures the first eight are shown', () => {
    const failures = Array.from({ length: 30 }, (_, at) =>
      result(`c${at}`, { status: 'failed', message: 'x'.repeat(5_000) }),
    );
    const view = runView(started, play('m', ['c1']), task('t'), ...failures);
    expect(plain(failuresMessage(view))).toMatch(/… 22 more failures; stars show r1$/);
  });

  test('the summary closes with a recap, hosts in trouble first', () => {
    const recap = { ok: 12, changed: 3, unreachable: 0, failed: 0, skipped: 2, rescued: 0, ignored: 0 };
    const view = runView(started, {
      ...succeeded,
      hosts: { c1: recap, 'a-host-with-a-very-long-name.example.org': { ...recap, failed: 1 } },
    } as typeof succeeded);
    expect(plain(summaryMessage(view))).toBe(
      lines(
        '✅ deploy site staging succeeded after 1 m 12 s',
        'Deployed site.',
        '  host                 ok  chg fail  unr skip',
        '  a-host-with-a-ver…   12    3    1    0    2',
        '  c1                   12    3    0    0    2',
      ),
    );
  });
});

describe('answers', () => {
  test('an error tells where it stands and what to do', () => {
    const error = new StarsError('SYNTAX', 'A tab cannot start a line.', {
      hint: 'Use spaces.',
      where: { file: 'site.yml', line: 3, column: 1 },
    });
    expect(plain(errorMessage(error))).toBe('❌ site.yml:3:1: A tab cannot start a line.\nUse spaces.');
  });

  test('a long answer, such as the list of all commands, is shown whole', () => {
    const lines = Array.from(
      { length: 150 },
      (_, at) => `\`command-${at}\`  What it does, in a sentence of some length`,
    );
    const answer = plainMessage(lines.join('\n'));
    expect(plain(answer).split('\n')).toEqual(lines.map((line) => line.replaceAll('`', '')));
    expect(checkMessage(answer, 4_000)).toBeUndefined();
  });

  test('an error offers what may be done next', () => {
    const choices = [
      { words: 'restart zeppelin sandbox --queue', label: 'Wait, then do it', style: 'primary' as const },
      { words: `run all sandbox -- ${'x'.repeat(2_000)}`, label: 'Too long for a button' },
    ];
    const { blocks } = errorMessage(new StarsError('APP_LOCKED', '/zeppelin is locked.', { choices }));
    expect(blocks.slice(1)).toEqual([
      {
        type: 'actions',
        elements: [expect.objectContaining({ value: 'restart zeppelin sandbox --queue', style: 'primary' })],
      },
    ]);
  });
});

describe('foreign text', () => {
  const nasty = '<!channel> <@U0ADA> & <https://x|y> @here \u001b[31mred\u001b[0m \u202eesrever';

  test('cannot mention, link, colour or reverse anything', () => {
    const view = runView(started, play(nasty, ['c1']), task(nasty), result('c1', { status: 'failed', message: nasty }));
    for (const message of [runMessage(view, NOW), playMessage(view, 0), failuresMessage(view)]) {
      const sent = JSON.stringify(message?.blocks);
      expect(sent).not.toMatch(/<!channel>|<https/);
      expect(sent).not.toMatch(/\\u001b|\[31m|\u202e/);
      expect(sent).toContain('&lt;!channel&gt; &lt;@U0ADA&gt; &amp;');
      // Slack itself would make a mention of "@here" otherwise.
      expect(sent.match(/"verbatim":true/g)?.length).toBe(sent.match(/"type":"mrkdwn"/g)?.length);
    }
  });

  test('cannot close the monospaced block around it', () => {
    const view = runView(
      started,
      play('m', ['c1']),
      task('t'),
      result('c1', { status: 'failed', message: '```\n*bold*' }),
    );
    const [block] = failuresMessage(view)?.blocks ?? [];
    const text = block?.type === 'section' ? (block.text?.text ?? '') : '';
    expect(text.match(/```/g)).toHaveLength(2);
  });

  test('as plain text without blocks is still safe and short enough for an edit', () => {
    const view = runView(
      started,
      play('m', ['c1']),
      task('t'),
      result('c1', { status: 'failed', message: `${nasty}\n`.repeat(500) }),
    );
    const { text } = withoutBlocks(failuresMessage(view) as Message);
    expect(text).not.toMatch(/<!channel>|<@/);
    expect(text.length).toBeLessThanOrEqual(4_000);
  });

  const long = '<'.repeat(20_000);
  const huge: RunView = {
    ...runView(started),
    text: long,
    id: long,
    environment: long,
    person: { id: 'x', name: long },
    steps: Array.from({ length: 200 }, () => ({ title: long, state: 'failed', message: long })),
    plays: Array.from({ length: 100 }, () => ({
      name: long,
      hosts: [long],
      tasks: 1,
      current: { role: long, task: long, counts: { ok: 1 } },
      failures: Array.from({ length: 50 }, () => ({
        host: long,
        task: long,
        status: 'failed',
        message: `${long}\n`.repeat(9),
      })),
      recap: Object.fromEntries(
        Array.from({ length: 200 }, (_, at) => [
          `${at}${long}`,
          { ok: 1, changed: 1, unreachable: 1, failed: 1, skipped: 0, rescued: 0, ignored: 0 },
        ]),
      ),
    })),
    notes: Array.from({ length: 100 }, () => long),
    summary: `${long}\n`.repeat(50),
    error: { code: 'INTERNAL', message: long, hint: long },
  };

  test.each([
    ['run', () => runMessage(huge, NOW)],
    ['play', () => playMessage(huge, 0)],
    ['failures', () => failuresMessage(huge)],
    ['summary', () => summaryMessage({ ...huge, state: 'failed', hosts: huge.plays[0]?.recap })],
    ['error', () => errorMessage(new StarsError('INTERNAL', long, { hint: long }))],
    ['answer', () => plainMessage(`${long}\n`.repeat(50))],
  ] as const)('never makes the %s message longer than Slack takes', (_name, build) => {
    const message = build();
    expect(message && checkMessage(message, 4_000)).toBeUndefined();
    expect(message?.text.length).toBeGreaterThan(0);
  });

  test.each([0, 1, 2, 3, 4])('is not cut inside a character or an escape (after %i letters)', (letters) => {
    const details = `${'x'.repeat(letters)}${'&'.repeat(900)}${'😀'.repeat(900)}`;
    const emoji = `${'x'.repeat(letters)}${'😀'.repeat(3_000)}`;
    for (const more of [details, emoji, '&'.repeat(3_000)]) {
      const text = JSON.stringify(plainMessage(more));
      expect(text).not.toMatch(/&(?!amp;|lt;|gt;)/);
      // JSON.stringify writes half a character as an escape.
      expect(text).not.toMatch(/\\ud[89a-f]/i);
    }
  });
});
