import type { Value } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { dict } from './result.js';

export const getent = defineModule({
  name: 'getent',
  summary: "Read the host's passwd, group and other databases into facts.",
  needs: 'getent, or else the files in /etc',
  checkMode: 'Reads only, so it does the same in check mode.',
  args: args({
    database: text().describe('Name of the database, such as `passwd`.'),
    key: text().optional().describe('The one entry to read; all when not given.'),
    split: text().optional().describe('Character between the fields of an entry, where it is not the usual one.'),
    service: text().optional().describe('Service of the name switch to ask in place of those the host names.'),
    fail_key: bool().default(true).describe('Fail when there is no such entry.'),
  }),

  async plan({ database, key, split, service, fail_key: failKey }, context): Promise<Plan> {
    const asked = service === undefined ? '' : `-s ${quote(service)} `;
    const words = [database, ...(key === undefined ? [] : [key])].map((word) => quote(word)).join(' ');
    // Where getent is missing, passwd and group are files of the same form.
    const answer = await context.fact({
      script: `if command -v getent >/dev/null; then getent ${asked}${words}; else cat ${quote(`/etc/${database}`)}; fi`,
      parse: ({ code, stdout }) => ({ code, lines: stdout.split('\n').filter(Boolean) }),
    });
    const refusal = REFUSALS[answer.code];
    if (refusal !== undefined) return { actions: [], failed: refusal };
    const colon = split ?? (['passwd', 'shadow', 'group', 'gshadow'].includes(database) ? ':' : undefined);
    const entries = answer.lines
      .map((line) => (colon === undefined ? line.split(/\s+/) : line.split(colon)))
      .filter(([name]) => key === undefined || name === key || colon === undefined);
    if (entries.length === 0 && key !== undefined && failKey) {
      return { actions: [], failed: 'One or more supplied key could not be found in the database.' };
    }
    const found = new Map<string, Value>();
    // Several entries of one name become a list of them, as with Ansible.
    for (const name of new Set(entries.map(([first = '']) => first))) {
      const rests = entries.filter(([first]) => first === name).map(([, ...rest]) => rest);
      found.set(name, rests.length === 1 ? (rests[0] ?? []) : rests);
    }
    const missing = entries.length === 0 && key !== undefined;
    const msg = missing ? { msg: 'One or more supplied key could not be found in the database.' } : {};
    const facts = dict({
      [`getent_${database}`]: missing ? new Map([[key, null]]) : new Map(found),
    });
    return { actions: [], changed: false, setFacts: facts, result: dict({ ansible_facts: facts, ...msg }) };
  },
});

/** What getent says by its exit code. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'Missing arguments, or database unknown.',
  3: 'Enumeration not supported on this database.',
};
