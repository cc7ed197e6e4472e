import { z } from 'zod';
import { problem } from './checked-file.js';

/** A Slack user id (`U…`), a Slack user group id (`S…`), `terminal:<login>`, `schedule:<name>`, or `everyone`. */
const Who = z.string().check((context) => {
  if (/^(?:[UW][A-Z\d]{2,}|S[A-Z\d]{2,}|(?:terminal|schedule):[\w.-]+|everyone)$/.test(context.value)) return;
  context.issues.push({
    ...problem(
      '{name} must be an id that Slack can confirm',
      'Write a Slack user id (U…), a user group id (S…), terminal:<login>, schedule:<name> or everyone. Names can be changed by anybody, ids cannot.',
    ),
    input: context.value,
  });
});

export const People = z.array(Who);

const Patterns = z.array(z.string().trim().min(1)).min(1);

/** Lets people do more than the lists say; nothing takes away. */
const Rule = z.strictObject({
  who: People.min(1),
  /** Names of commands, or of rights for all commands that need them. */
  may: z.array(z.string().min(1)).min(1),
  /** Globs of what a request has to be about: `zeppelin`, `role:*`, `job:reindex`. */
  targets: Patterns.optional(),
  /** Ansible's host patterns, within which every host of a request has to be. */
  hosts: Patterns.optional(),
});

export type Rule = z.infer<typeof Rule>;

/** Who may look, change running services, and change hosts; what is left out is decided by stars.yml. */
export const Access = z.strictObject({
  read: People.optional(),
  operate: People.optional(),
  provision: People.optional(),
  rules: z.array(Rule).optional(),
});

export type Access = z.infer<typeof Access>;
