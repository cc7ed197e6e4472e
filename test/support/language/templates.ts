import fc, { type Arbitrary } from 'fast-check';

// Grammar by grammar, so that most of what comes out means something to Jinja2; some of it is wrong on purpose.

const VARIABLES =
  'i big f one n yes_ no_ s empty num path uni quotes multi list names mixed nested dict intkeys users emptylist emptydict ref ref2 reflist refdict jsontext version listtext truetext backslash tab missing'.split(
    ' ',
  );

const LITERALS = [
  '0',
  '1',
  '-1',
  '2',
  '7',
  '10',
  '0x1f',
  '1_000',
  '1.5',
  '-0.0',
  '1e3',
  '2.50',
  'true',
  'False',
  'none',
  '[]',
  '{}',
  "''",
  "'a'",
  "'Web'",
  "'a,b;c'",
  String.raw`'x\ny'`,
  String.raw`'\\d+'`,
  String.raw`'\d'`,
  '"it\'s"',
  "'é☃'",
  '[1, 2, 3]',
  "['b', 'a', 'B']",
  '(1, 2)',
  '(1,)',
  "{'a': 1, 'b': [1]}",
  "{1: 'x', 'k': none}",
  '[[1, 2], [3, 4]]',
  "[{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'y'}]",
  "'%s-%s'",
  "'{0}/{1}'",
  "'  padded '",
  "'3.10'",
  "'yes'",
  "' 42 '",
];

const BINARY = ['+', '-', '*', '/', '//', '%', '~', 'and', 'or', 'in', 'not in', '==', '!=', '<', '<=', '>', '>='];

const FILTERS = [
  ...'abs capitalize count default dictsort escape e first float int items last length list lower max min pprint reverse safe sort string striptags sum title tojson trim unique upper urlencode wordcount xmlattr bool'.split(
    ' ',
  ),
  ...'basename dirname expanduser splitext win_basename win_dirname b64encode b64decode quote to_json to_nice_json to_yaml to_nice_yaml from_json from_yaml type_debug dict2items items2dict flatten hash md5 sha1 checksum'.split(
    ' ',
  ),
  ...'mandatory regex_escape to_uuid urldecode human_readable human_to_bytes comment permutations(2) combinations(2) shuffle(seed=1) random(seed=3) urlsplit'.split(
    ' ',
  ),
  "default('d')",
  "default('d', true)",
  'batch(2)',
  "batch(2, 'x')",
  'slice(2)',
  'center(9)',
  'round',
  'round(1)',
  "round(1, 'floor')",
  "join(',')",
  'join',
  'indent(2)',
  'indent(2, true)',
  "replace('a', 'b')",
  "replace('', '-', 2)",
  'truncate(5)',
  "truncate(5, true, '')",
  'wordwrap(5)',
  "map('upper')",
  "map(attribute='name')",
  "map('string')",
  "select('string')",
  "reject('none')",
  'select',
  "selectattr('active')",
  "rejectattr('age', 'gt', 28)",
  "groupby('active')",
  "groupby('address.city')",
  "sort(attribute='age')",
  'sort(reverse=true)',
  'sort(case_sensitive=true)',
  "dictsort(by='value')",
  'dictsort(reverse=true)',
  "max(attribute='age')",
  "sum(attribute='age')",
  'sum(start=10)',
  'int(7)',
  'int(base=16)',
  'float(2.5)',
  "unique(attribute='active')",
  "format(1, 'x')",
  "regex_replace('[aeiou]', '<\\\\\\\\g<0>>')",
  "regex_replace('(.)o', '\\\\\\\\1')",
  "regex_search('[a-z]+')",
  "regex_search('(.)(l)', '\\\\\\\\1', '\\\\\\\\2')",
  "regex_findall('[A-Z]')",
  "split(',')",
  'split',
  "ternary('y', 'n')",
  "ternary('y', 'n', 'u')",
  "combine({'z': 1})",
  "combine({'a': {'q': 1}}, recursive=true)",
  "combine({'b': [9]}, list_merge='append')",
  'union([1, 9]) | sort',
  'intersect([1, 2]) | sort',
  'difference([1]) | sort',
  'symmetric_difference([1, 5]) | sort',
  'zip([1, 2])',
  "zip_longest([1], fillvalue='f')",
  'product([1, 2])',
  'extract(dict)',
  'extract([5, 6, 7])',
  "subelements('groups')",
  "subelements('groups', skip_missing=true)",
  'log',
  'log(10)',
  'pow(2)',
  'root',
  'root(3)',
  'human_readable(true)',
  "human_readable(unit='K')",
  "human_to_bytes('M')",
  'strftime(0)',
  'flatten(levels=1)',
  "hash('md5')",
  "comment('c')",
  "comment('cblock')",
  "comment(decoration='; ')",
  "relpath('/etc')",
  'path_join',
  'win_splitdrive',
  'to_json(indent=2)',
  'to_nice_json(indent=2)',
  'to_yaml(width=20)',
  'to_nice_yaml(indent=2)',
  "dict2items(key_name='k')",
  "rekey_on_member('name')",
  'fileglob',
  'from_yaml_all',
];

const TESTS = [
  ...'boolean defined undefined none number integer float string mapping sequence iterable lower upper true false odd even callable escaped changed failed skipped succeeded truthy falsy any all nan abs vault_encrypted'.split(
    ' ',
  ),
  'divisibleby 2',
  'divisibleby(3)',
  'eq 5',
  'ne(1)',
  'sameas none',
  'in [1, 2]',
  'gt 1',
  'lessthan 3',
  "match('[a-z]')",
  "search('o')",
  "regex('^W')",
  "version('1.2', '>=')",
  "version('1.9', '<', strict=true)",
  'contains(1)',
  'subset([1, 2, 3])',
  'superset([1])',
  'filter',
  'test',
  '==1',
  'truthy(convert_bool=true)',
  'url',
  'abs',
  'uri',
];

const METHODS = [
  'split()',
  "split(',')",
  "split('', 1)",
  "rsplit('/', 1)",
  'splitlines()',
  'strip()',
  "lstrip('H')",
  'rstrip()',
  'upper()',
  'lower()',
  'title()',
  'capitalize()',
  'swapcase()',
  "replace('l', 'L')",
  "replace('l', 'L', 1)",
  "startswith('/')",
  "endswith('f')",
  "find('o')",
  "rfind('o')",
  "index('o')",
  "count('l')",
  "join(['a', 'b'])",
  'isdigit()',
  'isalpha()',
  'isupper()',
  'zfill(5)',
  'center(9)',
  "ljust(8, '.')",
  'rjust(8)',
  "partition('/')",
  "rpartition('/')",
  'format(1, 2)',
  'expandtabs(4)',
  'isspace()',
  'casefold()',
  "removeprefix('x')",
  'keys()',
  'values()',
  'items()',
  "get('a')",
  "get('zz', 3)",
  'copy()',
  "pop('a', 1)",
  "update({'q': 1})",
  "setdefault('q', 1)",
  'append(1)',
  'index(1)',
  'count(1)',
  'pop()',
  'reverse()',
  'insert(0, 9)',
  'extend([1])',
  'sort()',
  'remove(1)',
];

/** An expression, also a wrong one. */
export const expression: Arbitrary<string> = fc.letrec<{ expression: string; atom: string; postfix: string }>(
  (tie) => ({
    atom: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...VARIABLES) },
      { weight: 4, arbitrary: fc.constantFrom(...LITERALS) },
      { weight: 1, arbitrary: tie('expression').map((inner) => `(${inner})`) },
      { weight: 1, arbitrary: fc.array(tie('expression'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`) },
      {
        weight: 1,
        arbitrary: fc
          .array(tie('expression'), { maxLength: 2 })
          .map((items) => `{${items.map((item, at) => `'k${at}': ${item}`).join(', ')}}`),
      },
    ),
    postfix: fc
      .tuple(
        tie('atom'),
        fc.array(
          fc.oneof(
            fc.constantFrom(...FILTERS).map((filter) => ` | ${filter}`),
            fc.constantFrom(...METHODS).map((method) => `.${method}`),
            fc.constantFrom(
              '.a',
              '.name',
              '.0',
              '.1.0',
              "['a']",
              '[0]',
              '[-1]',
              '[1:]',
              '[:2]',
              '[::-1]',
              '[::2]',
              '[5]',
              ' ** 2',
              ' ** -1',
              "['0']",
              '.first.x',
            ),
          ),
          { maxLength: 3 },
        ),
      )
      .map(([atom, parts]) =>
        parts.reduce(
          (text, part) => (text.includes(' | ') && !part.startsWith(' |') ? `(${text})` : text) + part,
          atom,
        ),
      ),
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      { weight: 4, arbitrary: tie('postfix') },
      {
        weight: 3,
        arbitrary: fc
          .tuple(tie('postfix'), fc.constantFrom(...BINARY), tie('postfix'))
          .map(([a, operator, b]) => `${a} ${operator} ${b}`),
      },
      {
        weight: 2,
        arbitrary: fc
          .tuple(tie('postfix'), fc.constantFrom('is', 'is not'), fc.constantFrom(...TESTS))
          .map(([a, is, test]) => `${a} ${is} ${test}`),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(tie('expression'), tie('expression'), tie('expression'))
          .map(([a, b, c]) => `${a} if ${b} else ${c}`),
      },
      { weight: 1, arbitrary: fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `${a} if ${b}`) },
      {
        weight: 1,
        arbitrary: fc.tuple(fc.constantFrom('not ', '-', '+'), tie('postfix')).map(([operator, a]) => operator + a),
      },
      {
        weight: 1,
        arbitrary: fc
          .tuple(
            tie('postfix'),
            fc.constantFrom('<', '==', 'in'),
            tie('postfix'),
            fc.constantFrom('<', '!=', 'in'),
            tie('postfix'),
          )
          .map((parts) => parts.join(' ')),
      },
    ),
  }),
).expression;

const TEXTS = [
  '',
  ' ',
  '\n',
  'a',
  '  x',
  'line\n',
  '\n\n',
  '  \n  ',
  '{',
  '}',
  '#',
  '%',
  "it's",
  '{ {',
  '\\n',
  '\\',
  '☃',
  '\t',
  '- ',
  '[',
  ']',
  ', ',
];
const DASHES = ['', '', '', '-', '+'];

/** A template with statements and every kind of white space control. */
export const template: Arbitrary<string> = fc.letrec<{ body: string; piece: string }>((tie) => ({
  body: fc.array(tie('piece'), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { depthSize: 'small' },
    { weight: 5, arbitrary: fc.constantFrom(...TEXTS) },
    { weight: 5, arbitrary: tag('{{', expression, '}}') },
    { weight: 1, arbitrary: tag('{#', fc.constantFrom(' note ', ' {{ s }} ', '\n'), '#}') },
    {
      weight: 2,
      arbitrary: wrap(
        'if',
        expression,
        'endif',
        tie('body'),
        fc.constantFrom('', '{% else %}E', '{% elif yes_ %}F\n{% else -%} G'),
      ),
    },
    {
      weight: 3,
      arbitrary: wrap(
        'for',
        fc
          .tuple(
            fc.constantFrom('x', 'x, y', 'k', '(a, b)'),
            fc.constantFrom(
              'list',
              'names',
              'dict.items()',
              'dict',
              'nested',
              'users',
              'range(3)',
              'emptylist',
              's',
              'dict | dictsort',
              'list if x > 1',
            ),
          )
          .map(([names, list]) => `${names} in ${list}`),
        'endfor',
        tie('body'),
        fc.constantFrom(
          '',
          '{{ x }}',
          '{{ loop.index }}{% if not loop.last %},{% endif %}',
          '{% else %}none',
          '{{ loop.cycle("a", "b") }}{{ loop.revindex0 }}',
          '{% if loop.first %}{% continue %}{% endif %}{{ k }}',
          '{{ loop.previtem | default("-") }}{{ loop.nextitem | default("-") }}',
          '{{ loop.changed(x) }}{{ loop.depth }}',
        ),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('v', 'i', 'a, b', 'ns.v'), expression)
        .map(
          ([name, value]) =>
            `{% set ns = namespace(v=1) %}{% set ${name} = ${value} %}{{ v | default('none') }}{{ ns.v }}`,
        ),
    },
    {
      weight: 1,
      arbitrary: wrap('set', fc.constantFrom('v', 'v | upper'), 'endset', tie('body'), fc.constant('')).map(
        (text) => `${text}<{{ v }}>`,
      ),
    },
    {
      weight: 1,
      arbitrary: wrap(
        'filter',
        fc.constantFrom('upper', 'indent(2)', "replace('a', 'b')", 'trim'),
        'endfilter',
        tie('body'),
        fc.constant(''),
      ),
    },
    {
      weight: 1,
      arbitrary: wrap(
        'raw',
        fc.constant(''),
        'endraw',
        fc.constantFrom('{{ x }}', '{% if %}', ' plain \n'),
        fc.constant(''),
      ),
    },
    {
      weight: 1,
      arbitrary: wrap(
        'macro',
        fc.constantFrom('m(a)', 'm(a, b=2)', "m(a='x', *args)", 'm()'),
        'endmacro',
        tie('body'),
        fc.constantFrom('{{ a }}{{ b }}', '{{ varargs }}{{ kwargs }}', '{{ caller() if caller else "-" }}'),
      ).map((text) => `${text}{{ m(1) }}{{ m(b=3) }}{% call m(2) %}C{% endcall %}`),
    },
    {
      weight: 1,
      arbitrary: wrap(
        'with',
        fc.constantFrom('v = 1', 'v = s, w = i'),
        'endwith',
        tie('body'),
        fc.constantFrom('{{ v }}'),
      ),
    },
    { weight: 1, arbitrary: expression.map((value) => `{% set l = [1] %}{% do l.append(${value}) %}{{ l }}`) },
    {
      weight: 1,
      arbitrary: wrap('block', fc.constantFrom('main'), 'endblock', fc.constantFrom('B{{ s }}'), fc.constant('')),
    },
  ),
})).body;

function tag(open: string, inner: Arbitrary<string>, close: string): Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...DASHES), inner, fc.constantFrom('', '', '', '-'))
    .map(([before, text, after]) => `${open}${before} ${text} ${after}${close}`);
}

function wrap(
  word: string,
  head: Arbitrary<string>,
  end: string,
  body: Arbitrary<string>,
  more: Arbitrary<string>,
): Arbitrary<string> {
  return fc
    .tuple(
      tag(
        '{%',
        head.map((text) => `${word} ${text}`),
        '%}',
      ),
      body,
      more,
      tag('{%', fc.constant(end), '%}'),
    )
    .map(([open, inner, rest, close]) => open + inner + rest + close);
}

/** Pieces of syntax in any order: nearly all of them are wrong, and then both must say so. */
export const templateSoup: Arbitrary<string> = fc
  .array(
    fc.constantFrom(
      '{{',
      '}}',
      '{%',
      '%}',
      '{#',
      '#}',
      ' ',
      '\n',
      '-',
      '+',
      '|',
      '(',
      ')',
      '[',
      ']',
      '.',
      ',',
      ':',
      '=',
      '==',
      '~',
      '"',
      "'",
      'i',
      's',
      'if',
      'else',
      'endif',
      'for',
      'in',
      'endfor',
      'x',
      'raw',
      'endraw',
      'set',
      'not',
      'is',
      'defined',
      '1',
      '1.5',
      '\\',
      'upper',
    ),
    { minLength: 1, maxLength: 14 },
  )
  .map((pieces) => pieces.join(''));
