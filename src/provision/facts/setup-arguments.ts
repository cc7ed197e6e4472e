import { StarsError } from '../../errors.js';
import type { Dict } from '../../jinja/value.js';
import { pythonText } from '../python-text.js';
import { COLLECTORS, EMPTY_COLLECTORS, MINIMAL } from './collectors.js';
import { SETUP_DEFAULTS, type SetupOptions } from './setup.js';

/** The modules that gather facts. */
export const GATHERING: ReadonlySet<string> = new Set(['setup', 'gather_facts']);

/** What a task's arguments ask `setup` for; `filter` picks among what was gathered. */
export type SetupArguments = { options: SetupOptions; filter: readonly string[] };

const KNOWN = ['gather_subset', 'gather_timeout', 'filter', 'fact_path'];
// Of gather_facts, and without effect.
const PARALLEL = 'parallel';

/** Throws PLAYBOOK with a sentence for a subset or an argument that does not exist. */
export function setupArguments(args: Dict): SetupArguments {
  for (const name of args.keys()) {
    if (name !== PARALLEL && !KNOWN.includes(pythonText(name)))
      throw new StarsError('PLAYBOOK', `setup has no argument “${pythonText(name)}”.`, {
        hint: `It takes ${KNOWN.join(', ')}.`,
      });
  }
  const given = words(args, 'gather_subset');
  const subset = given.length > 0 ? given : ['all'];
  const seconds = Number(args.get('gather_timeout') ?? SETUP_DEFAULTS.timeoutSeconds);
  return {
    options: {
      subset,
      collectors: collectorsOf(subset),
      factPath: pythonText(args.get('fact_path') ?? SETUP_DEFAULTS.factPath),
      timeoutSeconds: seconds > 0 ? Math.ceil(seconds) : SETUP_DEFAULTS.timeoutSeconds,
    },
    filter: words(args, 'filter').filter((word) => word !== '*'),
  };
}

function words(args: Dict, name: string): string[] {
  const value = args.get(name) ?? [];
  const items = Array.isArray(value) ? value : pythonText(value).split(',');
  return items.map((item) => pythonText(item).trim()).filter(Boolean);
}

/** Ansible's rule: the minimum, what is asked for, less what is refused unless it was asked for by its own name. */
function collectorsOf(subset: readonly string[]): string[] {
  const all = COLLECTORS.map(({ name }) => name);
  const chosen = new Set(MINIMAL);
  const refused = new Set<string>();
  const asked = new Set<string>();
  for (const word of subset) {
    const name = word.replace(/^!/, '');
    const group = name === 'all' ? all : name === 'min' ? MINIMAL : [collectorNamed(name)];
    if (word.startsWith('!')) {
      const spared = name === 'all' ? MINIMAL : [];
      for (const one of group) if (one !== undefined && !spared.includes(one)) refused.add(one);
      continue;
    }
    for (const one of group) {
      if (one === undefined) throw noSuchSubset(name);
      chosen.add(one);
      if (name !== 'all' && name !== 'min') asked.add(one);
    }
  }
  return withNeeds([...chosen].filter((name) => !refused.has(name) || asked.has(name)));
}

function collectorNamed(name: string): string | undefined {
  if (EMPTY_COLLECTORS.includes(name)) return name;
  return COLLECTORS.find((collector) => collector.name === name || collector.aliases?.includes(name))?.name;
}

function noSuchSubset(name: string): StarsError {
  const known = [...COLLECTORS.flatMap((one) => [one.name, ...(one.aliases ?? [])]), ...EMPTY_COLLECTORS];
  const message = `Bad subset '${name}' given to Ansible. gather_subset options allowed: all, ${known.sort().join(', ')}`;
  return new StarsError('PLAYBOOK', message);
}

function withNeeds(names: readonly string[]): string[] {
  return [...new Set(names.flatMap((name) => [...(COLLECTORS.find((one) => one.name === name)?.needs ?? []), name]))];
}

/** The facts whose names match, with or without `ansible_`; all of them without a filter. */
export function filteredFacts(facts: Dict, filter: readonly string[]): Dict {
  if (filter.length === 0) return facts;
  const patterns = filter.flatMap((word) => [
    namePattern(word),
    ...(/^(ansible_|facter|ohai)/.test(word) ? [] : [namePattern(`ansible_${word}`)]),
  ]);
  return new Map([...facts].filter(([name]) => patterns.some((pattern) => pattern.test(pythonText(name)))));
}

function namePattern(glob: string): RegExp {
  const source = glob.replaceAll(/\[(!?)([^\]]+)\]|[.+^${}()|\\*?]/g, (found, negated?: string, set?: string) => {
    if (set !== undefined) return `[${negated ? '^' : ''}${set.replaceAll('\\', '\\\\')}]`;
    return found === '*' ? '.*' : found === '?' ? '.' : `\\${found}`;
  });
  return new RegExp(`^${source}$`, 's');
}
