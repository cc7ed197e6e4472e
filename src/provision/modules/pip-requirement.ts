import { type VersionType, compareVersions } from '../../templating/version.js';

/** What one entry of `name` asks for. */
export type Requirement = {
  /** As pip gets it. */
  text: string;
  /** The package in the spelling by which packages are compared; undefined for an address or a path. */
  name: string | undefined;
  /** Versions that will do; none when any will. */
  versions: readonly VersionClause[];
  /** Whether name and versions say all there is: no extras, no address, no condition. */
  plain: boolean;
};

type VersionClause = { operator: Operator; version: string };
type Operator = (typeof OPERATORS)[number];
const OPERATORS = ['===', '==', '!=', '~=', '>=', '<=', '>', '<'] as const;

/** Packages out of names and versions in any mixture: `a>=1,<2` and `['a>=1', '<2']` are one. */
export function requirementsOf(names: readonly string[]): Requirement[] {
  const groups: string[][] = [];
  let inBrackets = false;
  for (const part of names.flatMap((name) => name.split(','))) {
    const last = groups.at(-1);
    if (last && (inBrackets || isVersion(part))) last.push(part);
    else groups.push([part]);
    if (part.includes('[')) inBrackets = true;
    if (part.includes(']')) inBrackets = false;
  }
  return groups.map((parts) => requirementOf(parts.join(',')));
}

function isVersion(part: string): boolean {
  return OPERATORS.some((operator) => part.trimStart().startsWith(operator));
}

/** The package with a version as the argument `version` says it: `1.0`, or with an operator. */
export function withVersion({ text }: Requirement, version: string): Requirement {
  const given = version.trimStart();
  return requirementOf(`${text}${/^\d/.test(given) ? '==' : ''}${given}`);
}

function requirementOf(text: string): Requirement {
  const unknown = { text: text.trim(), name: undefined, versions: [], plain: false };
  const [, name, extras, rest = ''] = /^\s*([a-z\d](?:[\w.-]*[a-z\d])?)\s*(\[[^\]]*\])?\s*(.*?)\s*$/is.exec(text) ?? [];
  if (name === undefined) return unknown;
  const [, address, specifier = '', condition] = /^(@[^;]*)?([^;]*)(;.*)?$/s.exec(rest) ?? [];
  const versions = clausesOf(specifier.trim().replace(/^\((.*)\)$/s, '$1'));
  if (versions === undefined) return unknown;
  const plain = extras === undefined && address === undefined && condition === undefined;
  return { text: text.trim(), name: comparableName(name), versions, plain };
}

function clausesOf(specifier: string): VersionClause[] | undefined {
  if (specifier === '') return [];
  const clauses = specifier.split(',').map((clause) => {
    const [, operator, version] = /^\s*(===|==|!=|~=|>=|<=|>|<)\s*(\S+)\s*$/.exec(clause) ?? [];
    return operator === undefined || version === undefined ? undefined : { operator: operator as Operator, version };
  });
  return clauses.every((clause) => clause !== undefined) ? clauses : undefined;
}

/** Python takes `-`, `_` and `.` in names for the same, and capitals for small letters. */
export function comparableName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** Whether a version is one of those asked for. */
export function satisfies(version: string, { versions }: Requirement): boolean {
  return versions.every((clause) => fits(version, clause));
}

const TYPE: VersionType = 'pep440';

function fits(version: string, { operator, version: wanted }: VersionClause): boolean {
  if (operator === '===') return version === wanted;
  if (wanted.endsWith('.*')) return hasPrefix(version, wanted.slice(0, -2)) === (operator !== '!=');
  try {
    const order = compareVersions(version, wanted, TYPE);
    switch (operator) {
      case '==':
        return order === 0;
      case '!=':
        return order !== 0;
      case '>=':
        return order >= 0;
      case '<=':
        return order <= 0;
      case '>':
        return order > 0 && (POST.test(wanted) || !POST.test(version) || !isOfOneRelease(version, wanted));
      case '<':
        return order < 0 && (PRE.test(wanted) || !PRE.test(version) || !isOfOneRelease(version, wanted));
      case '~=':
        return order >= 0 && hasPrefix(version, wanted.split('.').slice(0, -1).join('.'));
    }
  } catch {
    // What is no version in Python's sense fits no clause.
    return false;
  }
}

// What comes before or after a release is not meant by `<` and `>` that name the release itself.
const PRE = /\d[-_.]?(a|b|c|rc|alpha|beta|pre|preview|dev)/i;
const POST = /\d(-\d|[-_.]?(post|rev|r)\d)/i;

function isOfOneRelease(version: string, other: string): boolean {
  const [one = '', two = ''] = [version, other].map((text) => /^v?(\d+!)?\d+(\.\d+)*/i.exec(text)?.[0]);
  return compareVersions(one, two, TYPE) === 0;
}

function hasPrefix(version: string, prefix: string): boolean {
  const parts = (text: string) => text.replace(/^v/i, '').split('.');
  const own = parts(version);
  return parts(prefix).every((part, index) => Number(part) === Number(own[index] ?? 0));
}
