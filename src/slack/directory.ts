import { z } from 'zod';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { Secret } from '../secret.js';
import { callFailure, createSlackClient, slackError } from './client.js';

/** What Slack knows of people and user groups at this moment, at most a minute old. */
export type Directory = {
  /** Slack user ids of the group's members. Throws CONFIG or SLACK when Slack cannot tell. */
  members(group: string): Promise<ReadonlySet<string>>;
  /** What a Slack user is in the bot's workspace. Throws CONFIG or SLACK when Slack cannot tell. */
  standing(user: string): Promise<'member' | 'guest' | 'outside'>;
};

export type DirectoryOptions = {
  token: Secret;
  apiUrl?: string | undefined;
  clock: Clock;
  log: Log;
  /** How long Slack may take for one answer. */
  timeoutMs?: number;
};

const KEEP_MS = 60_000;
const MOST_KEPT = 1_000;
const TIMEOUT_MS = 5_000;

const Members = z.object({ users: z.array(z.string()) });
const User = z.object({
  team_id: z.string().optional(),
  deleted: z.boolean().optional(),
  is_bot: z.boolean().optional(),
  is_stranger: z.boolean().optional(),
  is_restricted: z.boolean().optional(),
  is_ultra_restricted: z.boolean().optional(),
  enterprise_user: z.object({ teams: z.array(z.string()).optional() }).optional(),
});
const Team = z.object({ team_id: z.string() });

const NOT_HERE: ReadonlySet<string> = new Set(['user_not_found', 'user_not_visible', 'users_not_found']);

export function createDirectory({ token, apiUrl, clock, log, timeoutMs = TIMEOUT_MS }: DirectoryOptions): Directory {
  const client = createSlackClient(token, { apiUrl, log, timeoutMs });
  const members = remembered(askMembers, clock);
  const standing = remembered(askStanding, clock);
  const team = remembered(askTeam, clock, Number.POSITIVE_INFINITY);

  async function askMembers(group: string): Promise<ReadonlySet<string>> {
    try {
      return new Set(Members.parse(await client.usergroups.users.list({ usergroup: group })).users);
    } catch (thrown) {
      if (refusal(thrown) !== 'no_such_subteam') throw told(thrown);
      throw new StarsError('CONFIG', `Slack knows no user group ${group}.`, {
        hint: 'Compare the id with the group in Slack; a group that was switched off counts as none.',
        cause: thrown,
      });
    }
  }

  async function askStanding(id: string): Promise<'member' | 'guest' | 'outside'> {
    try {
      const [own, { user }] = await Promise.all([team('own'), client.users.info({ user: id })]);
      return standingOf(User.parse(user), own);
    } catch (thrown) {
      if (NOT_HERE.has(refusal(thrown) ?? '')) return 'outside';
      throw told(thrown);
    }
  }

  async function askTeam(): Promise<string> {
    return Team.parse(await client.auth.test()).team_id;
  }

  return { members, standing };
}

function standingOf(user: z.infer<typeof User>, team: string): 'member' | 'guest' | 'outside' {
  const ofTeam = user.team_id === team || user.enterprise_user?.teams?.includes(team);
  if (!ofTeam || user.is_stranger || user.deleted || user.is_bot) return 'outside';
  return user.is_restricted || user.is_ultra_restricted ? 'guest' : 'member';
}

function refusal(thrown: unknown): string | undefined {
  const failure = callFailure(thrown);
  return failure.kind === 'refused' ? failure.error : undefined;
}

function told(thrown: unknown): StarsError {
  if (thrown instanceof z.ZodError) return new StarsError('SLACK', 'Slack answered in a form that is not known.');
  return thrown instanceof StarsError ? thrown : slackError(callFailure(thrown), thrown);
}

/** Asks once for everybody who wants the same within `keepMs`; what failed is asked again the next time. */
function remembered<T>(ask: (id: string) => Promise<T>, clock: Clock, keepMs = KEEP_MS): (id: string) => Promise<T> {
  const answers = new Map<string, { askedMs: number; answer: Promise<T> }>();

  return function answerTo(id) {
    const nowMs = clock.now().getTime();
    const known = answers.get(id);
    // A clock that was set back would keep an answer for too long.
    if (known && nowMs >= known.askedMs && nowMs - known.askedMs < keepMs) return known.answer;
    const asked = { askedMs: nowMs, answer: ask(id) };
    answers.delete(id);
    answers.set(id, asked);
    const [oldest] = answers.keys();
    if (answers.size > MOST_KEPT && oldest !== undefined) answers.delete(oldest);
    asked.answer.catch(() => {
      if (answers.get(id) === asked) answers.delete(id);
    });
    return asked.answer;
  };
}
