import { StarsError } from '../../errors.js';
import { equals } from '../../jinja/python-value.js';
import { Float, type Dict, type Value } from '../../jinja/value.js';
import { typeName } from '../../jinja/python-value.js';
import { loadYaml } from '../../yaml/load-yaml.js';
import { isTrue } from '../task-result.js';
import { exclusionProblems, relationProblems } from './argument-relations.js';
import { pythonText } from '../python-text.js';
import { type ControlCall, type ControlModule, type ControlResult, done, failed } from './call.js';

export const argumentSpec: ControlModule = { run };

function run({ args, templar }: ControlCall): ControlResult {
  const spec = args.get('argument_spec');
  if (!(spec instanceof Map))
    throw new StarsError('PLAYBOOK', 'validate_argument_spec needs argument_spec, a mapping.');
  const provided = args.get('provided_arguments') ?? new Map<Value, Value>();
  if (!(provided instanceof Map))
    throw new StarsError('PLAYBOOK', 'provided_arguments of validate_argument_spec must be a mapping.');
  const given: Dict = new Map();
  for (const name of spec.keys()) {
    const value = templar.variable(pythonText(name));
    if (value !== undefined) given.set(name, value);
  }
  const problems = allProblems(spec, new Map([...given, ...provided]));
  const context = args.get('validate_args_context') ?? new Map<Value, Value>();
  if (problems.length === 0) return done({ validate_args_context: context, msg: 'The arg spec validation passed' });
  return failed(`Validation of arguments failed:\n${problems.join('\n')}`, {
    validate_args_context: context,
    argument_spec_data: spec,
    argument_errors: problems,
  });
}

/** Arguments that a specification does not know, by their paths, and those that it does. */
type Unknown = { path: string; known: string[] };

/** What is wrong with arguments by Ansible's rules of a specification; those that it does not know come last. */
function allProblems(spec: Dict, given: Dict): string[] {
  const unknown: Unknown[] = [];
  const problems = problemsOf(new Map([['options', spec]]), given, { place: [], unknown });
  const [first] = unknown.sort((a, b) => (a.path < b.path ? -1 : 1));
  if (!first) return problems;
  const paths = unknown.map(({ path }) => path).join(', ');
  return [...problems, `${paths}. Supported parameters include: ${first.known.join(', ')}.`];
}

/** `place` are the names of the arguments that hold these. */
type Around = { place: readonly string[]; unknown: Unknown[] };

/** `holder` has the specification as its options, and says how they go together. */
function problemsOf(holder: Dict, given: Dict, { place, unknown }: Around): string[] {
  const within = place.length === 0 ? '' : ` found in ${place.join(' -> ')}`;
  const names = new Map<string, Dict>([...rulesOf(holder.get('options') ?? null)].map(namedRules));
  const values = withDefaults(names, withoutAliases(names, given));
  const missing = [...names].filter(([name, rules]) => isTrue(rules.get('required')) && !values.has(name));
  for (const name of values.keys())
    if (!names.has(name)) unknown.push({ path: [...place, name].join('.'), known: [...names.keys()].sort() });
  const of = (problems: (name: string, rules: Dict, value: Value) => string[]) =>
    [...names].flatMap(([name, rules]) => {
      const value = values.get(name);
      return value === undefined ? [] : problems(name, rules, value);
    });
  return [
    ...exclusionProblems(holder, values, within),
    ...(missing.length > 0
      ? [
          `missing required arguments: ${missing
            .map(([name]) => name)
            .sort()
            .join(', ')}${within}`,
        ]
      : []),
    ...of((name, rules, value) => typeProblems(name, rules, value, within)),
    ...of((name, rules, value) => choiceProblems(name, rules, value, within)),
    ...relationProblems(holder, values, within),
    ...of((name, rules, value) => innerProblems(rules, value, { place: [...place, name], unknown })),
  ];
}

function namedRules([name, rules]: [Value, Value]): [string, Dict] {
  return [pythonText(name), rulesOf(rules)];
}

function rulesOf(rules: Value): Dict {
  return rules instanceof Map ? rules : new Map();
}

function withoutAliases(names: ReadonlyMap<string, Dict>, given: Dict): Map<string, Value> {
  const byAlias = new Map(
    [...names].flatMap(([name, rules]) =>
      listOf(rules.get('aliases')).map((alias) => [pythonText(alias), name] as const),
    ),
  );
  return new Map([...given].map(([key, value]) => [byAlias.get(pythonText(key)) ?? pythonText(key), value]));
}

/** Arguments that are not given have their defaults by the time others ask for them. */
function withDefaults(names: ReadonlyMap<string, Dict>, given: Map<string, Value>): Map<string, Value> {
  const defaults = [...names].flatMap(([name, rules]): [string, Value][] => {
    const value = rules.get('default') ?? null;
    return value === null || given.has(name) ? [] : [[name, value]];
  });
  return new Map([...given, ...defaults]);
}

function typeProblems(name: string, rules: Dict, value: Value, within: string): string[] {
  if (value === null) return [];
  const wanted = pythonText(rules.get('type') ?? 'str');
  const converted = convert(wanted, value);
  if (converted === undefined)
    return [
      `argument '${name}' is of type ${typeName(value)}${within} and we were unable to convert to ${wanted}: ${pythonText(value)}`,
    ];
  const elements = rules.get('elements');
  if (elements === undefined || !Array.isArray(converted)) return [];
  const wrong = converted.find((item) => convert(pythonText(elements), item) === undefined);
  if (wrong === undefined) return [];
  return [
    `Elements value for option '${name}'${within} is of type ${typeName(wrong)} and we were unable to convert to ${pythonText(elements)}`,
  ];
}

/** The value by its own type; as it was where it is of another. */
function converted(rules: Dict, value: Value): Value {
  return convert(pythonText(rules.get('type') ?? 'str'), value) ?? value;
}

function choiceProblems(name: string, rules: Dict, given: Value, within: string): string[] {
  const choices = listOf(rules.get('choices'));
  if (choices.length === 0) return [];
  const shown = choices.map(pythonText).join(', ');
  const known = (one: Value) => choices.some((choice) => equals(choice, one));
  const value = given === null ? null : converted(rules, given);
  if (!Array.isArray(value)) {
    const got = value === null ? 'None' : pythonText(value);
    return known(value) ? [] : [`value of ${name} must be one of: ${shown}, got: ${got}${within}`];
  }
  const others = value.filter((one) => !known(one));
  if (others.length === 0) return [];
  return [
    `value of ${name} must be one or more of: ${shown}. Got no match for: ${others.map(pythonText).join(', ')}${within}`,
  ];
}

function innerProblems(rules: Dict, value: Value, around: Around): string[] {
  if (!(rules.get('options') instanceof Map) || value === null) return [];
  const whole = converted(rules, value);
  return (Array.isArray(whole) ? [...whole] : [whole]).flatMap((item) => {
    const dict = convert('dict', item);
    return dict instanceof Map ? problemsOf(rules, dict, around) : [];
  });
}

/** The value as an argument of this type; undefined when Ansible cannot make one of it. */
function convert(type: string, value: Value): Value | undefined {
  switch (type) {
    case 'bool':
      return boolean(value);
    case 'int':
      return integer(value);
    case 'float':
      return isNumeric(value) || (typeof value === 'string' && numeric(value)) ? value : undefined;
    case 'list':
      return list(value);
    case 'dict':
      return value instanceof Map ? value : typeof value === 'string' ? dictOfText(value) : undefined;
    case 'str':
    case 'path':
      return value instanceof Map || Array.isArray(value) ? (type === 'str' ? value : undefined) : pythonText(value);
    default:
      return value;
  }
}

const BOOLEANS = /^(y|yes|on|1|true|t|n|no|off|0|false|f)$/i;

function boolean(value: Value): Value | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string' && BOOLEANS.test(value)) return isTrue(value);
  return value === 0 || value === 1 ? value === 1 : undefined;
}

function integer(value: Value): Value | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (value instanceof Float) return Number.isInteger(value.value) ? value.value : undefined;
  return typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : undefined;
}

function isNumeric(value: Value): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Float;
}

function numeric(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function list(value: Value): Value | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return value.split(',');
  return isNumeric(value) ? [pythonText(value)] : undefined;
}

function dictOfText(text: string): Value | undefined {
  if (text.trim().startsWith('{')) return parsed(text);
  const pairs = text.split(/[\s,]+/).filter((pair) => pair !== '');
  if (pairs.length === 0 || !pairs.every((pair) => pair.includes('='))) return undefined;
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

function parsed(text: string): Value | undefined {
  try {
    const value = loadYaml(text, { file: 'an argument' });
    return value instanceof Map ? value : undefined;
  } catch {
    return undefined;
  }
}

function listOf(value: Value | undefined): Value[] {
  return value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
}
