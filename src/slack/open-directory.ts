import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Secret } from '../secret.js';
import type { Directory } from './directory.js';

type Settings = { botToken: Secret | undefined; apiUrl: string | undefined };

/** Slack's directory, where there is a token to ask with; Bolt, slow to load, is loaded once somebody has to be asked about. */
export function openDirectory({ botToken: token, apiUrl }: Settings, tools: { clock: Clock; log: Log }): Directory {
  let opened: Promise<Directory> | undefined;

  function open(): Promise<Directory> {
    if (!token) throw noSlack();
    opened ??= import('./directory.js').then(({ createDirectory }) => createDirectory({ token, apiUrl, ...tools }));
    return opened;
  }

  return {
    members: async (group) => (await open()).members(group),
    standing: async (user) => (await open()).standing(user),
  };
}

function noSlack(): StarsError {
  return new StarsError('CONFIG', 'There is no Slack to ask here.', {
    hint: 'Set SLACK_BOT_TOKEN or SLACK_BOT_TOKEN_FILE.',
  });
}
