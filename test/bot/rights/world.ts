import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createRights, type Rights } from '../../../src/bot/rights.js';
import { createManualClock, type ManualClock } from '../../../src/clock.js';
import { type Home, openHome } from '../../../src/home/home.js';
import { silentLog } from '../../../src/log.js';
import { type FakeSlack, type FakeSlackOptions, startFakeSlack } from '../../../src/sandbox/fake-slack/fake-slack.js';
import { openDirectory } from '../../../src/slack/open-directory.js';

export type World = { home: Home; rights: Rights; slack: FakeSlack; clock: ManualClock; stop(): Promise<void> };

export const COMMANDS = ['deploy', 'plan', 'restart', 'status', 'backup', 'compose'];

/** A stack with one of everything, and `kafka` as a playbook and as an app. */
const STACK = {
  'stack/site.yml': '- hosts: all\n',
  'stack/kafka.yml': '- hosts: workers\n',
  'stack/roles/zookeeper/tasks/main.yml': '',
  'stack/roles/docker/tasks/main.yml': '',
  'stack/conf/marathon/zeppelin.json': '{"id": "/zeppelin"}',
  'stack/conf/marathon/kafka.json': '{"id": "/kafka"}',
  'stack/conf/marathon/spark.json': '[{"id": "/spark/livy"}, {"id": "/spark/history"}]',
  'stack/conf/chronos/reindex.json': '{"name": "reindex"}',
};

/** A Stars home on disk, and a Slack that tells who people are. */
export async function createWorld(
  files: Record<string, string>,
  slackOptions: Partial<FakeSlackOptions> = {},
): Promise<World> {
  const clock = createManualClock();
  const slack = await startFakeSlack({ clock, log: silentLog, ...slackOptions });
  const folder = mkdtempSync(join(tmpdir(), 'stars-rights-'));
  for (const [name, text] of Object.entries({ ...STACK, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const env = { STARS_HOME: folder, HOME: folder, SLACK_BOT_TOKEN: slack.botToken, SLACK_API_URL: slack.url };
  const home = await openHome({ env, cwd: folder });
  const directory = openDirectory(home.settings.slack, { clock, log: silentLog });
  const rights = createRights({ home, directory, commands: COMMANDS });
  const stop = async () => {
    await slack.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { home, rights, slack, clock, stop };
}
