import { StarsError } from '../../errors.js';
import { didYouMean } from '../../near-names.js';
import type { Backup } from '../folder.js';

export type Chosen = { only?: 'apps' | 'jobs' | undefined; app?: string | undefined; job?: string | undefined };

/** What of a backup is to be restored. */
export type Selection = {
  /** Whether anything of Marathon, or of Chronos, is. */
  apps: boolean;
  jobs: boolean;
  groups: boolean;
  app(id: string): boolean;
  job(name: string): boolean;
};

/** From the words of a person; USAGE when the backup has nothing of the name. */
export function selectionOf({ only, app, job }: Chosen, backup: Backup): Selection {
  const id = app === undefined ? undefined : appMeant(app, backup);
  const name = job === undefined ? undefined : jobMeant(job, backup);
  const one = id !== undefined || name !== undefined;
  const apps = one ? id !== undefined : only !== 'jobs';
  const jobs = one ? name !== undefined : only !== 'apps';
  return {
    apps,
    jobs: jobs && (backup.jobs.length > 0 || backup.manifest?.before !== undefined),
    groups: apps && !one,
    app: (other) => apps && (id === undefined || other === id),
    job: (other) => jobs && (name === undefined || other === name),
  };
}

/** Only by its whole id: rights are given for that. */
function appMeant(text: string, { apps, pods, name }: Backup): string {
  const ids = [...apps, ...pods].map((one) => String(one['id']));
  const id = `/${text.replace(/^\/+|\/+$/g, '')}`;
  if (ids.includes(id)) return id;
  const longer = ids.filter((other) => other.endsWith(id));
  const near = longer.length > 0 ? `Did you mean ${longer.join(' or ')}?` : didYouMean(id, ids);
  throw unknown(`app ${text}`, { name, near, all: ids });
}

function jobMeant(text: string, { jobs, name }: Backup): string {
  const names = jobs.map((job) => String(job['name']));
  if (names.includes(text)) return text;
  throw unknown(`job ${text}`, { name, near: didYouMean(text, names), all: names });
}

type Known = { name: string; near: string | undefined; all: readonly string[] };

function unknown(what: string, { name, near, all }: Known): StarsError {
  const list =
    all.length === 0 ? 'It has none.' : `It has ${all.slice(0, 20).join(', ')}${all.length > 20 ? ' and more' : ''}.`;
  return new StarsError('USAGE', `The backup ${name} has no ${what}.`, { hint: near ?? list });
}
