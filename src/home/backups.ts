import { z } from 'zod';
import { problem } from './checked-file.js';
import { SecretReference } from './secret-reference.js';

const Keep = z.strictObject({
  count: z.int().min(1).max(10_000).default(100),
  days: z.int().min(1).max(36_500).default(90),
});

const Bucket = z.strictObject({
  /** Of the service, without the bucket: `https://s3.eu-central-1.amazonaws.com`. */
  endpoint: z.url({ protocol: /^https?$/ }),
  name: z.string().min(1),
  region: z.string().min(1).default('us-east-1'),
  /** What the keys of all objects begin with. */
  prefix: z
    .string()
    .refine((text) => /^[\w.-]+(?:\/[\w.-]+)*$/.test(text), {
      error: '{name} must be folder names, such as stars or a/b',
    })
    .optional(),
  accessKeyId: SecretReference,
  secretAccessKey: SecretReference,
  /** A copy goes when there are so many newer ones, or when it is so old; all stay when left out. */
  keep: Keep.optional(),
});

const Push = z.strictObject({
  /** An address that git may push to as the user of Stars, without being asked anything. */
  push: z
    .string()
    .min(1)
    .refine((text) => !text.startsWith('-'), { error: '{name} must be an address such as git@host:team/backups.git' })
    .check(({ value, issues }) => {
      if (!/^\w+:\/\/[^/@]*:[^/@]*@/.test(value)) return;
      const hint = 'Give the user of Stars an SSH key or a credential helper instead.';
      // Without the address: there is a password in it.
      issues.push({ ...problem('{name} must not have a password in it', hint), input: undefined });
    }),
  branch: z
    .string()
    .refine((text) => /^\w[\w./-]{0,99}$/.test(text), { error: '{name} must be the name of a branch' })
    .default('main'),
});

/** How backups of an environment are kept; everything may be left out. */
export const Backups = z.strictObject({
  /** A backup goes when there are so many newer ones, or when it is so old. */
  keep: Keep.prefault({}),
  /** A loss of more apps or jobs than this share is warned about. */
  warnAtLossPercent: z.int().min(1).max(100).default(20),
  /** Paths of ZooKeeper that are saved with all below them, to be looked at; nothing is ever written there. */
  zookeeper: z
    .array(
      z.string().refine((text) => /^\/(?:[^/\s]+(?:\/[^/\s]+)*)?$/.test(text), {
        error: '{name} must be a path such as /marathon',
      }),
    )
    .default([]),
  /** Commits each backup to the git repository in the folder of backups, and may push it from there. */
  git: z.union([z.boolean(), Push]).default(false),
  bucket: Bucket.optional(),
});

export type Backups = z.infer<typeof Backups>;
