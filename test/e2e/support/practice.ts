import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../src/clock.js';
import { createSshConnect } from '../../../src/connection/ssh.js';
import { openHome } from '../../../src/home/home.js';
import { silentLog } from '../../../src/log.js';
import type { RunEvent } from '../../../src/model/run.js';
import { practiceClusters } from '../../../src/sandbox/practice-cluster.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/sandbox.js';
import { createRedactor, Secret } from '../../../src/secret.js';
import { serveSlack, type SlackService } from '../../../src/serve.js';
import { createStars, type Stars } from '../../../src/stars.js';
import { runOneCommand } from '../../../src/terminal/one-command.js';
import { createTerminal } from '../../../src/terminal/terminal.js';

/** What a command in a terminal left behind. */
export type Said = { status: number; out: string; error: string };

export type Practice = {
  sandbox: Sandbox;
  stars: Stars;
  /** The Stars home; its environment `sandbox` points at the sandbox. */
  home: string;
  dataFolder: string;
  /** Writes a file of the home, in `stack/` or elsewhere; gives its path. */
  write(path: string, text: string): string;
  /** Types `stars <words>` in a terminal of this process. */
  type(...words: string[]): Promise<Said>;
  /** The same with --json: the events that came out. */
  events(...words: string[]): Promise<{ status: number; events: RunEvent[]; error: string }>;
  /** One more process on the same store, as far as that can be had inside this one. */
  another(): Promise<Stars>;
  stop(): Promise<void>;
};

/** A sandbox of three masters and some workers, with a small stack of its own unless another one is named. */
export async function practise({
  workers = 2,
  stackFolder,
  slack,
  clock = systemClock,
  starsFile,
  bareHosts = true,
  vaultPassword,
}: Partial<Pick<SandboxOptions, 'workers' | 'stackFolder' | 'slack' | 'clock' | 'bareHosts'>> & {
  /** The home's stars.yml. */
  starsFile?: string;
  vaultPassword?: string;
} = {}): Promise<Practice> {
  const stack = mkdtempSync(join(tmpdir(), 'stars-e2e-'));
  for (const [name, text] of Object.entries(STACK)) writeFileSync(join(stack, name), text);
  const sandbox = await startSandbox({
    clock: systemClock,
    log: silentLog,
    stackFolder: stackFolder ?? stack,
    workers,
    bareHosts,
    ...(slack ? { slack } : {}),
  });
  if (vaultPassword !== undefined) writeFileSync(join(stack, '.vault_password.txt'), vaultPassword);
  const { home: folder } = sandbox.addresses;
  const redactor = createRedactor();
  if (starsFile !== undefined) writeFileSync(join(folder, 'stars.yml'), starsFile);
  const { botToken, url } = sandbox.slack;
  const env = { STARS_HOME: folder, HOME: stack, SLACK_BOT_TOKEN: botToken, SLACK_API_URL: url };
  const home = await openHome({ env, cwd: folder, redactor });
  const connect = createSshConnect({ log: silentLog, redactor });
  const adapters = { home, log: silentLog, connect, env: {}, startPractice: practiceClusters({ log: silentLog }) };
  const another = () => createStars({ ...adapters, clock: systemClock });
  const stars = await createStars({ ...adapters, clock });

  function write(path: string, text: string): string {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  async function type(...argv: string[]): Promise<Said> {
    const out = collector();
    const error = collector();
    const terminal = createTerminal(out.stream, error.stream);
    const status = await runOneCommand({ argv, bot: stars.bot, terminal });
    return { status, out: out.text(), error: error.text() };
  }

  async function events(...argv: string[]) {
    const { status, out, error } = await type(...argv, '--json');
    const lines = out.split('\n').filter((line) => line !== '');
    return { status, events: lines.map((line) => JSON.parse(line) as RunEvent), error };
  }

  async function stop(): Promise<void> {
    await stars.runs.close('The test is over.');
    await stars.close();
    await sandbox.stop();
    rmSync(stack, { recursive: true, force: true });
  }

  return { another, sandbox, stars, home: folder, dataFolder: home.dataFolder, write, type, events, stop };
}

/** Stars in the sandbox's Slack. */
export function inSlack(
  { sandbox: { slack }, stars }: Pick<Practice, 'sandbox' | 'stars'>,
  mode: 'socket' | 'http',
): Promise<SlackService> {
  const transport =
    mode === 'socket'
      ? { appToken: new Secret(slack.appToken) }
      : { signingSecret: new Secret(slack.signingSecret), port: 0 };
  return serveSlack({
    stars,
    clock: systemClock,
    log: silentLog,
    settings: { botToken: new Secret(slack.botToken), apiUrl: slack.url, ...transport },
  });
}

function collector() {
  let text = '';
  const stream = {
    write: (piece: string) => {
      text += piece;
      return true;
    },
    on: () => stream,
  };
  return { stream: stream as unknown as Pick<NodeJS.WriteStream, 'write' | 'on'>, text: () => text };
}

const STACK = {
  'motd.yml': `
- name: Message of the day
  hosts: workers
  become: true
  gather_facts: false
  tasks:
    - name: Write the message of the day
      copy:
        content: "hello from {{ inventory_hostname }}\\n"
        dest: /etc/motd
`,
  'slow.yml': `
- name: Slow
  hosts: workers
  gather_facts: false
  tasks:
    - name: Wait for a long time
      command: sleep 987
`,
};
