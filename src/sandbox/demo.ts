import { writeFileSync } from 'node:fs';
import type { Clock } from '../clock.js';
import type { Connect } from '../connection/connection.js';
import { openHome } from '../home/home.js';
import type { Log } from '../log.js';
import { serveSlack } from '../serve.js';
import { createStars } from '../stars.js';
import { Secret } from '../secret.js';
import type { FakeSlack } from './fake-slack/fake-slack.js';
import { startSandbox } from './sandbox.js';
import { threadPicture } from './thread-picture.js';

export type DemoOptions = {
  clock: Clock;
  log: Log;
  connect: Connect;
  stackFolder: string;
  out(text: string): void;
  /** Where a picture of the first thread goes. */
  pictureFile?: string | undefined;
};

/** What the demo types into the channel #deploys. */
const DEMO_COMMANDS = ['deploy workers sandbox', 'status sandbox', 'restart zeppelin sandbox', 'backup sandbox'];

/** Plays the commands in a sandbox, through the same Slack adapter as production, and prints the channel. Resolves with the exit status. */
export async function playDemo({ clock, log, connect, stackFolder, out, pictureFile }: DemoOptions): Promise<number> {
  const sandbox = await startSandbox({ clock, log, stackFolder });
  const { slack } = sandbox;
  const home = await openHome({
    env: {
      STARS_HOME: sandbox.addresses.home,
      HOME: process.env['HOME'],
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_API_URL: slack.url,
    },
    cwd: sandbox.addresses.home,
  });
  const stars = await createStars({ home, clock, log, connect, env: process.env });
  const service = await serveSlack({
    stars,
    clock,
    log,
    settings: {
      botToken: new Secret(slack.botToken),
      appToken: new Secret(slack.appToken),
      apiUrl: slack.url,
      clientPingTimeoutMs: 1_000,
    },
  });
  try {
    out(
      'A practice cluster in this process: 3 masters, 5 workers, Marathon, Chronos, Mesos, Mesos-DNS, ZooKeeper and Slack.\n',
    );
    for (const command of DEMO_COMMANDS) {
      out(`ada types: /stars ${command}`);
      await slack.say(command, { channel: 'deploys' });
      await service.idle();
    }
    out('');
    out(slack.transcript('deploys'));
    out(
      '\nThe demo keeps nothing: these runs are gone. “npx stars deploy workers sandbox” makes one that “npx stars show last” tells.',
    );
    if (pictureFile) writeFileSync(pictureFile, pictureOf(slack));
    const runs = await stars.store.list({ limit: DEMO_COMMANDS.length });
    return runs.length === DEMO_COMMANDS.length && runs.every(({ state }) => state === 'succeeded') ? 0 : 1;
  } finally {
    await service.stop();
    await stars.close();
    await sandbox.stop();
  }
}

function pictureOf(slack: FakeSlack): string {
  const root = slack.messages('deploys').find(({ threadTs }) => !threadTs);
  return threadPicture(root ? slack.thread(root.ts) : [], { U0ADA: 'ada' });
}
