import { str } from '../jinja/python-text.js';
import { templateError } from '../jinja/template-error.js';
import { truthy } from '../jinja/python-value.js';
import { bind } from '../jinja/filter.js';
import { Undefined, type Value } from '../jinja/value.js';
import { formatTime, timeText } from './strftime.js';

type Lookup = (name: string, terms: readonly Value[], options: ReadonlyMap<string, Value>) => Value;

/** The functions Ansible adds to Jinja2's: lookup, query, q, now, undef. */
export function createGlobals({ lookup, now }: { lookup: Lookup; now: () => Date }): ReadonlyMap<string, Value> {
  const call = (args: Value[], kwargs: Map<string, Value>): Value => {
    const [name, ...terms] = args;
    if (name === undefined) throw templateError('lookup() needs the name of a lookup.');
    return lookup(str(name), terms, kwargs);
  };
  const query = {
    call: (args: Value[], kwargs: Map<string, Value>) => call(args, new Map([...kwargs, ['wantlist', true]])),
  };
  return new Map<string, Value>([
    ['lookup', { call }],
    ['query', query],
    ['q', query],
    [
      'now',
      {
        call(args, kwargs) {
          const { utc, fmt } = bind(['utc', 'fmt'], args, kwargs);
          const inUtc = utc !== undefined && truthy(utc);
          return fmt === undefined || fmt === null ? timeText(now(), inUtc) : formatTime(str(fmt), now(), inUtc);
        },
      },
    ],
    [
      'undef',
      {
        call(args, kwargs) {
          const { hint } = bind(['hint'], args, kwargs);
          return new Undefined('undef', hint ? str(hint) : 'Mandatory variable has not been overridden');
        },
      },
    ],
  ]);
}
