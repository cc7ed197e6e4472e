import { argumentNames } from './arguments.js';
import { controlDefinitions, controlModules } from './control/index.js';
import type { AnyModule } from './module.js';
import { moduleName } from './module-names.js';
import type { KnownModules } from './task-module.js';

/** What playbooks may name: these modules and those that Stars does itself. */
export function knownModules(modules: ReadonlyMap<string, AnyModule>): KnownModules {
  const closed = [...controlDefinitions].filter(([, { others }]) => others === undefined);
  const argumentsOf = new Map([...closed, ...modules].map(([name, module]) => [name, argumentNames(module)]));
  return {
    find: (name) => moduleName(name, modules),
    names: () => [...modules.keys(), ...controlModules.keys()],
    freeForm: (name) => controlModules.get(name)?.freeForm === true || modules.get(name)?.freeForm !== undefined,
    argumentNames: (name) => argumentsOf.get(name),
  };
}
