import { z } from 'zod';
import { YES_FLAG } from '../../src/bot/confirm.js';
import { TimeSpan } from '../time-span.js';
import { LOCK_FLAGS } from './ask-marathon.js';

/** The flags of every command that changes an app and follows the change, and what they become. */
export const CHANGE_FLAGS = {
  ...LOCK_FLAGS,
  ...YES_FLAG,
  wait: { takes: 'TIME', says: 'how long to wait before giving up, 10m unless told' },
};

export const ChangeArgs = {
  force: z.boolean().default(false),
  queue: z.boolean().default(false),
  yes: z.boolean().default(false),
  wait: TimeSpan.default(600_000),
};
