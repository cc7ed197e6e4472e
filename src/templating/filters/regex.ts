import { type Bound, filter, type Filter, required } from '../../jinja/filter.js';
import { escapeRegex, replaceAll, toJsRegExp } from '../../jinja/python-regex.js';
import { str } from '../../jinja/python-text.js';
import { requireText, truthy } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import { Tuple, type Value } from '../../jinja/value.js';

/** Ansible's filters with Python regular expressions. */
export const regexFilters: Record<string, Filter> = {
  regex_replace: filter(['pattern', 'replacement', 'ignorecase', 'multiline'], (value, args) =>
    replaceAll(
      toJsRegExp(requireText(args['pattern'] ?? ''), `g${flags(args)}`),
      str(args['replacement'] ?? ''),
      str(value),
    ),
  ),
  regex_search: (value, args, kwargs) => {
    const [pattern, ...groups] = args;
    const bound = Object.fromEntries(kwargs);
    const wanted = groups.map((name) => groupName(str(name)));
    const match = toJsRegExp(requireText(required(pattern ?? kwargs.get('regex'), 'regex')), flags(bound)).exec(
      str(value),
    );
    if (!match) return null;
    return groups.length === 0 ? match[0] : wanted.map((name) => wantedGroup(match, name));
  },
  regex_findall: filter(['regex', 'multiline', 'ignorecase'], (value, args) => {
    const pattern = toJsRegExp(requireText(required(args['regex'], 'regex')), `g${flags(args)}`);
    return [...str(value).matchAll(pattern)].map((match) => {
      const groups = match.slice(1).map((group) => group ?? '');
      return groups.length === 0 ? match[0] : groups.length === 1 ? (groups[0] ?? '') : Tuple.from<Value>(groups);
    });
  }),
  regex_escape: filter(['re_type'], (value, { re_type: type }) => {
    if (type === undefined || type === 'python') return escapeRegex(str(value));
    if (type === 'posix_basic') return str(value).replace(/[\].[^$*\\]/g, '\\$&');
    throw templateError(`Invalid regex type (${str(type)})`);
  }),
};

function flags({ ignorecase, multiline }: Bound): string {
  return (truthy(ignorecase ?? false) ? 'i' : '') + (truthy(multiline ?? false) ? 'm' : '');
}

function groupName(reference: string): string {
  const named = /^\\g<(\S+)>/.exec(reference)?.[1];
  const numbered = /^\\(\d+)/.exec(reference)?.[1];
  const name = named ?? numbered;
  if (name === undefined) throw templateError(`"${reference}" names no group: write "\\\\1" or "\\\\g<name>".`);
  return name;
}

function wantedGroup(match: RegExpExecArray, name: string): Value {
  if (/^\d+$/.test(name)) {
    if (Number(name) >= match.length) throw templateError('no such group');
    return match[Number(name)] ?? null;
  }
  if (!match.groups || !Object.hasOwn(match.groups, name)) throw templateError('no such group');
  return match.groups[name] ?? null;
}
