import { search } from '@jmespath-community/jmespath';
import { filter, type Filter, required } from '../../jinja/filter.js';
import { toJson } from '../../jinja/json.js';
import { requireText } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import type { Value } from '../../jinja/value.js';
import { fromJson } from './notation.js';

/** `json_query` of community.general, which projects use as if it were Ansible's own. */
export const queryFilters: Record<string, Filter> = {
  json_query: filter(['expr'], query),
  'community.general.json_query': filter(['expr'], query),
};

function query(value: Value, { expr }: { expr?: Value | undefined }): Value {
  const expression = requireText(required(expr, 'expr'));
  return fromJson(answer(toJson(value), expression));
}

/** As JSON, which the data is too. */
function answer(data: string, expression: string): string {
  try {
    const parsed = JSON.parse(data, withoutPrototype) as Parameters<typeof search>[0];
    // Playbooks write texts as `text` too, which JMESPath once allowed.
    return JSON.stringify(search(parsed, expression, { enable_legacy_literals: true }) ?? null);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw templateError(
      `json_query cannot answer “${expression}”: ${why}`,
      'The language is described at jmespath.org.',
    );
  }
}

/** Else “constructor” and its like would be found in every dict. */
function withoutPrototype(_key: string, value: unknown): unknown {
  const isDict = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isDict ? Object.assign(Object.create(null) as object, value) : value;
}
