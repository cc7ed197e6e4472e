import { StarsError } from '../../errors.js';
import type { Value } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, text } from '../arguments.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { factWithin, runWithin } from './environment.js';
import { dict } from './result.js';

export const debconf = defineModule({
  name: 'debconf',
  summary: 'Answer a question that a package of Debian asks when it is installed.',
  aliases: { pkg: 'name', selection: 'question', setting: 'question', answer: 'value' },
  needs: 'debconf, with debconf-show and debconf-set-selections',
  args: args({
    name: text().describe('The package.'),
    question: text().optional().describe('The question; without it, the answers there are become the result.'),
    vtype: choice('boolean', 'error', 'multiselect', 'note', 'password', 'seen', 'select', 'string', 'text', 'title')
      .optional()
      .describe('The kind of answer.'),
    value: text().optional().describe('The answer; it reaches the host by standard input.'),
    unseen: bool().default(false).describe('Whether the question still counts as not asked.'),
  }),

  async plan({ name, question, vtype, value, unseen }, context): Promise<Plan> {
    const given = [question, vtype, value].filter((one) => one !== undefined).length;
    if (given > 0 && given < 3)
      return { actions: [], failed: 'parameters are required together: question, vtype, value' };
    const answers = await context.fact(factWithin(context, answersOf(name)));
    if (question === undefined || vtype === undefined || value === undefined)
      return { actions: [], result: dict({ msg: '', current: new Map<Value, Value>(answers) }) };
    const before = answers.get(question);
    const plain = (text: string) => (vtype === 'boolean' ? text.toLowerCase() : text);
    const wanted = plain(value);
    if (before !== undefined && plain(before) === wanted)
      return { actions: [], result: dict({ msg: '', current: new Map<Value, Value>(answers) }) };
    const line = [name, question, vtype, before === undefined && vtype !== 'boolean' ? value : wanted].join(' ');
    const set = `printf '%s\\n' ${quote(line)} | debconf-set-selections${unseen ? ' -u' : ''}`;
    const previous = before === undefined ? [...answers, [question, ''] as const] : [[question, before] as const];
    // An answer is only repeated as it was given, and a password not at all.
    const current = before === undefined ? value : wanted;
    return {
      actions: [runWithin(context, { text: set })],
      ...(vtype === 'password'
        ? {}
        : { diff: { before: `${question}: ${before ?? ''}\n`, after: `${question}: ${current}\n` } }),
      result: dict({
        msg: '',
        current: new Map<Value, Value>([[question, current]]),
        previous: new Map<Value, Value>(previous),
      }),
    };
  },
});

function answersOf(name: string): Fact<ReadonlyMap<string, string>> {
  return {
    script: `debconf-show ${quote(name)}`,
    parse({ code, stdout, stderr }) {
      if (code !== 0) throw new StarsError('HOSTS_FAILED', stderr.trim() || 'debconf-show failed.');
      return new Map(
        stdout.split('\n').flatMap((line) => {
          const colon = line.indexOf(':');
          const question = line
            .slice(0, colon)
            .replace(/^\*+|\*+$/g, '')
            .trim();
          return colon === -1 ? [] : [[question, line.slice(colon + 1).trim()] as const];
        }),
      );
    },
  };
}
