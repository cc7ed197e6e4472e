import { lstatSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type Bound, required, test, type Test } from '../jinja/filter.js';
import { toJsRegExp } from '../jinja/python-regex.js';
import { str } from '../jinja/python-text.js';
import {
  contains,
  dictGet,
  equals,
  isText,
  iterate,
  requireText,
  toNumber,
  truthy,
  typeName,
} from '../jinja/python-value.js';
import { templateError, undefinedError } from '../jinja/template-error.js';
import { Undefined, type Value, VaultText } from '../jinja/value.js';
import { splitUrl } from './filters/url.js';
import { compareVersions, type VersionType } from './version.js';

const COMPARISONS: Record<string, (order: number) => boolean> = {
  '==': (order) => order === 0,
  '=': (order) => order === 0,
  eq: (order) => order === 0,
  '!=': (order) => order !== 0,
  '<>': (order) => order !== 0,
  ne: (order) => order !== 0,
  '<': (order) => order < 0,
  lt: (order) => order < 0,
  '<=': (order) => order <= 0,
  le: (order) => order <= 0,
  '>': (order) => order > 0,
  gt: (order) => order > 0,
  '>=': (order) => order >= 0,
  ge: (order) => order >= 0,
};
const VERSION_TYPES: readonly string[] = ['loose', 'strict', 'semver', 'semantic', 'pep440'] satisfies VersionType[];

function resultTests(): Record<string, Test> {
  const field = (name: string, key = name): Test =>
    test([], (value) => truthy(dictGet(result(value, name), key) ?? false));
  const failed = field('failed');
  const skipped = field('skipped');
  const changed = test([], isChanged);
  const unreachable = field('unreachable');
  const not =
    (inner: Test): Test =>
    (...args) =>
      !inner(...args);
  const flag = (name: string): Test => test([], (value) => equals(dictGet(result(value, name), name) ?? 1, 1));
  return {
    failed,
    failure: failed,
    succeeded: not(failed),
    success: not(failed),
    successful: not(failed),
    unreachable,
    reachable: not(unreachable),
    skipped,
    skip: skipped,
    changed,
    change: changed,
    started: flag('started'),
    finished: flag('finished'),
  };
}

function result(value: Value, name: string): Map<Value, Value> {
  if (value instanceof Undefined) throw undefinedError(value);
  if (!(value instanceof Map)) throw templateError(`The '${name}' test expects a dictionary`);
  return value;
}

function isChanged(value: Value): boolean {
  const dict = result(value, 'changed');
  const own = dictGet(dict, 'changed');
  if (own !== undefined) return truthy(own);
  const results = dictGet(dict, 'results');
  return (
    Array.isArray(results) && results.some((item) => item instanceof Map && truthy(dictGet(item, 'changed') ?? false))
  );
}

function textTests(): Record<string, Test> {
  const version = test(['version', 'operator', 'strict', 'version_type'], isVersion);
  const search = (anchor: string): Test =>
    test(['pattern', 'ignorecase', 'multiline'], (value, args) => matches(value, args, anchor));
  return {
    version,
    version_compare: version,
    match: search('y'),
    search: search(''),
    regex: test(['pattern', 'ignorecase', 'multiline', 'match_type'], (value, { match_type: type, ...args }) => {
      const how = str(type ?? 'search');
      if (how !== 'fullmatch') return matches(value, args, how === 'match' ? 'y' : '');
      return matches(value, { ...args, pattern: `(?:${requireText(args['pattern'] ?? '')})\\Z` }, 'y');
    }),
    url: test(['schemes'], (value, { schemes }) => {
      const found = uri(value, schemes);
      return found !== undefined && (found.netloc !== '' || found.scheme === 'file');
    }),
    uri: test(['schemes'], (value, { schemes }) => uri(value, schemes) !== undefined),
    urn: test([], (value) => uri(value, ['urn']) !== undefined),
    vault_encrypted: test([], (value) => {
      if (value instanceof Undefined) throw undefinedError(value);
      return value instanceof VaultText;
    }),
    truthy: test(['convert_bool'], isTruthy),
    falsy: test(['convert_bool'], (value, args) => !isTruthy(value, args)),
    nan: test([], isNotANumber),
    isnan: test([], isNotANumber),
  };
}

/** Nearly every text is one to Python, and so are nothing and zero; undefined when the value is none, or of another scheme. */
function uri(value: Value, schemes: Value | undefined): { scheme: string; netloc: string } | undefined {
  const text = isText(value) ? str(value) : value === null || value === false || toNumber(value) === 0 ? '' : undefined;
  if (text === undefined) return undefined;
  const { scheme, netloc } = splitUrl(text);
  if (netloc.includes('[') !== netloc.includes(']')) return undefined;
  const wanted = schemes === undefined || schemes instanceof Undefined || !truthy(schemes) || contains(schemes, scheme);
  return wanted ? { scheme, netloc } : undefined;
}

function isNotANumber(value: Value): boolean {
  if (value instanceof Undefined) throw undefinedError(value);
  return Number.isNaN(Number(toNumber(value) ?? 0));
}

function matches(value: Value, { pattern, ignorecase, multiline }: Bound, anchor: string): boolean {
  const flags = (truthy(ignorecase ?? false) ? 'i' : '') + (truthy(multiline ?? false) ? 'm' : '') + anchor;
  return toJsRegExp(requireText(pattern ?? ''), flags).test(str(value));
}

function isVersion(value: Value, { version, operator, strict, version_type: type }: Bound): boolean {
  if (strict !== undefined && strict !== null && type !== undefined && type !== null) {
    throw templateError("Cannot specify both 'strict' and 'version_type'");
  }
  if (!truthy(value)) throw templateError('Input version value cannot be empty');
  if (!truthy(version ?? null)) throw templateError('Version parameter to compare against cannot be empty');
  const chosen = truthy(strict ?? false) ? 'strict' : str(type ?? 'loose');
  if (!VERSION_TYPES.includes(chosen))
    throw templateError(`Invalid version type (${chosen}). Must be one of ${VERSION_TYPES.join(', ')}.`);
  const name = str(operator ?? 'eq');
  const holds = Object.hasOwn(COMPARISONS, name) ? COMPARISONS[name] : undefined;
  if (!holds)
    throw templateError(`Invalid operator type (${name}). Must be one of ${Object.keys(COMPARISONS).join(', ')}.`);
  return holds(compareVersions(str(value), str(version ?? ''), chosen as VersionType));
}

function isTruthy(value: Value, { convert_bool: convert }: Bound): boolean {
  if (!truthy(convert ?? false) || !isText(value)) return truthy(value);
  const word = str(value).toLowerCase().trim();
  if (['y', 'yes', 'on', '1', 'true', 't', '1.0'].includes(word)) return true;
  return ['n', 'no', 'off', '0', 'false', 'f', '0.0'].includes(word) ? false : truthy(value);
}

function listTests(): Record<string, Test> {
  const within = (part: Value, whole: Value) => iterate(part).every((item) => contains([...iterate(whole)], item));
  const subset = test(['b'], (value, { b }) => within(value, required(b, 'b')));
  const superset = test(['b'], (value, { b }) => within(required(b, 'b'), value));
  return {
    subset,
    issubset: subset,
    superset,
    issuperset: superset,
    contains: test(['value'], (value, { value: part }) => contains(value, required(part, 'value'))),
    any: test([], (value) => iterate(value).some(truthy)),
    all: test([], (value) => iterate(value).every(truthy)),
  };
}

function fileTests(): Record<string, Test> {
  const onPath = (holds: (path: string) => boolean): Test =>
    test([], (value) => {
      if (!isText(value)) throw templateError(`A path is needed here, not ${typeName(value)}.`);
      return holds(str(value));
    });
  const stat = (path: string) => statSync(path, { throwIfNoEntry: false });
  const file = onPath((path) => stat(path)?.isFile() ?? false);
  const directory = onPath((path) => stat(path)?.isDirectory() ?? false);
  const link = onPath((path) => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false);
  const absolute = onPath(isAbsolute);
  const mount = onPath((path) => stat(path)?.isDirectory() === true && stat(`${path}/..`)?.dev !== stat(path)?.dev);
  const same = test(['f2'], (value, { f2 }) => {
    const path = required(f2, 'f2');
    const [a, b] = [stat(str(value)), stat(str(path))];
    if (!a || !b) throw templateError(`There is no file ${str(a ? path : value)}.`);
    return a.ino === b.ino && a.dev === b.dev;
  });
  return {
    file,
    is_file: file,
    directory,
    is_dir: directory,
    link,
    is_link: link,
    exists: onPath((path) => stat(path) !== undefined),
    link_exists: onPath((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined),
    abs: absolute,
    is_abs: absolute,
    mount,
    is_mount: mount,
    same_file: same,
    is_same_file: same,
  };
}

/** The tests of ansible-core 2.14 that Jinja2 does not have itself. */
export const ansibleTests: Readonly<Record<string, Test>> = {
  ...resultTests(),
  ...textTests(),
  ...listTests(),
  ...fileTests(),
};
