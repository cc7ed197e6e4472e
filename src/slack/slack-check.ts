import type { Clock } from '../clock.js';
import { asStarsError } from '../errors.js';
import type { Log } from '../log.js';
import { type Check, failed, ok, warning } from '../model/check.js';
import type { Secret } from '../secret.js';
import { callFailure, createSlackClient, isNotInvited, type SlackClient, slackError } from './client.js';
import { createDirectory } from './directory.js';
import { SCOPES } from './scopes.js';

export type SlackCheckOptions = {
  botToken: Secret;
  appToken: Secret | undefined;
  signingSecret: Secret | undefined;
  apiUrl: string | undefined;
  /** As the configuration names them: ids or names. */
  channels: readonly string[];
  /** User groups that rights are given to. */
  groups: readonly string[];
  clock: Clock;
  log: Log;
};

const TIMEOUT_MS = 5_000;

/** Whether Slack takes the tokens, what they may do, and whether the channels and groups of the configuration are there. */
export async function checkSlack(options: SlackCheckOptions): Promise<Check[]> {
  const { botToken: token, apiUrl, clock, log, channels, groups } = options;
  const client = createSlackClient(token, { apiUrl, log, timeoutMs: TIMEOUT_MS });
  const directory = createDirectory({ token, apiUrl, clock, log });
  try {
    const { user, team, response_metadata: metadata } = await client.auth.test();
    const reached = [ok(`Slack knows the bot as ${user ?? '?'} of ${team ?? '?'}.`), ...checkScopes(metadata?.scopes)];
    const others = await Promise.all([
      checkDelivery(options),
      ...channels.map((channel) => checkChannel(client, channel)),
      ...groups.map((group) => checkGroup(group, () => directory.members(group))),
    ]);
    return [...reached, ...others];
  } catch (thrown) {
    return [inWords('', thrown)];
  }
}

function checkScopes(granted: readonly string[] | undefined): Check[] {
  if (!granted) return [warning('Slack does not tell which scopes the bot has.', 'Compare them with manifest.yml.')];
  const missing = Object.entries(SCOPES).filter(([scope]) => !granted.includes(scope));
  if (missing.length === 0) return [ok('The bot has every scope of manifest.yml.')];
  const hint = 'Add it under OAuth & Permissions of the app, and install the app again.';
  return missing.map(([scope, { for: what, needed }]) =>
    (needed === 'always' ? failed : warning)(`The scope ${scope} is missing: ${what}.`, hint),
  );
}

/** Whether anything that people type can arrive. */
async function checkDelivery({ appToken, signingSecret, apiUrl, log }: SlackCheckOptions): Promise<Check> {
  if (!appToken && signingSecret)
    return ok('Requests come over HTTP, signed; whether Slack reaches it only Slack knows.');
  if (!appToken)
    return failed(
      'Nothing says how Slack reaches Stars.',
      'Set SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP).',
    );
  try {
    // The address that it gives is used by nobody and expires.
    await createSlackClient(appToken, { apiUrl, log, timeoutMs: TIMEOUT_MS }).apps.connections.open({});
    return ok('Slack takes the app token for Socket Mode.');
  } catch (thrown) {
    return inWords('SLACK_APP_TOKEN: ', thrown);
  }
}

async function checkChannel(client: SlackClient, channel: string): Promise<Check> {
  if (!/^[CGD][A-Z\d]{2,}$/.test(channel))
    return warning(
      `The channel ${channel} is named, which anybody can change, so nothing can be said about it.`,
      'Write its id (C…): it stands at the end of “View channel details”.',
    );
  try {
    const { channel: found } = await client.conversations.info({ channel });
    const name = found?.name ?? channel;
    if (found?.is_archived) return failed(`The channel ${name} (${channel}) is archived.`, 'Name another one.');
    if (found?.is_member || found?.is_im) return ok(`Stars is a member of the channel ${name} (${channel}).`);
    return failed(`Stars is no member of the channel ${name} (${channel}).`, 'Invite it there: /invite @stars');
  } catch (thrown) {
    if (!isNotInvited(callFailure(thrown))) return inWords(`The channel ${channel}: `, thrown);
    const says = `The channel ${channel} does not exist, or it is private and Stars is no member.`;
    return failed(says, 'Compare the id; into a private channel somebody in it has to invite the bot: /invite @stars');
  }
}

async function checkGroup(group: string, members: () => Promise<ReadonlySet<string>>): Promise<Check> {
  try {
    const { size } = await members();
    if (size === 0) return warning(`The user group ${group}, to which rights are given, has no members.`);
    return ok(`The user group ${group}, to which rights are given, has ${size} ${size === 1 ? 'member' : 'members'}.`);
  } catch (thrown) {
    const { message, hint } = asStarsError(thrown);
    return failed(`The user group ${group}: ${message}`, hint);
  }
}

function inWords(before: string, thrown: unknown): Check {
  const { message, hint } = slackError(callFailure(thrown), thrown);
  return failed(`${before}${message}`, hint);
}
