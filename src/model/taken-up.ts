import type { RunRequest } from './run.js';

/** The run that a request goes on with or does again; a deploy says it among its words. */
export function takenUpBy({
  resumes,
  retries,
  args,
}: Pick<RunRequest, 'resumes' | 'retries' | 'args'>): string | undefined {
  const { continues } = args;
  return resumes ?? retries ?? (typeof continues === 'string' ? continues : undefined);
}
