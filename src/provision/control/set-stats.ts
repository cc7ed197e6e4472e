import type { Dict } from '../../jinja/value.js';
import { dictOf, isTrue } from '../task-result.js';
import { pythonText } from '../python-text.js';
import { type ControlCall, type ControlModule, type ControlResult, done, failed } from './call.js';
import { badName } from './facts.js';

export const setStats: ControlModule = { run };

/** Statistics of a run's own are for callback plugins, which Stars has none of: they are kept in the result alone. */
function run({ args }: ControlCall): ControlResult {
  const data = args.get('data') ?? (new Map() as Dict);
  if (!(data instanceof Map)) return failed("The 'data' option needs to be a dictionary/hash");
  for (const name of data.keys()) if (!/^[A-Za-z_]\w*$/.test(pythonText(name))) return failed(badName(name));
  const flag = (name: string, otherwise: boolean) => (args.has(name) ? isTrue(args.get(name)) : otherwise);
  const stats = { data, per_host: flag('per_host', false), aggregate: flag('aggregate', true) };
  return done({ ansible_stats: dictOf(stats) });
}
