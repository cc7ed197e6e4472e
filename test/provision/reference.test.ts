import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argumentOutlines } from '../../src/provision/argument-outline.js';
import { type ArgumentKind, moduleArguments } from '../../src/provision/arguments.js';
import { controlDefinitions, controlModules } from '../../src/provision/control/index.js';
import { modules } from '../../src/provision/modules/index.js';
import { referencePages } from '../../src/provision/reference.js';

const FOLDER = resolve(import.meta.dirname, '..', '..', 'docs', 'modules');
const definitions = [...new Set([...modules.values(), ...controlDefinitions.values()])];

test('the committed pages are what the definitions give; `npm run docs` writes them', () => {
  const committed = new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]));
  const made = referencePages();
  expect([...committed.keys()].sort()).toEqual([...made.keys()].sort());
  for (const [name, text] of made) expect({ name, text: committed.get(name) }).toEqual({ name, text });
});

test('every argument says in a sentence what it means', () => {
  const silent = definitions.flatMap((module) =>
    argumentOutlines(module)
      .filter(({ description }) => !/^[A-Z`].*[.]$/.test(description ?? ''))
      .map(({ name }) => `${module.name}: ${name}`),
  );
  expect(silent).toEqual([]);
});

test('every module, difference and check mode is told in sentences', () => {
  for (const { summary, differences = [], checkMode } of definitions) {
    for (const text of [summary, ...differences, ...(checkMode === undefined ? [] : [checkMode])]) {
      expect(text).toMatch(/^[A-Z`].*[.]$/);
    }
  }
});

test('each default of the reference is what a task without the argument gets', () => {
  for (const module of definitions) {
    const outlines = argumentOutlines(module);
    const required = outlines.filter((argument) => argument.required).map(({ name, ...kind }) => [name, given(kind)]);
    const validated = moduleArguments<Record<string, unknown>>(module as never, Object.fromEntries(required));
    const shown = outlines.filter((argument) => !argument.required && argument.default !== undefined);
    expect(shown.map(({ name, default: value }) => [module.name, name, value])).toEqual(
      shown.map(({ name }) => [module.name, name, validated[name]]),
    );
  }
});

/** Something that an argument of this kind takes. */
function given({ type, choices = [] }: ArgumentKind): unknown {
  const values = { bool: true, int: 1, mode: '0644', choice: choices[0], dict: new Map() };
  return type in values ? values[type as keyof typeof values] : '/given';
}

test('every module that Stars performs itself is defined', () => {
  expect([...controlDefinitions.keys()].sort()).toEqual([...controlModules.keys()].sort());
});

test('every other spelling of an argument leads to one that exists', () => {
  const lost = definitions.flatMap((module) => {
    const names = new Set(argumentOutlines(module).map(({ name }) => name));
    return Object.entries(module.aliases ?? {})
      .filter(([alias, name]) => !names.has(name) || names.has(alias))
      .map(([alias, name]) => `${module.name}: ${alias} → ${name}`);
  });
  expect(lost).toEqual([]);
});
