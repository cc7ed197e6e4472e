import { StarsError } from '../errors.js';
import { nearNames } from '../jinja/near-names.js';
import { str } from '../jinja/python-text.js';
import { createRegistry } from '../jinja/registry.js';
import { isText, truthy } from '../jinja/python-value.js';
import type { Value } from '../jinja/value.js';
import { configLookup } from './lookups/config.js';
import { fileLookups } from './lookups/file.js';
import { listLookups } from './lookups/list.js';
import type { LookupPlugin, LookupSurroundings, Options } from './lookups/plugin.js';
import { outsideLookups } from './lookups/outside.js';
import { variableLookups } from './lookups/variable.js';

/** The lookups of ansible-core 2.14, for `lookup()`, `query()` and `with_<name>`. */
export function createLookups(surroundings: LookupSurroundings) {
  const plugins = createRegistry<LookupPlugin>(
    listLookups,
    variableLookups(surroundings),
    fileLookups(surroundings),
    configLookup(surroundings),
    outsideLookups(surroundings),
  );

  /** What `query` gives. Throws UNSUPPORTED for names that do not exist. */
  function list(name: string, terms: readonly Value[], options: Options): Value[] {
    return find(name)(terms, options);
  }

  /** Throws UNSUPPORTED for names that do not exist. */
  function find(name: string): LookupPlugin {
    const short = name.startsWith('ansible.builtin.') ? name.slice('ansible.builtin.'.length) : name;
    const plugin = plugins.get(short);
    if (!plugin)
      throw new StarsError('UNSUPPORTED', `There is no lookup "${name}".`, {
        hint: nearNames(short, plugins.names()),
        missing: { kind: 'lookup', name: short },
      });
    return plugin;
  }

  /** What `lookup` gives: texts joined by commas, a single other value as it is, a list with `wantlist=True`. */
  function run(name: string, terms: readonly Value[], given: Options): Value {
    const wantList = truthy(given.get('wantlist') ?? false);
    const errors = str(given.get('errors') ?? 'strict');
    const options = new Map(
      [...given].filter(([key]) => key !== 'wantlist' && key !== 'errors' && key !== 'allow_unsafe'),
    );
    const found = forgiving(errors, () => list(name, terms, options));
    if (!found) return wantList ? [] : null;
    if (wantList || found.length === 0) return found;
    if (found.every(isText)) return found.map(str).join(',');
    return found.length === 1 ? (found[0] ?? null) : found;
  }

  function forgiving(errors: string, action: () => Value[]): Value[] | undefined {
    try {
      return action();
    } catch (thrown) {
      if (errors === 'strict' || !(thrown instanceof StarsError) || thrown.code !== 'TEMPLATE') throw thrown;
      if (errors === 'warn') surroundings.onDeprecation?.(`A lookup failed and is ignored: ${thrown.message}`);
      return undefined;
    }
  }

  return { list, run, require: find };
}
