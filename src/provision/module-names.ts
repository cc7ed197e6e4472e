import { controlModules } from './control/index.js';
import type { AnyModule } from './module.js';

const BUILTIN = ['ansible.builtin', 'ansible.legacy'];

/**
 * The short name of the module that a task calls by this name; undefined when there is none. Every module also goes by the
 * names of ansible.builtin, from which Ansible leads to the collection that holds it now.
 */
export function moduleName(name: string, modules: ReadonlyMap<string, AnyModule>): string | undefined {
  const [, collection, short = name] = /^(\w+\.\w+)\.(\w+)$/.exec(name) ?? [];
  const module = modules.get(short);
  if (!module && !controlModules.has(short)) return undefined;
  const homes = [...BUILTIN, ...(module?.collection === undefined ? [] : [module.collection])];
  return collection === undefined || homes.includes(collection) ? short : undefined;
}
