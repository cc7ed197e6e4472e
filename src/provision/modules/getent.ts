import { quote } from '../../shell/command.js';
import { args, bool, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { dict } from './result.js';

export const getent = defineModule({
  name: 'getent',
  summary: "Read the host's passwd, group and other databases into facts.",
  args: args({
    database: text(),
    key: text().optional(),
    split: text().optional(),
    service: text().optional(),
    fail_key: bool().default(true),
  }),

  async plan({ database, key, split, fail_key: failKey }, context): Promise<Plan> {
    const words = [database, ...(key === undefined ? [] : [key])].map((word) => quote(word)).join(' ');
    // Where getent is missing, passwd and group are files of the same form.
    const answer = await context.fact({
      script: `if command -v getent >/dev/null; then getent ${words}; else cat ${quote(`/etc/${database}`)}; fi`,
      parse: ({ code, stdout }) => ({ code, lines: stdout.split('\n').filter(Boolean) }),
    });
    const colon = split ?? (['passwd', 'shadow', 'group', 'gshadow'].includes(database) ? ':' : undefined);
    const entries = answer.lines
      .map((line) => (colon === undefined ? line.split(/\s+/) : line.split(colon)))
      .filter(([name]) => key === undefined || name === key);
    if (entries.length === 0 && key !== undefined && failKey) {
      return { actions: [], failed: 'One or more supplied key could not be found in the database.' };
    }
    const found = new Map(entries.map(([name = '', ...rest]) => [name, rest] as const));
    const facts = dict({
      [`getent_${database}`]: entries.length === 0 && key !== undefined ? new Map([[key, null]]) : new Map(found),
    });
    return { actions: [], changed: false, setFacts: facts, result: dict({ ansible_facts: facts }) };
  },
});
