import { templateError } from '../jinja/template-error.js';

export type VersionType = 'loose' | 'strict' | 'semver' | 'semantic' | 'pep440';

/** Compares two versions: below zero, zero or above. Throws TEMPLATE for texts that are no versions of the type. */
export function compareVersions(left: string, right: string, type: VersionType): number {
  switch (type) {
    case 'loose':
      return compareLoose(looseParts(left), looseParts(right), left, right);
    case 'strict':
      return compareKeys(strictKey(left), strictKey(right));
    case 'semver':
    case 'semantic':
      return compareSemantic(left, right);
    case 'pep440':
      return compareKeys(pep440Key(left), pep440Key(right));
  }
}

type Part = number | string;

function looseParts(version: string): Part[] {
  const parts = version.split(/(\d+|[a-z]+|\.)/).filter((part) => part && part !== '.');
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function compareLoose(a: Part[], b: Part[], left: string, right: string): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x, y] = [a[index] ?? 0, b[index] ?? 0];
    if (x === y) continue;
    if (typeof x !== typeof y)
      throw templateError(
        `Version comparison failed: "${left}" and "${right}" cannot be compared, a number meets a word.`,
      );
    return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

function strictKey(version: string): Part[] {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/.exec(version);
  if (!match) throw templateError(`Version comparison failed: invalid version number '${version}'`);
  const [, major, minor, patch = '0', stage, number = '0'] = match;
  return [Number(major), Number(minor), Number(patch), stage === undefined ? 2 : stage === 'b' ? 1 : 0, Number(number)];
}

const SEMVER =
  /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*))?(?:\+[\da-zA-Z.-]+)?$/;

function compareSemantic(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => {
    const match = SEMVER.exec(version);
    if (!match) throw templateError(`Version comparison failed: invalid semantic version '${version}'`);
    return match;
  });
  const numbers = compareKeys((a ?? []).slice(1, 4).map(Number), (b ?? []).slice(1, 4).map(Number));
  if (numbers !== 0) return numbers;
  const [before, after] = [a?.[4], b?.[4]];
  if (before === undefined || after === undefined) return before === after ? 0 : before === undefined ? 1 : -1;
  return comparePrerelease(before.split('.'), after.split('.'));
}

function comparePrerelease(a: string[], b: string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [x = '', y = ''] = [a[index], b[index]];
    if (x === y) continue;
    const [xNumber, yNumber] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (xNumber !== yNumber) return xNumber ? -1 : 1;
    return (xNumber ? Number(x) < Number(y) : x < y) ? -1 : 1;
  }
  return a.length - b.length;
}

const PEP440 =
  /^\s*v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(?:post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z\d]+(?:[-_.][a-z\d]+)*))?\s*$/i;
const STAGES: Record<string, number> = { a: 0, alpha: 0, b: 1, beta: 1, c: 2, rc: 2, pre: 2, preview: 2 };

function pep440Key(version: string): Part[] {
  const match = PEP440.exec(version);
  if (!match) throw templateError(`Version comparison failed: invalid version '${version}'`);
  const [all, epoch = '0', release = '', stage, stageNumber, implicitPost, post, dev, devNumber] = match;
  const numbers = release
    .replace(/(?:\.0+)+$/, '')
    .split('.')
    .map(Number);
  const padded = Array.from({ length: 20 }, (_, index) => numbers[index] ?? 0);
  const isPost = implicitPost !== undefined || post !== undefined || /post|rev|[-_.]r\d/i.test(all);
  // A development release comes before the pre-releases of its version, a plain release after them.
  const pre = stage === undefined ? (dev !== undefined && !isPost ? -1 : 3) : (STAGES[stage.toLowerCase()] ?? 0);
  const postNumber = isPost ? Number(implicitPost ?? post ?? 0) : -1;
  return [
    Number(epoch),
    ...padded,
    pre,
    Number(stageNumber || 0),
    postNumber,
    dev === undefined ? Infinity : Number(devNumber || 0),
  ];
}

function compareKeys(a: Part[], b: Part[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [x = 0, y = 0] = [a[index], b[index]];
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}
