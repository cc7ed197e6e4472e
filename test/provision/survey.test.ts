import { afterAll, describe, expect, test } from '@jest/globals';
import { StarsError } from '../../src/errors.js';
import { type Project, removeProjects, type RunOptions, runPlaybook } from '../support/run-playbook.js';

afterAll(removeProjects);

const site = (tasks: string, more = ''): Project => ({
  'site.yml': `- hosts: all\n  gather_facts: no\n${more}  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}\n`,
});

test('all that cannot be run is told at once, with how many tasks it concerns, where, and what is near', async () => {
  const { error, connected } = await runPlaybook({
    'roles/web/tasks/main.yml':
      "- template: {src: web.conf.j2, dest: /x}\n- debug: {msg: \"{{ lookup('pip', 'date') }}\"}\n- import_tasks: gone.yml\n",
    'roles/web/templates/web.conf.j2': '# web\n{{ port | ipadr }}\n{% include "more.j2" %}\n',
    'roles/web/templates/more.j2': '{% for a in b %}{{ a is sillier }}{% endfor %}\n',
    'roles/db/tasks/main.yml': '- {shell: date, async: 5, when: "x is mach(\'y\')"}\n',
    'b.yml': '- hosts: all\n  roles: [web, db, nowhere]\n',
    'a.yml': '- hosts: all\n  tasks: {oops: 1}\n',
    'site.yml': `${site('- comand: a\n- comand: b\n- {file: {path: /x, ownr: me, moed: 1}}\n- debug: msg=fine')['site.yml']}- import_playbook: b.yml\n- import_playbook: a.yml\n`,
  });
  expect(error).toBeInstanceOf(StarsError);
  const told = (error as StarsError).describe();
  expect(told).toMatch(/^Stars cannot run site\.yml as it is; 1 of \d+ tasks can be run:\n/);
  for (const piece of [
    '• The module comand is not one that Stars runs. 2 tasks, site.yml:4:7, site.yml:5:7\n  Did you mean command?',
    'file has no argument “ownr”. site.yml:6:25',
    'file has no argument “moed”. site.yml:6:35',
    'There is no filter "ipadr". roles/web/templates/web.conf.j2:2',
    'There is no test "sillier". roles/web/templates/more.j2:1',
    'There is no lookup "pip". roles/web/tasks/main.yml:2',
    'The task file gone.yml was not found. roles/web/tasks/main.yml:3:3',
    'There is no test "mach". roles/db/tasks/main.yml:1',
    'The role nowhere was not found.',
    'tasks must be a list of tasks. a.yml:2',
  ])
    expect(told).toContain(piece);
  expect(connected).toEqual([]);
});

test('what a project defines in Python itself is told with the file that defines it', async () => {
  const { error } = await runPlaybook({
    ...site(
      '- shine: {}\n- debug: msg="{{ 1 | polish }}"\n- debug: msg="{{ lookup(\'mirror\', 1) }}"\n- debug: msg=x\n  when: 1 is shiny\n- dull: {}\n- debug: msg="{{ 1 | dulled }}"',
    ),
    'library/shine.py': '#!/usr/bin/python\n',
    'filter_plugins/all.py': "class FilterModule:\n    def filters(self):\n        return {'polish': str}\n",
    'lookup_plugins/mirror.py': '',
    'roles/r/test_plugins/tests.py': 'def tests(self): return {"shiny": bool}\n',
    'roles/r/tasks/main.yml': '[]\n',
    'action_plugins/dull.py': '',
  });
  const told = (error as StarsError).describe();
  const origin = (file: string) => `The project defines it in Python, in ${file}, which Stars cannot run`;
  for (const [what, file] of [
    ['The module shine is not one that Stars runs. site.yml:4:7', 'library/shine.py'],
    ['There is no filter "polish". site.yml:5', 'filter_plugins/all.py'],
    ['There is no lookup "mirror". site.yml:6', 'lookup_plugins/mirror.py'],
    ['There is no test "shiny". site.yml:7', 'roles/r/test_plugins/tests.py'],
    ['The module dull is not one that Stars runs. site.yml:9:7', 'action_plugins/dull.py'],
  ] as const)
    expect(told).toMatch(new RegExp(`${what.replaceAll('.', '\\.')}.*\\n  ${origin(file)}`));
  expect(told).not.toMatch(/dulled.*\n {2}The project/);
});

test('of a project whose variables cannot be read either, all tasks are counted', async () => {
  const { error } = await runPlaybook({
    'site.yml': `- hosts: "{{ nobody_knows }}"\n  tasks:\n    - debug: msg=x\n    - nonesuch: x=y\n  handlers: [{name: h, debug: {msg: x}}]\n`,
  });
  expect((error as StarsError).message).toContain('2 of 3 tasks can be run');
});

test('a vault that cannot be opened is told together with all else', async () => {
  const { error } = await runPlaybook({
    'site.yml': '- hosts: all\n  roles: [missing]\n  tasks: [{debug: {msg: x}}]\n',
    'group_vars/all.yml': '$ANSIBLE_VAULT;1.1;AES256\n6162\n',
  });
  const { code, message } = error as StarsError;
  expect(code).toBe('PLAYBOOK');
  expect(message).toContain('all 1 task can be run');
  expect(message).toContain('The role missing was not found.');
  expect(message).toContain('group_vars/all.yml');
});

describe('refused is a filter that there is none of', () => {
  const cases: [string, Project][] = [
    ['in a condition', site('- debug: msg=x\n  when: 1 | nonesuch')],
    ['in failed_when', site('- command: "true"\n  failed_when: 1 | nonesuch')],
    ['in a loop', site('- debug: msg=x\n  loop: "{{ [1] | nonesuch }}"')],
    ['named by map', site('- debug: msg="{{ [1] | map(\'nonesuch\') | list }}"')],
    ['in a keyword of the play', site('- debug: msg=x', '  environment: {A: "{{ 1 | nonesuch }}"}\n')],
    ['in what assert asks', site('- assert: {that: ["1 | nonesuch == 1"]}')],
    [
      'in a template that is looked up',
      { ...site("- debug: msg=\"{{ lookup('template', 't.j2') }}\""), 'templates/t.j2': '{{ 1 | nonesuch }}' },
    ],
    [
      'in a template that a text of the playbook includes',
      { ...site('- debug: msg="{% include \'t.j2\' %}"'), 'templates/t.j2': '{{ 1 | nonesuch }}' },
    ],
    [
      'in a handler',
      { ...site('- command: "true"\n  notify: h', '  handlers: [{name: h, debug: {msg: "{{ 1 | nonesuch }}"}}]\n') },
    ],
    [
      'in a variable that a task uses through another one',
      site('- debug: msg="{{ a }}"', '  vars: {a: "{{ b }}", b: "{{ 1 | nonesuch }}"}\n'),
    ],
    [
      'in the variables of the inventory',
      { ...site('- debug: msg="{{ a }}"'), inventory: '[web]\nh1\nh2 a="{{ 1 | nonesuch }}"\n[odd]\nh2\n' },
    ],
    [
      'in a default of a role',
      {
        'site.yml': '- {hosts: all, gather_facts: no, roles: [r]}\n',
        'roles/r/tasks/main.yml': '- debug: var=a\n',
        'roles/r/defaults/main.yml': '# here\na: "{{ 1 | nonesuch }}"\n',
      },
    ],
  ];
  test.each(cases)('%s', async (_title, project) => {
    const { error, connected } = await runPlaybook(project);
    expect(error).toMatchObject({ code: 'UNSUPPORTED', message: 'There is no filter "nonesuch".' });
    expect(connected).toEqual([]);
  });

  test('with the file of the variable', async () => {
    const { error } = await runPlaybook(cases.at(-1)?.[1] ?? {});
    expect((error as StarsError).where).toMatchObject({ file: expect.stringMatching(/defaults\/main.yml$/), line: 2 });
  });
});

test('one mistake that several tasks come by is told with how many they are', async () => {
  const { error } = await runPlaybook({
    'site.yml': '- {hosts: all, gather_facts: no, roles: [r]}\n',
    'roles/r/tasks/main.yml': '- debug: var=a\n- debug: msg="{{ a }}"\n- debug: msg=fine\n',
    'roles/r/defaults/main.yml': 'a: "{{ 1 | nonesuch }}"\n',
  });
  expect((error as StarsError).hint).toMatch(/It concerns 2 tasks of 3\.$/);
});

describe('not refused, since the run does not come by, is a filter that there is none of', () => {
  const BAD = '{{ 1 | nonesuch }}';
  const cases: [string, Project, RunOptions?][] = [
    ['under a condition that is false', site(`- debug: msg="${BAD}"\n  when: false`)],
    [
      'under a variable that is false',
      site(`- debug: msg="${BAD}"\n  when: wanted and 1 == 1`, '  vars: {wanted: no}\n'),
    ],
    [
      'under the condition of a block',
      site(`- block:\n    - debug: msg="${BAD}"\n  when: wanted`, '  vars: {wanted: no}\n'),
    ],
    ['in a variable that nobody uses', site('- debug: msg=x', `  vars: {a: "${BAD}"}\n`)],
    ['in a variable that is overridden', site('- debug: var=a', `  vars: {a: "${BAD}"}\n`), { extraVars: ['a=1'] }],
    ['in a branch of a template', site('- debug: msg="{% if false %}{{ 1 | nonesuch }}{% endif %}"')],
    [
      'in a template that is included in a branch',
      {
        ...site('- debug: msg="{% if false %}{% include \'t.j2\' %}{% endif %}"'),
        'templates/t.j2': '{{ 1 | nonesuch }}',
      },
    ],
    ['in one side of an inline if', site('- debug: msg="{{ (1 | nonesuch) if false else 2 }}"')],
    [
      'in a task that is not selected',
      site(`- debug: msg="${BAD}"\n  tags: other\n- debug: msg=x\n  tags: it`),
      { tags: ['it'] },
    ],
    ['in a task that never runs', site(`- debug: msg="${BAD}"\n  tags: never`)],
    ['in a rescue', site(`- block: [{debug: {msg: x}}]\n  rescue: [{debug: {msg: "${BAD}"}}]`)],
    ['in a task whose failure is ignored', site(`- debug: msg="${BAD}"\n  ignore_errors: yes`)],
    ['in a block that is rescued', site(`- block: [{debug: {msg: "${BAD}"}}]\n  rescue: [{debug: {msg: x}}]`)],
    [
      'in a file that is included under a condition',
      {
        ...site('- include_tasks: windows.yml\n  when: wanted', '  vars: {wanted: no}\n'),
        'windows.yml': `- debug: msg="${BAD}"\n- win_file: path=x\n`,
      },
    ],
  ];
  test.each(cases.map(([title, ...given]) => [title, given] as const))('%s', async (_title, [project, options]) => {
    const { error, result } = await runPlaybook(project, options);
    expect({ error, failed: result?.failed }).toEqual({ error: undefined, failed: undefined });
  });

  test('but the place is remarked upon', async () => {
    const { notes } = await runPlaybook(cases.at(-1)?.[1] ?? {});
    expect(notes).toEqual([
      'The module win_file is not one that Stars runs. windows.yml:2:3, should the run come by.',
      'There is no filter "nonesuch". windows.yml:1, should the run come by.',
    ]);
  });
});

test('a plan tells how many of the tasks can be run', async () => {
  const project = {
    ...site('- debug: msg=x\n- include_tasks: "in-{{ where }}.yml"\n  when: false'),
    'in-a.yml': '- debug: msg=y\n- nonesuch: x\n- debug: msg="{{ 1 if true else (2 | nothing) }}"\n',
  };
  const { notes, error } = await runPlaybook(project, { check: true });
  expect(error).toBeUndefined();
  expect(notes).toEqual([
    'Of site.yml, 4 of 5 tasks can be run.',
    'The module nonesuch is not one that Stars runs. in-a.yml:2:3, should the run come by.',
    'There is no filter "nothing". in-a.yml:3, should the run come by.',
  ]);
});

test('what defaults, a template of all arguments or a condition may still set right is left to the run', async () => {
  const { error, notes } = await runPlaybook(
    site(
      '- file: {state: touch}\n- file: "{{ given }}"\n- file: {path: "{{ omit }}", state: "{{ word }}"}\n  ignore_errors: yes\n- file: {state: nowhere, path: /x}\n  when: false\n',
      '  module_defaults: {file: {path: /tmp/never/there}}\n  vars: {given: {path: /tmp/never/there}, word: absent}\n',
    ),
    { check: true },
  );
  expect(error).toBeUndefined();
  expect(notes).toContain(
    "file: state must be one of absent, directory, file, hard, link, touch, not 'nowhere'. site.yml:10:7, should the run come by.",
  );
});
