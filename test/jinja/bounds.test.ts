import fc from 'fast-check';
import { StarsError } from '../../src/errors.js';
import { createJinja } from '../../src/jinja/jinja.js';
import { str } from '../../src/jinja/python-text.js';
import { dumpYaml } from '../../src/yaml/dump-yaml.js';
import { loadYaml } from '../../src/yaml/load-yaml.js';
import { parseKeyValues } from '../../src/provision/key-value.js';
import { expression, template, templateSoup } from '../support/language/templates.js';
import { keyValueText } from '../support/language/texts.js';
import { answer, variables } from './corpus.js';

const RUNS = { numRuns: 300, seed: 1 };
const WHERE = { file: 'tasks/main.yml', line: 7 };

/** Runs something that may only fail with an error that is meant for people. */
function refusedOr<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof StarsError) || thrown.code === 'INTERNAL') throw thrown;
    return undefined;
  }
}

test('whatever is written in a template, it is rendered or refused with a sentence', () => {
  const known = variables();
  fc.assert(
    fc.property(fc.oneof(template, templateSoup, fc.string({ unit: 'binary' })), (source) => {
      answer({ kind: 'file', source }, known);
    }),
    RUNS,
  );
});

test('a template that is refused for its syntax names the file and the line', () => {
  const jinja = createJinja();
  fc.assert(
    fc.property(fc.oneof(templateSoup, expression), (source) => {
      try {
        jinja.render(`\n${source} {{`, () => 'x', WHERE);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(StarsError);
        expect((thrown as StarsError).where?.file).toBe(WHERE.file);
        expect((thrown as StarsError).where?.line).toBeGreaterThanOrEqual(WHERE.line);
      }
    }),
    RUNS,
  );
});

test('k=v text is taken apart or refused', () => {
  fc.assert(
    fc.property(fc.oneof(keyValueText, fc.string({ unit: 'binary' })), fc.boolean(), (text, onlyCommandOptions) => {
      refusedOr(() => parseKeyValues(text, { where: WHERE, onlyCommandOptions }));
    }),
    RUNS,
  );
});

test('what is written as YAML is read back as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const source = JSON.stringify(value);
      const read = loadYaml(source, { file: 'value.json' });
      const layout = { indent: 2, width: 80, sortKeys: false, flow: false, explicitStart: false, explicitEnd: false };
      expect(str([loadYaml(dumpYaml(read, layout), { file: 'value.yml' })])).toEqual(str([read]));
    }),
    RUNS,
  );
});

test.each([
  ['brackets', '['.repeat(20_000)],
  ['parentheses', `{{ ${'('.repeat(20_000)}1${')'.repeat(20_000)} }}`],
  ['filters', `{{ 1 ${'| string '.repeat(20_000)}}}`],
  ['blocks', `${'{% if true %}'.repeat(5_000)}x${'{% endif %}'.repeat(5_000)}`],
  ['negations', `{{ ${'not '.repeat(20_000)} true }}`],
  ['quotes', `{{ ${'"\\'.repeat(50_000)} }}`],
  ['dashes', `{%${'-'.repeat(50_000)}`],
  ['spaces', `{{${' '.repeat(100_000)}`],
])('deeply nested %s are rendered or refused, as templates, YAML and k=v text', (_name, source) => {
  answer({ kind: 'template', source }, variables());
  refusedOr(() => loadYaml(source, { file: 'deep.yml' }));
  refusedOr(() => parseKeyValues(source, { where: WHERE, onlyCommandOptions: false }));
});
