import { toJsRegExp } from '../../jinja/python-regex.js';
import { str } from '../../jinja/python-text.js';
import { templateError, undefinedError } from '../../jinja/template-error.js';
import { isText } from '../../jinja/python-value.js';
import { Undefined, type Value } from '../../jinja/value.js';
import type { LookupPlugin, LookupSurroundings } from './plugin.js';

/** Lookups of variables, of environment variables and of the inventory. */
export function variableLookups({
  variable,
  variableNames,
  hostNames = () => [],
  environment = {},
}: LookupSurroundings): Record<string, LookupPlugin> {
  return {
    env: (terms, options) =>
      terms.map((term) => environmentVariable(str(term).split(/\s/)[0] ?? '', options.get('default'))),
    vars: (terms, options) => terms.map((term) => variableNamed(term, options.get('default'))),
    inventory_hostnames: (terms) => [...hostNames(terms.map(str))],
    varnames: (terms) => {
      const names = [...(variableNames?.() ?? [])];
      return terms.flatMap((term) => {
        const pattern = toJsRegExp(str(term));
        return names.filter((name) => pattern.test(name));
      });
    },
  };

  function environmentVariable(name: string, fallback: Value | undefined): Value {
    const value = environment[name];
    if (value !== undefined) return value;
    if (fallback instanceof Undefined)
      throw undefinedError(new Undefined(name, `The 'env' lookup, found an undefined variable: ${name}`));
    return fallback ?? '';
  }

  function variableNamed(term: Value, fallback: Value | undefined): Value {
    if (!isText(term)) throw templateError('The lookup "vars" needs the names of variables.');
    const value = variable(str(term));
    if (value instanceof Undefined && fallback === undefined) throw undefinedError(value);
    const found = value instanceof Undefined ? undefined : value;
    if (found !== undefined) return found;
    if (fallback !== undefined) return fallback;
    throw undefinedError(new Undefined(str(term), `No variable found with this name: ${str(term)}`));
  }
}
