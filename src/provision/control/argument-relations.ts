import { equals, truthy } from '../../jinja/python-value.js';
import type { Dict, Value } from '../../jinja/value.js';
import { pythonText } from '../python-text.js';

/** What a specification asks of arguments that go with or without each other, once their types and choices are checked. */
export function relationProblems(rules: Dict, values: ReadonlyMap<string, Value>, within: string): string[] {
  const has = (name: string) => values.has(name);
  const set = (name: string) => (values.get(name) ?? null) !== null;

  const together = groupsOf(rules, 'required_together').filter((names) => names.some(has) && !names.every(has));
  const oneOf = groupsOf(rules, 'required_one_of').filter((names) => !names.some(has));
  // Of each kind Ansible tells the first.
  return [
    together.map((names) => `parameters are required together: ${names.join(', ')}${within}`),
    oneOf.map((names) => `one of the following is required: ${names.join(', ')}${within}`),
    listsIn(rules.get('required_if')).flatMap(requiredIf),
    requiredBy(rules.get('required_by')),
  ].flatMap((problems) => problems.slice(0, 1));

  function requiredIf([name = '', wanted = null, needed = null, any = false]: readonly Value[]): string[] {
    const given = values.get(pythonText(name));
    const missing = namesIn(needed).filter((one) => !has(one));
    const enough = truthy(any) ? missing.length < namesIn(needed).length : missing.length === 0;
    if (given === undefined || !equals(given, wanted) || enough) return [];
    const which = truthy(any) ? 'any' : 'all';
    return [
      `${pythonText(name)} is ${pythonText(wanted)} but ${which} of the following are missing: ${missing.join(', ')}${within}`,
    ];
  }

  function requiredBy(given: Value | undefined): string[] {
    if (!(given instanceof Map)) return [];
    return [...given].flatMap(([name, needed]) => {
      const missing = namesIn(needed).filter((one) => !set(one));
      if (!set(pythonText(name)) || missing.length === 0) return [];
      return [`missing parameter(s) required by '${pythonText(name)}': ${missing.join(', ')}${within}`];
    });
  }
}

/** Arguments of which only one may be there; Ansible looks at them before all else. */
export function exclusionProblems(rules: Dict, values: ReadonlyMap<string, Value>, within: string): string[] {
  const clashing = groupsOf(rules, 'mutually_exclusive').filter(
    (names) => names.filter((name) => values.has(name)).length > 1,
  );
  if (clashing.length === 0) return [];
  return [`parameters are mutually exclusive: ${clashing.map((names) => names.join('|')).join(', ')}${within}`];
}

function groupsOf(rules: Dict, name: string): string[][] {
  return listsIn(rules.get(name)).map((group) => group.map(pythonText));
}

function listsIn(value: Value | undefined): Value[][] {
  return Array.isArray(value) ? [...value].map((one) => (Array.isArray(one) ? [...one] : [one])) : [];
}

function namesIn(value: Value): string[] {
  return Array.isArray(value) ? [...value].map(pythonText) : value === null ? [] : [pythonText(value)];
}
