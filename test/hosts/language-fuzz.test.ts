import { spawnSync } from 'node:child_process';
import fc, { type Arbitrary } from 'fast-check';
import { StarsError } from '../../src/errors.js';
import { type Answer, answer as answerOfTemplate, type Case, readFixture, typed, variables } from '../jinja/corpus.js';
import { type LanguageCase, valueOf } from '../support/language/answers.js';
import { yamlDocument } from '../support/language/documents.js';
import { hostPattern, INVENTORY_OF_PATTERNS, iniInventory, yamlInventory } from '../support/language/inventories.js';
import { regexCase } from '../support/language/regexes.js';
import { expression, template, templateSoup } from '../support/language/templates.js';
import { commandLine, jsonText, keyValueText, pythonLiteral } from '../support/language/texts.js';

// FUZZ_CASES=20000 asks that many questions of each language instead of a few hundred, FUZZ_SEED=7 asks others,
// FUZZ_ONLY=regex asks one language alone.
const CASES = Number(process.env['FUZZ_CASES'] ?? 150);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const ONLY = process.env['FUZZ_ONLY'];

type Question = Case | LanguageCase;

const LANGUAGES: Record<string, Arbitrary<Question>> = {
  'Jinja2 expressions': expression.map((text): Question => ({ kind: 'template', source: `{{ ${text} }}` })),
  'Jinja2 expressions in lists': expression.map((text): Question => ({ kind: 'template', source: `{{ [${text}] }}` })),
  conditions: expression.map((text): Question => ({ kind: 'when', source: text })),
  'templates of tasks': template.map((source): Question => ({ kind: 'template', source })),
  'template files': template.map((source): Question => ({ kind: 'file', source })),
  'Jinja2 templates': fc.tuple(template, fc.boolean(), fc.boolean(), fc.boolean()).map(
    ([source, trim_blocks, lstrip_blocks, keep_trailing_newline]): Question => ({
      kind: 'jinja',
      source,
      options: { trim_blocks, lstrip_blocks, keep_trailing_newline },
    }),
  ),
  'template syntax': templateSoup.map((source): Question => ({ kind: 'file', source })),
  'YAML documents': yamlDocument.map((source): Question => ({ kind: 'document', source })),
  'k=v text': keyValueText.map((source): Question => ({ kind: 'keyValues', source, raw: false })),
  'k=v text of commands': keyValueText.map((source): Question => ({ kind: 'keyValues', source, raw: true })),
  'command lines': commandLine.map((source): Question => ({ kind: 'words', source })),
  'INI inventories': iniInventory.map((source): Question => ({ kind: 'inventory', source, plugin: 'ini', suffix: '' })),
  'YAML inventories': yamlInventory.map(
    (source): Question => ({ kind: 'inventory', source, plugin: 'yaml', suffix: '.yml' }),
  ),
  // A pattern without any name is refused on purpose: Ansible takes it for all hosts.
  'host patterns': hostPattern
    .filter((text) => /[^\s:,!&[\]]/.test(text) && !text.startsWith('::'))
    .map((source): Question => ({ kind: 'pattern', source, inventory: INVENTORY_OF_PATTERNS })),
  'Python literals': pythonLiteral.map((source): Question => ({ kind: 'literal', source })),
  "Python's text of values": jsonText.map((source): Question => ({ kind: 'repr', source })),
  'regular expressions': regexCase.map((asked): Question => ({ kind: 'regex', ...asked })),
};

const names = Object.keys(LANGUAGES).filter((name) => ONLY === undefined || name.includes(ONLY));

test.each(names)('%s mean to Stars what they mean to the originals', (name) => {
  const questions = fc.sample(LANGUAGES[name] ?? fc.constant<Question>({ kind: 'repr', source: '1' }), {
    numRuns: CASES,
    seed: SEED,
  });
  const expected = askOriginals(questions);
  expect(expected).toHaveLength(questions.length);
  expect(mismatches(questions, expected).slice(0, 40)).toEqual([]);
});

function askOriginals(cases: readonly Question[]): Answer[] {
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', ['test/oracle/language_oracle.py'], {
    input: JSON.stringify({ vars: readFixture('jinja/vars.yml'), cases }),
    encoding: 'utf8',
    maxBuffer: 1_000_000_000,
    timeout: 3_600_000,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], LC_ALL: 'C.UTF-8', PYTHONHASHSEED: '0', TZ: 'UTC' },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

/** One line for each question that is answered differently. */
function mismatches(questions: readonly Question[], expected: readonly Answer[]): string[] {
  return questions.flatMap((asked, index) => {
    const wanted = expected[index] ?? { error: 'no answer' };
    if (isOutOfReach(asked, wanted)) return [];
    const got = isTemplate(asked) ? answerOfTemplate(asked, variables()) : answerOfOthers(asked);
    const same =
      'error' in wanted ? 'error' in got : 'ok' in got && JSON.stringify(got.ok) === JSON.stringify(wanted.ok);
    return same ? [] : [`${JSON.stringify(asked)} wants ${JSON.stringify(wanted)} and gets ${JSON.stringify(got)}`];
  });
}

/** What nobody can answer the same: where Python keeps an object in memory, what takes it too long, and faults of its own. */
function isOutOfReach(asked: Question, wanted: Answer): boolean {
  if ('error' in wanted) return FAULTS.test(wanted.error);
  // A mistake in a part that Jinja2 computes beforehand makes Ansible give the whole template back as it stood.
  return (
    / at 0x|dict_(?:keys|values|items)\(|\bUndefined\b/i.test(JSON.stringify(wanted)) || isUntouched(asked, wanted.ok)
  );
}

function isUntouched({ source }: Question, answer: unknown): boolean {
  const plain = (text: string) => text.replaceAll(/\\+/g, '\\').replaceAll(/\s+/g, '');
  return typeof answer === 'string' && source.includes('{{') && plain(answer) === plain(source);
}

const FAULTS =
  /^TooLong|^IndexError|list index out of range|^TemplateAssertionError: No (?:filter|test) named|maximum recursion|Could not load|key must be a string|generator object/;

function isTemplate(asked: Question): asked is Case {
  return asked.kind === 'template' || asked.kind === 'file' || asked.kind === 'when' || asked.kind === 'jinja';
}

function answerOfOthers(asked: LanguageCase): Answer {
  try {
    return { ok: typed(valueOf(asked)) };
  } catch (thrown) {
    if (thrown instanceof StarsError && thrown.code !== 'INTERNAL') return { error: thrown.message };
    throw thrown;
  }
}
