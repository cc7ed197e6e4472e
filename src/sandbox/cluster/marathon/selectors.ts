import { badRequest } from './errors.js';

type Labels = Record<string, string>;

/** A label selector (`a`, `a==b`, `a!=b`, `a in (x,y)`, `a notin (x)`, joined by commas) as a test of labels. */
export function parseSelector(text: string): (labels: Labels) => boolean {
  const tests = splitSelectors(text).map(parseOne);
  return (labels) => tests.every((test) => test(labels));
}

function splitSelectors(text: string): string[] {
  return text.split(/,(?![^(]*\))/).map((part) => part.trim());
}

function parseOne(part: string): (labels: Labels) => boolean {
  const set = /^([^\s=!]+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(part);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    const isIn = (labels: Labels) => key in labels && values.includes(labels[key] ?? '');
    return operator === 'in' ? isIn : (labels) => key in labels && !isIn(labels);
  }
  const equality = /^([^\s=!]+)\s*(==|!=|=)\s*(\S+)$/.exec(part);
  if (equality) {
    const [, key = '', operator, value] = equality;
    return operator === '!=' ? (labels) => key in labels && labels[key] !== value : (labels) => labels[key] === value;
  }
  if (/^[^\s=!()]+$/.test(part)) return (labels) => part in labels;
  throw badRequest(`Can not parse label selector ${part}. Reason: string matching regex expected`);
}
