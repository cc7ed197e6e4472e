import type { JobSummary } from './schema.js';

/** The jobs with what they do now, and who waits for whom. */
export type JobGraph = { jobs: JobSummary[]; links: { parent: string; child: string }[] };

/** Rows `node,<name>,<status>,<state>` and `link,<parent>,<child>`. */
export function parseGraph(csv: string): JobGraph {
  const rows = csv.split('\n').map((row) => row.trim().split(','));
  return {
    jobs: rows.flatMap(([kind, name, status = 'fresh', state = 'idle']) =>
      kind === 'node' && name ? [{ name, status, state }] : [],
    ),
    links: rows.flatMap(([kind, parent, child]) => (kind === 'link' && parent && child ? [{ parent, child }] : [])),
  };
}
