import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StarsError } from '../../src/errors.js';
import { createJinja, type RenderOptions } from '../../src/jinja/jinja.js';
import { reprFloat, str } from '../../src/jinja/python-text.js';
import { Float, Tuple, Unsafe, type Value } from '../../src/jinja/value.js';
import { createTemplar } from '../../src/templating/templar.js';
import { loadYaml } from '../../src/yaml/load-yaml.js';

const FIXTURES = join(process.cwd(), 'test/fixtures');

/** One question that the real Jinja2, ansible-core or PyYAML answers too. `options` are Jinja2's names. */
export type Case = {
  kind: 'template' | 'file' | 'when' | 'jinja' | 'yaml';
  source: string;
  options?: Record<string, boolean>;
};

/** `ok` holds the value with its types spelled out; that something is an error counts, not its words. */
export type Answer = { ok: unknown } | { error: string };

export function readFixture(name: string): string {
  return readFileSync(join(FIXTURES, name), 'utf8');
}

/** All cases of the corpus, in the order of the golden answers. */
export function corpus(): Case[] {
  return [
    ...[...lines('jinja/expressions.txt'), ...lines('jinja/mixtures.txt')].flatMap((line): Case[] => [
      { kind: 'template', source: `{{ ${line} }}` },
      { kind: 'template', source: `{{ [${line}] }}` },
    ]),
    ...blocks('jinja/templates.txt').map((source): Case => ({ kind: 'template', source })),
    ...blocks('jinja/files.txt').map((source): Case => ({ kind: 'file', source })),
    ...lines('jinja/conditions.txt').map((source): Case => ({ kind: 'when', source })),
    ...blocks('jinja/whitespace.txt').flatMap((source) =>
      settings().map((options): Case => ({ kind: 'jinja', source, options })),
    ),
    ...blocks('yaml/documents.txt').map((source): Case => ({ kind: 'yaml', source })),
  ];
}

function lines(name: string): string[] {
  return readFixture(name).split('\n').filter(Boolean);
}

function blocks(name: string): string[] {
  return readFixture(name)
    .split('\n====\n')
    .map((block) => block.replace(/⏎$/, '\n'));
}

/** Every combination of Jinja2's three switches for white space. */
function settings(): Record<string, boolean>[] {
  return Array.from({ length: 8 }, (_, bits) => ({
    trim_blocks: (bits & 1) > 0,
    lstrip_blocks: (bits & 2) > 0,
    keep_trailing_newline: (bits & 4) > 0,
  }));
}

/** What our own engine says. */
export function answer({ kind, source, options = {} }: Case, variables: Map<string, Value>): Answer {
  try {
    return { ok: typed(evaluate({ kind, source, options }, variables)) };
  } catch (thrown) {
    if (thrown instanceof StarsError && thrown.code !== 'INTERNAL') return { error: thrown.message };
    throw thrown;
  }
}

function evaluate({ kind, source, options = {} }: Case, variables: Map<string, Value>): Value {
  const templar = createTemplar({ lookup: (name) => variables.get(name), variableNames: () => variables.keys() });
  switch (kind) {
    case 'template':
      return templar.template(source);
    case 'file':
      return templar.renderTemplate(source, 'file.j2');
    case 'when':
      return templar.condition(source);
    case 'jinja':
      return createJinja().render(source, (name) => variables.get(name), renderOptions(options));
    case 'yaml':
      return loadYaml(source, { file: 'documents.yml' });
  }
}

function renderOptions(options: Record<string, boolean>): RenderOptions {
  return {
    trimBlocks: options['trim_blocks'] ?? false,
    lstripBlocks: options['lstrip_blocks'] ?? false,
    keepTrailingNewline: options['keep_trailing_newline'] ?? false,
  };
}

export function variables(): Map<string, Value> {
  const loaded = loadYaml(readFixture('jinja/vars.yml'), { file: 'vars.yml' });
  return loaded instanceof Map ? new Map([...loaded].map(([key, value]) => [str(key), value])) : new Map();
}

/** A value with its types spelled out, as JSON. */
export function typed(value: Value): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value instanceof Unsafe) return value.text;
  if (typeof value === 'number' || typeof value === 'bigint') return { int: String(value) };
  if (value instanceof Float) return { float: reprFloat(value.value) };
  if (value instanceof Tuple) return { tuple: Array.from(value, typed) };
  if (Array.isArray(value)) return { list: value.map(typed) };
  if (value instanceof Map) return { dict: [...value].map(([key, inner]) => [typed(key), typed(inner)]) };
  return { text: '?' };
}

/** The cases whose answers differ, with both answers. */
export function differences(cases: readonly Case[], expected: readonly Answer[]): unknown[] {
  const known = variables();
  return cases.flatMap((asked, index) => {
    const wanted = expected[index];
    const got = answer(asked, known);
    const same =
      wanted &&
      ('error' in wanted ? 'error' in got : 'ok' in got && JSON.stringify(got.ok) === JSON.stringify(wanted.ok));
    return same ? [] : [{ asked, wanted, got }];
  });
}
