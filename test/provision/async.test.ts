import { afterAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import { StarsError } from '../../src/errors.js';
import { poll } from '../../src/poll.js';
import { launchScript, parseStatus, statusScript } from '../../src/provision/async-script.js';
import { removeProjects, resultsOf, runIn, runPlaybook, saidBy, writeProject } from '../support/run-playbook.js';
import { localHost, shells } from './support/local-host.js';

afterAll(removeProjects);

const project = (tasks: string) => ({
  inventory: 'h1 ansible_async_dir="{{ base }}/jobs"\n',
  'site.yml': `- hosts: all\n  gather_facts: no\n  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}\n`,
});

/** Resolves once the file is there and not empty. */
function appears(folder: string, name: string): Promise<string> {
  const file = join(folder, 'out', name);
  return new Promise((resolve) => {
    const watcher = watch(join(folder, 'out'), look);
    look();
    function look() {
      if (!existsSync(file) || readFileSync(file, 'utf8') === '') return;
      watcher.close();
      resolve(readFileSync(file, 'utf8').trim());
    }
  });
}

const runs = (pid: string) => existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');

const UNTIL_GO = 'while [ ! -e {{ base }}/go ]; do sleep 0.05; done';

const ASK = `- async_status: jid={{ job.ansible_job_id }}
  register: r
  until: r.finished
  retries: 30
  delay: 1
  ignore_errors: yes
- debug: msg="{{ r.msg }} {{ r.failed }}"`;

describe('A job', () => {
  test('goes on after the run that started it, and its folder tells its process, beginning, output and end', async () => {
    const played = await runPlaybook(
      project(`- shell: echo said; ${UNTIL_GO}; echo over > {{ base }}/over\n  async: 60\n  poll: 0`),
    );
    expect(played.result?.failed).toBeUndefined();
    expect(played.notes).toEqual([
      'Jobs of this run (async with poll: 0) may still be at work on h1. They outlive the run and its locks: async_status tells how they end.',
    ]);
    const jobs = join(played.folder, 'out', 'jobs');
    const [id = ''] = readdirSync(jobs);
    expect(id).toMatch(/^j\d+\.\d+$/);
    const told = (name: string) => readFileSync(join(jobs, id, name), 'utf8').trim();
    expect(runs(told('pid'))).toBe(true);
    expect(Math.abs(Number(told('start')) - Date.now() / 1000)).toBeLessThan(3600);
    writeFileSync(join(played.folder, 'out', 'go'), '');
    await appears(played.folder, 'over');
    const later = await runIn(played.folder, {
      extraVars: [`job=${id}`],
      target: { playbook: write(played.folder, waiting('{{ job }}')) },
    });
    expect(saidBy(later)).toEqual(['h1: said 0 1']);
    expect(told('end')).toBe('0');
  });

  test.each(['', '..', '../jobs', 'a/b'])(
    'without a name is none: the others are left alone where “%s” is asked for or cleaned up',
    async (id) => {
      const played = await runPlaybook(
        project(`
- file: {path: "{{ base }}/jobs/j1.1", state: directory}
- {async_status: {jid: "${id}", mode: cleanup}, ignore_errors: yes, register: cleaned}
- {async_status: {jid: "${id}"}, ignore_errors: yes, register: asked}
- debug: msg="{{ cleaned.msg }}, {{ asked.msg }}"`),
      );
      expect(saidBy(played).at(-1)).toBe('h1: could not find job, could not find job');
      expect(existsSync(join(played.folder, 'out', 'jobs', 'j1.1'))).toBe(true);
    },
  );

  test('shows nothing of what it does to who looks at the processes of the host', async () => {
    const secret = 'hidden-7f3a';
    const played = await runPlaybook(
      project(`- shell: 'true ${secret}; ${UNTIL_GO}; echo over > {{ base }}/over'\n  async: 60\n  poll: 0`),
    );
    const lines = readdirSync('/proc').flatMap((pid) => (/^\d+$/.test(pid) ? [commandLine(pid)] : []));
    expect(lines.filter((line) => line.includes(secret))).toEqual([]);
    const [id = ''] = readdirSync(join(played.folder, 'out', 'jobs'));
    expect(readdirSync(join(played.folder, 'out', 'jobs', id))).not.toContain('job');
    writeFileSync(join(played.folder, 'out', 'go'), '');
    await appears(played.folder, 'over');
  });

  test('that is waited for ends with a run that is cancelled', async () => {
    const folder = writeProject(project('- shell: echo $$ > {{ base }}/pid; exec sleep 100\n  async: 200\n  poll: 1'));
    const abort = new AbortController();
    let pid = '';
    const clock = {
      ...systemClock,
      // Between two looks at the job nothing of the run is at work on the host.
      async sleep(ms: number, signal?: AbortSignal) {
        pid = await appears(folder, 'pid');
        expect(runs(pid)).toBe(true);
        abort.abort(new StarsError('CANCELLED', 'Cancelled by somebody.'));
        return systemClock.sleep(ms, signal);
      },
    };
    const running = runIn(folder, { signal: abort.signal, clock });
    expect((await running).error).toBeInstanceOf(Error);
    expect(runs(pid)).toBe(false);
  });

  test('that takes too long is ended, and the host keeps nothing of it', async () => {
    const played = await runPlaybook(
      project('- shell: echo $$ > {{ base }}/pid; exec sleep 100\n  async: 1\n  poll: 1'),
    );
    expect(resultsOf(played)[0]).toMatchObject({
      status: 'failed',
      message: 'async task did not complete within the requested time - 1s',
    });
    expect(runs(readFileSync(join(played.folder, 'out', 'pid'), 'utf8').trim())).toBe(false);
    expect(readdirSync(join(played.folder, 'out', 'jobs'))).toEqual([]);
  });

  test('that is waited for is looked at every 15 seconds where nobody says otherwise, and the host keeps nothing of it', async () => {
    const folder = writeProject(project(`- shell: ${UNTIL_GO}\n  async: 60`));
    const slept: number[] = [];
    const clock = {
      ...systemClock,
      async sleep(ms: number) {
        slept.push(ms);
        writeFileSync(join(folder, 'out', 'go'), '');
      },
    };
    expect((await runIn(folder, { clock })).result?.failed).toBeUndefined();
    expect(slept[0]).toBe(15_000);
    expect(readdirSync(join(folder, 'out', 'jobs'))).toEqual([]);
  });

  test('that nobody waits for ends itself when its time is over, and is told as failed', async () => {
    const played = await runPlaybook(
      project(`- shell: echo $$ > {{ base }}/pid; exec sleep 100
  async: 1
  poll: 0
  register: job
${ASK}
- shell: while kill -0 $(cat {{ base }}/pid); do sleep 0.1; done
  timeout: 20`),
    );
    expect(saidBy(played)[1]).toBe('h1: The job was ended because its time was over. True');
    expect(played.result?.failed).toBeUndefined();
    expect(played.notes).toEqual([]);
  });

  test('has a session of its own; one that was killed is told as gone', async () => {
    const played = await runPlaybook(
      project(`- shell: exec sleep 100
  async: 60
  poll: 0
  register: job
- shell: kill -KILL -$(cat {{ job.results_file }}/pid)
${ASK}`),
    );
    expect(saidBy(played)[1]).toBe('h1: The job is gone without having ended: was its host restarted? True');
  });

  test.each([
    ['unarchive', 'unarchive: {src: "{{ base }}/a.tar", dest: "{{ base }}"}'],
    ['copy', 'copy: {content: x, dest: "{{ base }}/made"}'],
    ['template', 'template: {src: a.j2, dest: "{{ base }}/made"}'],
    ['assemble', 'assemble: {src: "{{ base }}", dest: "{{ base }}/made"}'],
    ['fetch', 'fetch: {src: /etc/hostname, dest: "{{ base }}/made"}'],
    ['script', 'script: a.sh'],
    ['raw', 'raw: "true"'],
    ['wait_for_connection', 'wait_for_connection: {timeout: 1}'],
  ])('is not made of %s, of which a part runs on the controller, and nothing is done', async (_name, task) => {
    const played = await runPlaybook({
      ...project(`- command: tar -cf {{ base }}/a.tar -C / etc/hostname\n- ${task}\n  async: 30\n  poll: 1`),
      'a.j2': 'x',
      'a.sh': '#!/bin/sh\n',
    });
    expect(resultsOf(played)[1]).toMatchObject({
      status: 'failed',
      message: 'async is not supported for this task.',
    });
    expect(readdirSync(join(played.folder, 'out'))).toEqual(['a.tar']);
  });

  test.each(shells())('of several commands ends with the first that fails, under %s', async (...shell) => {
    const host = localHost({ shell });
    const folder = join(host.folder, 'job');
    const commands = ['echo one', 'echo two; echo why >&2; exit 3', `echo three >${host.folder}/three`];
    await host.run(launchScript({ folder: `"${folder}"`, commands, seconds: 60 }));
    const look = async () => parseStatus(await host.run(statusScript(`"${folder}"`)));
    const ended = async () => ((await look())?.state === 'running' ? undefined : look());
    expect(
      await poll(ended, { clock: systemClock, what: 'the end of the job', everyMs: 20, timeoutMs: 20_000 }),
    ).toEqual({
      state: 'ended',
      results: [
        { code: 0, stdout: 'one\n', stderr: '', truncated: false },
        { code: 3, stdout: 'two\n', stderr: 'why\n', truncated: false },
      ],
    });
    expect(existsSync(join(host.folder, 'three'))).toBe(false);
    host.remove();
  });

  test('runs in a plan where its task says so', async () => {
    const played = await runPlaybook(
      project(
        '- command: echo ran\n  async: 30\n  poll: 1\n  check_mode: no\n  register: r\n- debug: msg={{ r.stdout }}',
      ),
      { check: true },
    );
    expect(saidBy(played)).toEqual(['h1: ran']);
  });
});

const waiting = (id: string) =>
  project(
    `- async_status: jid=${id}\n  register: r\n  until: r.finished\n  retries: 100\n  delay: 0\n- debug: msg="{{ r.stdout }} {{ r.rc }} {{ r.finished }}"`,
  )['site.yml'];

function write(folder: string, text: string): string {
  const file = join(folder, 'project', 'later.yml');
  writeFileSync(file, text);
  return file;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    // It ended while we looked.
    return '';
  }
}
