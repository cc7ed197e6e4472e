import { expect, test } from '@jest/globals';
import { argumentOutlines } from '../../src/provision/argument-outline.js';
import { modules } from '../../src/provision/modules/index.js';
import { readCaseFiles } from '../hosts/differential/case.js';
import { FILE_TASKS, LOOKING_TASKS, RPM_STEPS, SERVICE_STEPS } from '../hosts/host-kind-tasks.js';
import { STAND_IN_CASES } from '../hosts/stand-in-cases.js';
import { SYSTEM_CASES } from '../hosts/system-cases.js';
import { EXCEPTIONS } from './support/argument-exceptions.js';
import { collectUses, type Uses, usesOf } from './support/argument-uses.js';

const uses = collectUses([
  ...(await readCaseFiles()).flatMap(({ cases }) => cases.map(({ tasks }) => tasks)),
  ...[...FILE_TASKS, ...LOOKING_TASKS, ...RPM_STEPS.flat(), ...SERVICE_STEPS.flat()].map((task) => `- ${task}`),
  ...[...STAND_IN_CASES, ...Object.values(SYSTEM_CASES).flat()].map((one) =>
    JSON.stringify([{ [one.module]: 'free' in one && one.free !== undefined ? one.free : one.args }]),
  ),
]);
const named = [...modules.values()].filter((module, index, all) => all.indexOf(module) === index);

test.each(named.map((module) => [module.name, module] as const))(
  'every argument of %s, and every word it may be, is played beside Ansible or on a real host, or is said why not',
  (name, module) => {
    const missing = argumentOutlines(module).flatMap(({ name: argument, choices }) =>
      unused(uses, `${name}.${argument}`, choices ?? []),
    );
    expect(missing.filter((one) => !EXCEPTIONS.has(one))).toEqual([]);
  },
);

test('nothing is excepted that is played, or that no module has', () => {
  const missing = new Set(
    named.flatMap((module) =>
      argumentOutlines(module).flatMap(({ name, choices }) => unused(uses, `${module.name}.${name}`, choices ?? [])),
    ),
  );
  expect([...EXCEPTIONS.keys()].filter((one) => !missing.has(one))).toEqual([]);
});

test('arguments are found in texts, dicts, blocks and under other names; a template is no word', () => {
  const found = collectUses([
    '- block: [{ansible.builtin.apt: pkg=a state=latest}]\n  rescue: [{apt: {name: b, state: "{{ x }}"}}]',
    '- shell: echo chdir=/ state=x\n  args: {executable: /bin/sh}',
  ]);
  expect(unused(found, 'apt.name', [])).toEqual([]);
  expect(unused(found, 'apt.state', ['latest', 'absent'])).toEqual(['apt.state=absent']);
  expect(unused(found, 'apt.purge', ['x'])).toEqual(['apt.purge']);
  expect([...usesOf(found, 'shell.chdir'), ...usesOf(found, 'shell.executable')]).toEqual(['/', '/bin/sh']);
  expect(unused(found, 'shell.state', [])).toEqual(['shell.state']);
});

/** The argument itself, or the words of it that no task gives. */
function unused(all: Uses, argument: string, choices: readonly string[]): string[] {
  const given = usesOf(all, argument);
  if (given.size === 0) return [argument];
  return choices.filter((choice) => !given.has(choice)).map((choice) => `${argument}=${choice}`);
}
