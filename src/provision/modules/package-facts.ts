import type { ExecResult } from '../../connection/connection.js';
import type { Dict, Value } from '../../jinja/value.js';
import { args, choice, list } from '../arguments.js';
import { FOREIGN_LISTERS, PACKAGE_LISTERS, packagesDict } from '../facts/installed-packages.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { factWithin } from './environment.js';
import { dict } from './result.js';

export const packageFacts = defineModule({
  name: 'package_facts',
  summary: 'Put what is installed on the host into `ansible_facts.packages`.',
  checkMode: 'Reads only, so it does the same in check mode.',
  differences: [
    'With `auto`, Debian packages come before rpm ones on a host that has both, where Ansible has no certain order.',
    'No library of Python is needed: the programs of the package manager are asked.',
    'The `category` of a Debian package is the section it names itself: where the archive sorts it otherwise, finding out takes seconds.',
  ],
  args: args({
    manager: list()
      .default(['auto'])
      .describe('Package managers to ask in this order; `auto` stands for all that are known.'),
    strategy: choice('first', 'all')
      .default('first')
      .describe('Whether the first manager that the host has is enough, or all are asked.'),
  }),

  async plan({ manager, strategy }, context): Promise<Plan> {
    const wanted = manager.map((name) => name.toLowerCase());
    const names = [...new Set(wanted.flatMap((name) => (name === 'auto' ? Object.keys(PACKAGE_LISTERS) : [name])))];
    const unknown = names.filter((name) => !(name in PACKAGE_LISTERS) && !FOREIGN_LISTERS.has(name));
    if (unknown.length > 0)
      return { actions: [], failed: `Unsupported package managers requested: ${unknown.join(', ')}` };
    const found = await context.fact(factWithin(context, installed(names, strategy)));
    if (!found)
      return {
        actions: [],
        failed: `Could not detect a supported package manager from the following list: ${names.join(', ')}.`,
      };
    const facts = dict({ packages: found });
    return { actions: [], changed: false, setFacts: facts, result: dict({ ansible_facts: facts }) };
  },
});

/** The packages of the managers that the host has, by name; undefined when it has none of them. */
function installed(names: readonly string[], strategy: 'first' | 'all'): Fact<Dict | undefined> {
  const end = strategy === 'first' ? 'exit 0' : ':';
  const parts = names.flatMap((name) => {
    const lister = PACKAGE_LISTERS[name];
    return lister
      ? `if { ${lister.test}; } >/dev/null 2>&1; then echo stars-manager ${name}\n${lister.script}\n${end}; fi`
      : [];
  });
  return { script: `${parts.join('\n')}\n:`, parse: parseInstalled };
}

function parseInstalled({ stdout }: ExecResult): Dict | undefined {
  const [, ...answers] = stdout.split(/^stars-manager /m);
  if (answers.length === 0) return undefined;
  const packages: [Value, Value][] = answers.flatMap((answer) => {
    const [name = ''] = answer.split('\n', 1);
    const parsed = PACKAGE_LISTERS[name]?.parse(answer.slice(name.length + 1)) ?? [];
    return [...packagesDict(name, parsed)];
  });
  return new Map(packages);
}
