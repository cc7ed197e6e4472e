import type { SubjectOf } from '../src/bot/command.js';
import type { Subject, SubjectHosts, SubjectTarget } from '../src/bot/subject.js';
import { asStarsError, StarsError } from '../src/errors.js';
import { readDefinitions } from '../src/home/definitions.js';
import type { Environment, Home, Target } from '../src/home/home.js';
import type { Resource } from '../src/model/lease.js';
import { appResource, jobResource } from './app-changes/app-resource.js';
import { hostsMatching } from './host-subject.js';

type Words = { target: string; limit?: string | undefined; extraVars: readonly string[] };

/** What rights look at in a deploy: its target, and the hosts that it can touch. */
export async function deploySubject({ args, home, environment }: SubjectOf<Words>): Promise<Subject> {
  const found = await home.resolveTarget(args.target);
  const targets = targetsOf(found);
  try {
    return { targets, hosts: await hostsOf(args, environment) };
  } catch (thrown) {
    return { targets, unknown: `Its hosts cannot be told: ${asStarsError(thrown).message}` };
  }
}

/** Whether it is an app or a job, which Marathon or Chronos brings about, and no host. */
export function isDefinition({ kind }: Target): boolean {
  return kind === 'app' || kind === 'job';
}

/** What a deploy of it locks: apps and jobs alone, for hosts everything. */
export async function deployResources(text: string, home: Home): Promise<readonly Resource[]> {
  const { kind, name, ids } = await home.resolveTarget(text);
  const names = ids.length > 0 ? ids : [name];
  if (kind === 'app') return names.map(appResource);
  return kind === 'job' ? names.map(jobResource) : ['*'];
}

type HostWords = {
  limit?: string | undefined;
  startAt?: string | undefined;
  serial?: string | undefined;
  split?: number | undefined;
  forks?: number | undefined;
  plan?: string | undefined;
  tags: readonly string[];
  skipTags: readonly string[];
  extraVars: readonly string[];
};

/** Checks an app's or job's file before anything is recorded: SYNTAX or CONFIG with its line; USAGE for flags of playbooks. */
export async function requireDeployable(words: HostWords, target: Target): Promise<void> {
  requireNoHostWords(words, target);
  await readDefinitions(target);
}

function requireNoHostWords(words: HostWords, { kind, name }: Target): void {
  const { limit, startAt, serial, split, forks, plan, tags, skipTags, extraVars } = words;
  const given = Object.entries({ limit, 'start-at': startAt, serial, split, forks, plan })
    .filter(([, value]) => value !== undefined)
    .map(([flag]) => flag);
  const lists = Object.entries({ tags, 'skip-tags': skipTags, 'extra-vars': extraVars })
    .filter(([, list]) => list.length > 0)
    .map(([flag]) => flag);
  const [first] = [...given, ...lists];
  if (first === undefined) return;
  throw new StarsError(
    'USAGE',
    `--${first} is for playbooks and roles; ${name} is ${kind === 'app' ? 'an app' : 'a job'}.`,
    {
      hint: 'Leave it out.',
    },
  );
}

function targetsOf({ kind, name, ids }: Target): SubjectTarget[] {
  const hasIds = (kind === 'app' || kind === 'job') && ids.length > 0;
  return hasIds ? ids.map((id) => ({ kind, name: id })) : [{ kind, name }];
}

async function hostsOf({ limit, extraVars }: Words, environment: Environment): Promise<SubjectHosts> {
  if (extraVars.length > 0) throw new StarsError('USAGE', 'what -e sets can send a run to other hosts.');
  return hostsMatching(limit, environment);
}
