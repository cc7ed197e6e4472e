import type { Dict, Value } from '../../jinja/value.js';
import { protect } from '../../templating/unsafe.js';
import { addFacts } from '../host-run.js';
import { dictOf, isTrue } from '../task-result.js';
import { pythonText } from '../python-text.js';
import { type ControlCall, type ControlModule, type ControlResult, failed } from './call.js';

export const setFact: ControlModule = { run: keepFacts };

export const setup: ControlModule = { run: gather };

export const gatherFacts: ControlModule = { run: gather };

export const ping: ControlModule = {
  async run({ args, connect }) {
    await connect();
    return { result: dictOf({ ping: args.get('data') ?? 'pong', changed: false }) };
  },
};

const TRUE_WORDS = new Set(['true', 'yes']);
const FALSE_WORDS = new Set(['false', 'no']);

function keepFacts({ args, hosts, templar, where }: ControlCall): ControlResult {
  const facts: Dict = new Map();
  for (const [written, value] of args) {
    const name = templar.template(written, where);
    if (name === 'cacheable') continue;
    if (!/^[A-Za-z_]\w*$/.test(pythonText(name))) return failed(badName(name));
    const word = typeof value === 'string' ? value.toLowerCase() : '';
    facts.set(name, TRUE_WORDS.has(word) ? true : FALSE_WORDS.has(word) ? false : protect(value));
  }
  if (facts.size === 0)
    return failed('No key/value pairs provided, at least one is required for this action to succeed');
  for (const host of hosts) {
    for (const [name, value] of facts) host.setFacts.set(name, value);
    if (isTrue(args.get('cacheable'))) addFacts(host, facts);
  }
  return withFacts(facts);
}

/** Why a text cannot be the name of a variable. */
export function badName(name: Value): string {
  return `The variable name '${pythonText(name)}' is not valid: it must start with a letter or underscore and hold only letters, digits and underscores.`;
}

async function gather({ args, gatherFacts: ask }: ControlCall): Promise<ControlResult> {
  return withFacts(await ask(args));
}

function withFacts(facts: Dict): ControlResult {
  return {
    result: new Map<Value, Value>([
      ['ansible_facts', facts],
      ['changed', false],
      ['failed', false],
    ]),
  };
}
