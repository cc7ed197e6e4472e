import { toIndex } from '../../jinja/arithmetic.js';
import { type Bound, filter, type Filter } from '../../jinja/filter.js';
import { toJson } from '../../jinja/json.js';
import { str } from '../../jinja/python-text.js';
import { isText, requireText, truthy } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import { Float, type Value } from '../../jinja/value.js';
import { dumpYaml } from '../../yaml/dump-yaml.js';
import { loadYaml, loadYamlDocuments } from '../../yaml/load-yaml.js';

const JSON_OPTIONS = [
  'indent',
  'sort_keys',
  'ensure_ascii',
  'separators',
  'vault_to_text',
  'preprocess_unsafe',
] as const;
const YAML_OPTIONS = [
  'indent',
  'sort_keys',
  'default_flow_style',
  'width',
  'explicit_start',
  'explicit_end',
  'allow_unicode',
  'canonical',
  'line_break',
  'encoding',
  'default_style',
  'version',
  'tags',
] as const;

/** Ansible's filters to and from JSON and YAML. */
export const notationFilters: Record<string, Filter> = {
  to_json: filter(JSON_OPTIONS, (value, args) => toJson(value, jsonLayout(args)), { verbatim: true, positional: 0 }),
  to_nice_json: filter(
    JSON_OPTIONS,
    (value, args) => toJson(value, jsonLayout({ indent: 4, sort_keys: true, ...args })),
    { verbatim: true, positional: 2 },
  ),
  from_json: filter([], (value) => fromJson(requireText(value))),
  to_yaml: filter(YAML_OPTIONS, (value, args) => dumpYaml(value, yamlLayout(args, undefined)), { verbatim: true }),
  to_nice_yaml: filter(YAML_OPTIONS, (value, args) => dumpYaml(value, yamlLayout({ indent: 4, ...args }, false)), {
    verbatim: true,
  }),
  from_yaml: filter([], (value) => (isText(value) ? loadYaml(str(value), { file: 'from_yaml' }) : value)),
  from_yaml_all: filter([], (value) =>
    isText(value) ? loadYamlDocuments(str(value), { file: 'from_yaml_all' }) : value,
  ),
};

function jsonLayout({ indent, sort_keys: sortKeys, ensure_ascii: ascii, separators }: Bound) {
  const pair = Array.isArray(separators) ? [...separators].map(str) : undefined;
  return {
    indent:
      indent === undefined || indent === null
        ? undefined
        : isText(indent)
          ? str(indent)
          : ' '.repeat(Math.max(0, toIndex(indent))),
    sortKeys: sortKeys !== undefined && truthy(sortKeys),
    ascii: ascii === undefined || truthy(ascii),
    ...(pair?.[0] === undefined ? {} : { itemSeparator: pair[0] }),
    ...(pair?.[1] === undefined ? {} : { keySeparator: pair[1] }),
  };
}

function yamlLayout(args: Bound, flowByDefault: boolean | undefined) {
  const flow = args['default_flow_style'];
  // PyYAML overlooks what is too narrow or too wide.
  const [wished, width] = [toIndex(args['indent'] ?? 2), toIndex(args['width'] ?? 80)];
  const indent = wished > 1 && wished < 10 ? wished : 2;
  return {
    indent,
    width: width > indent * 2 ? width : 80,
    sortKeys: args['sort_keys'] === undefined || truthy(args['sort_keys']),
    flow: flow === undefined ? flowByDefault : flow === null ? undefined : truthy(flow),
    explicitStart: truthy(args['explicit_start'] ?? false),
    explicitEnd: truthy(args['explicit_end'] ?? false),
  };
}

// JSON.parse decides what is JSON; the numbers are read again, because it loses 1.0 and large integers.
export function fromJson(text: string): Value {
  try {
    JSON.parse(text.replace(/\bNaN\b|-?\bInfinity\b/g, 'null'));
  } catch {
    throw templateError('This text is not valid JSON.');
  }
  return new JsonReader(text).value();
}

class JsonReader {
  #at = 0;

  constructor(private readonly text: string) {}

  value(): Value {
    const token = this.#token();
    if (token === '{') return this.#object();
    if (token === '[') return this.#array();
    if (token.startsWith('"')) return JSON.parse(token) as string;
    if (token === 'null') return null;
    if (token === 'true' || token === 'false') return token === 'true';
    if (token === 'NaN' || token.endsWith('Infinity')) return new Float(Number(token));
    if (/[.eE]/.test(token)) return new Float(Number(token));
    const whole = BigInt(token);
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
  }

  #token(): string {
    const pattern = /\s*("(?:[^"\\]|\\.)*"|-?Infinity|[-+.\w]+|[[\]{}:,])/sy;
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (!match) throw templateError('This text is not valid JSON.');
    this.#at += match[0].length;
    return match[1] ?? '';
  }

  #peek(closing: string): boolean {
    const at = this.#at;
    if (this.#token() === closing) return true;
    this.#at = at;
    return false;
  }

  #array(): Value {
    const list: Value[] = [];
    if (this.#peek(']')) return list;
    do list.push(this.value());
    while (this.#token() === ',');
    return list;
  }

  #object(): Value {
    const dict = new Map<Value, Value>();
    if (this.#peek('}')) return dict;
    do {
      const key = JSON.parse(this.#token()) as string;
      this.#token();
      dict.set(key, this.value());
    } while (this.#token() === ',');
    return dict;
  }
}
