import type { Value } from '../jinja/value.js';
import type { Play } from './playbook.js';
import { playbookError } from './playbook-error.js';
import { pythonText } from './python-text.js';

/** Whether hosts wait for each other after every task, never, or never and with at most `forks` of them in the play at a time. */
export type Strategy = 'linear' | 'free' | 'host_pinned';

/** The strategy of a play; UNSUPPORTED for one of a plugin. */
export function strategyOf({ keywords, where }: Pick<Play, 'keywords' | 'where'>): Strategy {
  const given: Value = keywords.get('strategy') ?? 'linear';
  const name = pythonText(given).replace(/^ansible\.builtin\./, '');
  if (name === 'linear' || name === 'free' || name === 'host_pinned') return name;
  // It stops at a task that failed to ask a person, and there is none at a terminal.
  if (name === 'debug') return 'linear';
  throw playbookError(
    `The strategy ${name} is not run by Stars.`,
    where,
    'Use linear, free or host_pinned, or leave it out.',
    'UNSUPPORTED',
  );
}
