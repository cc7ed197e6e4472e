import { expect, test } from '@jest/globals';
import { moduleArguments } from '../../src/provision/arguments.js';
import type { AnyModule } from '../../src/provision/module.js';
import { modules } from '../../src/provision/modules/index.js';

/** As `mutually_exclusive` of ansible-core 2.14 and the collections, by our names. */
const EXCLUSIVE: readonly (readonly [string, readonly string[]])[] = [
  ['apt', ['deb', 'name', 'upgrade']],
  ['apt_key', ['data', 'file', 'keyserver', 'url']],
  ['blockinfile', ['insertbefore', 'insertafter']],
  ['copy', ['src', 'content']],
  ['cron', ['insertafter', 'insertbefore']],
  ['dnf', ['name', 'list']],
  ['git', ['separate_git_dir', 'bare']],
  ['git', ['accept_hostkey', 'accept_newhostkey']],
  ['ini_file', ['value', 'values']],
  ['iptables', ['set_dscp_mark', 'set_dscp_mark_class']],
  ['iptables', ['flush', 'policy']],
  ['lineinfile', ['insertbefore', 'insertafter']],
  ['lineinfile', ['regexp', 'search_string']],
  ['lineinfile', ['backrefs', 'search_string']],
  ['pacman', ['name', 'upgrade']],
  ['pip', ['name', 'requirements']],
  ['pip', ['executable', 'virtualenv']],
  ['unarchive', ['include', 'exclude']],
  ['uri', ['body', 'src']],
  ['yum', ['name', 'list']],
];

const PAIRS = EXCLUSIVE.flatMap(([module, [first = '', ...others]]) =>
  others.map((other) => [module, first, other] as const),
);

test.each(PAIRS)('%s takes %s or %s, not both, however they are spelled and whatever they say', (name, one, other) => {
  const definition = modules.get(name) as AnyModule;
  const spellings = (argument: string) => [
    argument,
    ...Object.entries(definition.aliases ?? {}).flatMap(([alias, meant]) => (meant === argument ? [alias] : [])),
  ];
  for (const a of spellings(one))
    for (const b of spellings(other))
      expect(() => moduleArguments(definition, { [a]: 'no', [b]: 'no' })).toThrow('parameters are mutually exclusive');
  for (const lone of [{ [one]: 'no', [other]: null }, { [other]: 'no' }])
    expect(() => moduleArguments(definition, lone)).not.toThrow('mutually exclusive');
});

test('words of a program stay as they are, the empty ones too', () => {
  const command = modules.get('command') as AnyModule;
  expect(moduleArguments(command, { argv: ['printf', '', ' a ', 5] })).toMatchObject({
    argv: ['printf', '', ' a ', '5'],
  });
  expect(moduleArguments(command, { argv: 'a, b' })).toMatchObject({ argv: ['a', ' b'] });
  const apt = modules.get('apt') as AnyModule;
  expect(moduleArguments(apt, { name: ['a ', '', 'b'] })).toMatchObject({ name: ['a', 'b'] });
});
