import type { Filter } from '../../jinja/filter.js';

const TESTS = [
  'failed',
  'succeeded',
  'success',
  'changed',
  'skipped',
  'version_compare',
  'match',
  'search',
  'regex',
] as const;

/** Before Ansible 2.9 tests could be written as filters (`result|failed`); people are told to write `result is failed`. */
export function legacyTestFilters(onDeprecation: ((message: string) => void) | undefined): Record<string, Filter> {
  return Object.fromEntries(
    TESTS.map((name) => [
      name,
      (value, args, kwargs, context) => {
        onDeprecation?.(`The test "${name}" is used as a filter; write "is ${name}".`);
        return context.test(name, value, args, kwargs);
      },
    ]),
  );
}
