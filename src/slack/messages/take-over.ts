import type { KnownBlock } from '@slack/types';
import type { RunView } from '../../model/run-view.js';
import { menu } from './message.js';

const REASONS = ['It hangs', 'Its machine is cut off', 'It does harm', 'Something more urgent waits'];

/** For a run that waits for another: to take away what that one holds, once a reason is chosen and the question answered. */
export function takeOverMenu({ state, holder, environment }: RunView): KnownBlock[] {
  if (state !== 'queued' || holder === undefined || environment === null) return [];
  return menu({
    label: 'Take over …',
    asks: `Take away what run ${holder} holds? It ends as interrupted, possibly half done; what it has begun on hosts still ends there.`,
    choices: REASONS.map((label) => ({
      label,
      words: `unlock ${environment} --run ${holder} --reason "${label.toLowerCase()}"`,
    })),
  });
}
