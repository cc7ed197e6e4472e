import { afterAll, describe, expect, test } from '@jest/globals';
import { StarsError } from '../../src/errors.js';
import { type Project, removeProjects, type RunOptions, runPlaybook } from '../support/run-playbook.js';

afterAll(removeProjects);

const play = (tasks: string, more = ''): string =>
  `- hosts: all\n  gather_facts: no\n${more}  tasks:\n${tasks.replaceAll(/^(?=.)/gm, '    ')}\n`;

const OK = '- debug: msg=ok';

type Mistake = {
  title: string;
  project: Project;
  options?: RunOptions;
  code: string;
  /** Which file, line and column; left out where a mistake has no place. */
  at?: string;
  /** Pieces that stand in the sentence or the hint. */
  says: string[];
};

const MISTAKES: Mistake[] = [
  {
    title: 'a word that the argument does not know',
    project: { 'site.yml': play('- apt: {name: "{{ p }}", state: instaled}', '  vars: {p: tree}\n') },
    code: 'PLAYBOOK',
    at: 'site.yml:',
    says: ['apt: state must be one of present, installed, latest', "not 'instaled'", 'Did you mean installed?'],
  },
  {
    title: 'a percentage that is none',
    project: { 'site.yml': play(OK, '  max_fail_percentage: some\n') },
    code: 'PLAYBOOK',
    at: 'site.yml:1:',
    says: ['max_fail_percentage must be a number of per cent, not “some”'],
  },
  {
    title: 'a serial that is none',
    project: { 'site.yml': play(OK, '  serial: [1, few]\n') },
    code: 'PLAYBOOK',
    at: 'site.yml:1:',
    says: ['serial must be a number or a percentage, not “few”'],
  },
  {
    title: 'an order that is none',
    project: { 'site.yml': play(OK, '  order: backwards\n') },
    code: 'PLAYBOOK',
    at: 'site.yml:1:',
    says: ['order knows no “backwards”', 'reverse_sorted'],
  },
  {
    title: 'a number that is none, for what Stars does itself',
    project: { 'site.yml': play('- wait_for_connection: {timeout: soon}') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ["timeout must be a whole number, not 'soon'"],
  },
  {
    title: 'an argument that is missing',
    project: { 'site.yml': play('- file: state=directory') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['file: path is required'],
  },
  {
    title: 'none of the arguments of which one is needed',
    project: { 'site.yml': play('- copy: {dest: /x}') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['copy: one of src, content is required'],
  },
  {
    title: 'a shell without a command',
    project: { 'site.yml': play('- shell: ""') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['shell: cmd is required'],
  },
  {
    title: 'arguments that exclude each other, whatever they say',
    project: { 'site.yml': play('- apt: {pkg: "{{ p }}", deb: "{{ p }}"}', '  vars: {p: tree}\n') },
    code: 'PLAYBOOK',
    at: 'site.yml:',
    says: ['parameters are mutually exclusive: deb|name|upgrade'],
  },
  {
    title: 'a keyword that would do nothing beside an include',
    project: { 'site.yml': play('- include_tasks: t.yml\n  notify: x'), 't.yml': '- debug: msg=x\n' },
    code: 'PLAYBOOK',
    at: 'site.yml:5:',
    says: ['include_tasks does not take “notify”', 'apply'],
  },
  {
    title: 'the same beside the include of a role',
    project: {
      'site.yml': play('- include_role: {name: r}\n  become: yes'),
      'roles/r/tasks/main.yml': '- debug: msg=x\n',
    },
    code: 'PLAYBOOK',
    at: 'site.yml:5:',
    says: ['include_role does not take “become”'],
  },
  {
    title: 'an apply that holds no keywords',
    project: { 'site.yml': play('- include_tasks: {file: t.yml, apply: tagged}'), 't.yml': '- debug: msg=x\n' },
    code: 'PLAYBOOK',
    at: 'site.yml:4:36',
    says: ['apply must be a mapping'],
  },
  {
    title: 'a role as a handler',
    project: {
      'site.yml': play(OK, '  handlers: [{name: x, import_role: {name: r}}]\n'),
      'roles/r/tasks/main.yml': '- debug: msg=x\n',
    },
    code: 'PLAYBOOK',
    at: 'site.yml:3:',
    says: ['import_role cannot be a handler'],
  },
  {
    title: 'a role as a handler of a role',
    project: {
      'site.yml': '- hosts: all\n  roles: [r]\n',
      'roles/r/handlers/main.yml': '- include_role: {name: r}\n  name: x\n',
    },
    code: 'PLAYBOOK',
    at: 'roles/r/handlers/main.yml:1:',
    says: ['include_role cannot be a handler'],
  },
  {
    title: 'a way to hash passwords that hosts do not have',
    project: {
      'site.yml': play(
        '- debug: msg=x\n- user:\n    name: u\n    password: "{{ p | password_hash(\'blowfish\') }}"',
        '  vars: {p: x}\n',
      ),
    },
    code: 'TEMPLATE',
    at: 'site.yml:',
    says: ['cannot be hashed by "blowfish"', 'sha512'],
  },
  {
    title: 'a task that would listen as handlers do',
    project: { 'site.yml': play('- debug: msg=x\n  listen: y') },
    code: 'PLAYBOOK',
    at: 'site.yml:5:',
    says: ['Only handlers can listen'],
  },
  {
    title: 'the same in a file that is imported',
    project: { 'site.yml': play('- block:\n    - import_tasks: t.yml'), 't.yml': '- debug: msg=x\n  listen: y\n' },
    code: 'PLAYBOOK',
    at: 't.yml:2:',
    says: ['Only handlers can listen'],
  },
  {
    title: 'words and a variable to say at once',
    project: { 'site.yml': play('- debug: {msg: x, var: y}') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['parameters are mutually exclusive: msg|var'],
  },
  {
    title: 'a playbook that is no YAML',
    project: { 'site.yml': '- hosts: all\n  tasks:\n    - debug: "x\n' },
    code: 'SYNTAX',
    at: 'site.yml:4',
    says: ['quote'],
  },
  {
    title: 'a tab as indentation',
    project: { 'site.yml': '- hosts: all\n\ttasks: []\n' },
    code: 'SYNTAX',
    at: 'site.yml:2',
    says: [],
  },
  {
    title: 'a role that is no YAML',
    project: { 'site.yml': '- hosts: all\n  roles: [r]\n', 'roles/r/tasks/main.yml': '- debug: {msg: x\n' },
    code: 'SYNTAX',
    at: 'roles/r/tasks/main.yml:',
    says: [],
  },
  {
    title: 'a variables file that is no YAML',
    project: { 'site.yml': play(OK, '  vars_files: [v.yml]\n'), 'v.yml': 'a: [1,\nb: 2\n' },
    code: 'SYNTAX',
    at: 'v.yml:',
    says: [],
  },
  {
    title: 'a variables file that is a list',
    project: { 'site.yml': play(OK, '  vars_files: [v.yml]\n'), 'v.yml': '- a\n' },
    code: 'PLAYBOOK',
    at: 'v.yml:1:1',
    says: ['mapping'],
  },
  {
    title: 'a variables file that is not there',
    project: { 'site.yml': play(OK, '  vars_files: [nope.yml]\n') },
    code: 'PLAYBOOK',
    at: 'site.yml:3:',
    says: ['nope.yml', 'not found'],
  },
  {
    title: 'a variables file that is a folder',
    project: { 'site.yml': play(OK, '  vars_files: [vars]\n'), 'vars/v.yml': 'a: 1\n' },
    code: 'PLAYBOOK',
    at: 'site.yml:3:',
    says: ['vars', 'not found'],
  },
  { title: 'an empty playbook', project: { 'site.yml': '' }, code: 'PLAYBOOK', at: 'site.yml:1', says: ['empty'] },
  {
    title: 'a playbook of comments',
    project: { 'site.yml': '# nothing\n' },
    code: 'PLAYBOOK',
    at: 'site.yml',
    says: ['empty'],
  },
  {
    title: 'a playbook that is a mapping',
    project: { 'site.yml': 'hosts: all\n' },
    code: 'PLAYBOOK',
    at: 'site.yml:1:1',
    says: ['list of plays'],
  },
  {
    title: 'a play that is text',
    project: { 'site.yml': '- all\n' },
    code: 'PLAYBOOK',
    at: 'site.yml:1',
    says: ['mapping'],
  },
  {
    title: 'a play without hosts',
    project: { 'site.yml': '- tasks: []\n' },
    code: 'PLAYBOOK',
    at: 'site.yml:1:3',
    says: ['hosts'],
  },
  {
    title: 'tasks that are a mapping',
    project: { 'site.yml': '- hosts: all\n  tasks:\n    debug: msg=x\n' },
    code: 'PLAYBOOK',
    at: 'site.yml:3:5',
    says: ['list of tasks'],
  },
  {
    title: 'a task that is text',
    project: { 'site.yml': play('- debug') },
    code: 'PLAYBOOK',
    at: 'site.yml:4',
    says: ['“debug”'],
  },
  {
    title: 'an unknown keyword of a play',
    project: { 'site.yml': play(OK, '  gather_fact: no\n') },
    code: 'PLAYBOOK',
    at: 'site.yml:3:3',
    says: ['gather_fact', 'Did you mean gather_facts'],
  },
  {
    title: 'an unknown keyword of a task',
    project: { 'site.yml': play('- debug: msg=x\n  whn: yes') },
    code: 'UNSUPPORTED',
    at: 'site.yml:5:7',
    says: ['whn', 'when'],
  },
  {
    title: 'an unknown keyword of a block',
    project: { 'site.yml': play('- block: []\n  resque: []') },
    code: 'PLAYBOOK',
    at: 'site.yml:5:7',
    says: ['resque', 'rescue'],
  },
  {
    title: 'two modules in one task',
    project: { 'site.yml': play('- debug: msg=x\n  command: "true"') },
    code: 'PLAYBOOK',
    at: 'site.yml:5:7',
    says: ['two modules', 'debug', 'command'],
  },
  {
    title: 'a task without a module',
    project: { 'site.yml': play('- name: nothing') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['no module'],
  },
  {
    title: 'an unknown module',
    project: { 'site.yml': play(`${OK}\n- comand: uptime`) },
    code: 'UNSUPPORTED',
    at: 'site.yml:5:7',
    says: ['comand', 'Did you mean command'],
  },
  {
    title: 'an unknown module in a handler of a role',
    project: {
      'site.yml': '- hosts: all\n  roles: [r]\n',
      'roles/r/handlers/main.yml': '- name: h\n  servce: name=x\n',
    },
    code: 'UNSUPPORTED',
    at: 'roles/r/handlers/main.yml:2:3',
    says: ['servce', 'service'],
  },
  {
    title: 'an argument that the module does not have',
    project: { 'site.yml': play('- file:\n    path: /tmp/x\n    ownr: me') },
    code: 'UNSUPPORTED',
    at: 'site.yml:6:9',
    says: ['file has no argument “ownr”', 'Did you mean owner', 'state'],
  },
  {
    title: 'a list for arguments',
    project: { 'site.yml': play('- debug: [a]') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['debug takes a mapping or a text, not a list', 'name: value'],
  },
  {
    title: 'a yes or no for a command',
    project: { 'site.yml': play('- command: true') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['command takes a mapping or a text, not True', 'quotes'],
  },
  {
    title: 'free text for a module that takes none',
    project: { 'site.yml': play('- file: /tmp/x state=directory') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['file', '/tmp/x', 'name=value'],
  },
  {
    title: 'a quote that is never closed',
    project: { 'site.yml': play(`- debug: msg="oh no`) },
    code: 'SYNTAX',
    at: 'site.yml:4:7',
    says: ['" is missing'],
  },
  {
    title: 'braces that are never closed',
    project: { 'site.yml': play(`- debug: msg={{ x`) },
    code: 'SYNTAX',
    at: 'site.yml:4:7',
    says: ['}} is missing'],
  },
  {
    title: 'an unknown role',
    project: { 'site.yml': '- hosts: all\n  roles:\n    - zokeeper\n', 'roles/zookeeper/tasks/main.yml': '[]' },
    code: 'PLAYBOOK',
    at: 'site.yml:3:',
    says: ['zokeeper', 'Did you mean zookeeper', '/roles'],
  },
  {
    title: 'an unknown role that is called as the playbook is',
    project: { 'site.yml': '- hosts: all\n  roles:\n    - site\n', 'roles/side/tasks/main.yml': '[]' },
    code: 'PLAYBOOK',
    at: 'site.yml:3:',
    says: ['The role site was not found.\nDid you mean side? It was'],
  },
  {
    title: 'a role without its tasks_from',
    project: {
      'site.yml': play('- import_role: {name: r, tasks_from: instal}'),
      'roles/r/tasks/main.yml': '[]',
      'roles/r/tasks/install.yml': '[]',
    },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: [
      'The role r has no file tasks/instal.yml.',
      'Did you mean install.yml? It was looked for in ',
      'roles/r/tasks.',
    ],
  },
  {
    title: 'playbooks that import each other',
    project: { 'site.yml': '- import_playbook: b.yml\n', 'b.yml': '- import_playbook: site.yml\n' },
    code: 'PLAYBOOK',
    at: 'b.yml:1:3',
    says: ['site.yml → b.yml → site.yml'],
  },
  {
    title: 'an imported playbook that is not there',
    project: { 'site.yml': '- import_playbook: nope.yml\n' },
    code: 'PLAYBOOK',
    at: 'site.yml:1:3',
    says: ['nope.yml'],
  },
  {
    title: 'an imported playbook that is a folder',
    project: { 'site.yml': '- import_playbook: plays\n', 'plays/one.yml': play(OK) },
    code: 'PLAYBOOK',
    at: 'site.yml:1:3',
    says: ['plays'],
  },
  {
    title: 'an imported playbook named by a variable that nobody knows before the run',
    project: { 'site.yml': `${play(OK)}- import_playbook: "{{ which }}.yml"\n` },
    code: 'UNDEFINED_VARIABLE',
    at: 'site.yml:5',
    says: ["'which' is undefined"],
  },
  {
    title: 'task files that import each other',
    project: {
      'site.yml': play('- import_tasks: a.yml'),
      'a.yml': '- import_tasks: b.yml\n',
      'b.yml': '- import_tasks: a.yml\n',
    },
    code: 'PLAYBOOK',
    at: 'b.yml:1:3',
    says: ['circle', 'a.yml'],
  },
  {
    title: 'an imported task file that is not there',
    project: { 'site.yml': play('- import_tasks: nope.yml') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['nope.yml', 'not found'],
  },
  {
    title: 'roles that depend on each other',
    project: {
      'site.yml': '- hosts: all\n  roles: [a]\n',
      'roles/a/meta/main.yml': 'dependencies: [b]\n',
      'roles/b/meta/main.yml': 'dependencies: [a]\n',
    },
    code: 'PLAYBOOK',
    at: 'roles/b/meta/main.yml',
    says: ['a → b → a'],
  },
  {
    title: 'two loops',
    project: { 'site.yml': play('- debug: msg=x\n  loop: [1]\n  with_items: [2]') },
    code: 'PLAYBOOK',
    at: 'site.yml:6:7',
    says: ['two loops'],
  },
  {
    title: 'an import in a loop',
    project: { 'site.yml': play('- import_tasks: a.yml\n  loop: [1]'), 'a.yml': OK },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['include_tasks'],
  },
  {
    title: 'a name that cannot be registered',
    project: { 'site.yml': play('- debug: msg=x\n  register: a-b') },
    code: 'PLAYBOOK',
    at: 'site.yml:5:7',
    says: ['a-b'],
  },
  {
    title: 'an unknown action of meta',
    project: { 'site.yml': play('- meta: flush_handler') },
    code: 'PLAYBOOK',
    at: 'site.yml:4:7',
    says: ['flush_handlers'],
  },
  {
    title: 'variables that are a text',
    project: { 'site.yml': play('- debug: msg=x\n  vars: a') },
    code: 'PLAYBOOK',
    at: 'site.yml:5:7',
    says: ['mapping'],
  },
  {
    title: 'defaults for a group of modules',
    project: { 'site.yml': play(OK, '  module_defaults: {group/aws: {region: x}}\n') },
    code: 'UNSUPPORTED',
    at: 'site.yml:3:3',
    says: ['group/aws', 'Name each module'],
  },
  {
    title: 'a prompt that nobody answers',
    project: { 'site.yml': play(OK, '  vars_prompt:\n    - {name: version, prompt: Which}\n') },
    code: 'UNSUPPORTED',
    at: 'site.yml:4:7',
    says: ['version', '-e version=value'],
  },
  {
    title: 'a strategy of a plugin',
    project: { 'site.yml': play(OK, '  strategy: mitogen_linear\n') },
    code: 'UNSUPPORTED',
    at: 'site.yml:1:3',
    says: ['mitogen_linear', 'linear, free or host_pinned'],
  },
  {
    title: 'an order that is none',
    project: { 'site.yml': play(OK, '  order: random\n') },
    code: 'PLAYBOOK',
    at: 'site.yml:1:3',
    says: ['random', 'shuffle'],
  },
  {
    title: 'an argument that debug does not take',
    project: { 'site.yml': play('- debug: {mgs: x}') },
    code: 'UNSUPPORTED',
    at: 'site.yml:4:15',
    says: ['mgs', 'msg'],
  },
  {
    title: 'an unknown filter',
    project: { 'site.yml': play(`${OK}\n- debug: msg="{{ 1 | uper }}"`) },
    code: 'UNSUPPORTED',
    at: 'site.yml:5',
    says: ['uper', 'Did you mean upper', '1 task of 2'],
  },
  {
    title: 'a template that is no template',
    project: { 'site.yml': play('- debug: msg="{{ 1 + }}"') },
    code: 'TEMPLATE',
    at: 'site.yml:4',
    says: ['expression'],
  },
  {
    title: 'an unknown module in a file that is surely included',
    project: { 'site.yml': play('- include_tasks: a.yml'), 'a.yml': '- comand: x\n' },
    code: 'UNSUPPORTED',
    at: 'a.yml:1:3',
    says: ['comand', 'Did you mean command'],
  },
  {
    title: 'serial that is no number',
    project: { 'site.yml': play(OK, '  serial: many\n') },
    code: 'PLAYBOOK',
    says: ['serial', 'many'],
  },
  {
    title: 'a vaulted file without a password',
    project: {
      'site.yml': play(OK, '  vars_files: [secret.yml]\n'),
      'secret.yml': '$ANSIBLE_VAULT;1.1;AES256\n6162\n',
    },
    code: 'VAULT',
    at: 'secret.yml',
    says: ['password'],
  },
  {
    title: 'hosts that match nobody',
    project: { 'site.yml': play(OK).replace('all', 'ghosts') },
    code: 'UNKNOWN_HOST_PATTERN',
    says: ['ghosts', 'web'],
  },
  {
    title: 'an unknown limit',
    project: { 'site.yml': play(OK) },
    options: { limit: 'h9' },
    code: 'UNKNOWN_HOST_PATTERN',
    says: ['h9'],
  },
  {
    title: 'a limit outside the play',
    project: { 'site.yml': play(OK).replace('all', 'h1') },
    options: { limit: 'h2' },
    code: 'UNKNOWN_HOST_PATTERN',
    says: ['h1', 'h2'],
  },
  {
    title: 'a task to start at that is not there',
    project: { 'site.yml': play(OK) },
    options: { startAt: 'nope' },
    code: 'USAGE',
    says: ['nope'],
  },
  {
    title: 'extra variables that are none',
    project: { 'site.yml': play(OK) },
    options: { extraVars: ['just words'] },
    code: 'USAGE',
    says: ['just words'],
  },
  {
    title: 'hosts from a variable that nobody set',
    project: { 'site.yml': play(OK).replace('all', '"{{ where }}"') },
    code: 'UNDEFINED_VARIABLE',
    at: 'site.yml:1',
    says: ['where'],
  },
];

describe('A mistake is found before any host is touched:', () => {
  test.each(MISTAKES.map((mistake) => [mistake.title, mistake] as const))(
    '%s',
    async (_, { project, options, code, at, says }) => {
      const { error, connected, events } = await runPlaybook(project, options);
      expect(error).toBeInstanceOf(StarsError);
      const told = error as StarsError;
      expect({ code: told.code, text: told.describe() }).toEqual({ code, text: expect.stringContaining(at ?? '') });
      for (const piece of says) expect(`${told.message}\n${told.hint ?? ''}`).toContain(piece);
      expect(told.describe()).not.toMatch(/\[object|\n\s+at |INTERNAL/);
      expect({ connected, results: events.filter(({ type }) => type === 'task.result') }).toEqual({
        connected: [],
        results: [],
      });
    },
  );

  test('also in a later play', async () => {
    const { error, connected } = await runPlaybook({
      'site.yml': `${play('- command: "true"')}\n${play('- comand: "true"')}`,
    });
    expect(error).toMatchObject({ code: 'UNSUPPORTED' });
    expect(connected).toEqual([]);
  });
});

type Failure = { title: string; project: Project; options?: RunOptions; says: string[] };

const FAILURES: Failure[] = [
  {
    title: 'an undefined variable names the variable, the task, file and line',
    project: { 'site.yml': play(`${OK}\n- name: Show it\n  debug: msg="{{ nowhere }}"`) },
    says: ['site.yml:5', "'nowhere' is undefined"],
  },
  {
    title: 'an undefined variable in a condition',
    project: { 'site.yml': play('- debug: msg=x\n  when: nowhere == 1') },
    says: ['nowhere'],
  },
  {
    title: 'variables that refer to each other in a circle',
    project: { 'site.yml': play('- debug: msg="{{ a }}"', '  vars: {a: "{{ b }}", b: "{{ a }}"}\n') },
    says: ['a -> b -> a'],
  },
  {
    title: 'a loop over what is no list',
    project: { 'site.yml': play('- debug: msg=x\n  loop: 5') },
    says: ['site.yml:4', 'list'],
  },
  {
    title: 'a value that the module cannot take',
    project: { 'site.yml': play('- file: path=/tmp/x state={{ s }}', '  vars: {s: nowhere}\n') },
    says: ['site.yml:', 'state', 'directory'],
  },
  {
    title: 'a text where arguments are meant',
    project: { 'site.yml': play('- debug: "{{ words }}"', '  vars: {words: msg=x}\n') },
    says: ['site.yml:5:7', 'debug needs a mapping'],
  },
  {
    title: 'an argument that is missing',
    project: { 'site.yml': play('- file: "{{ a }}"', '  vars: {a: {state: directory}}\n') },
    says: ['site.yml:', 'path'],
  },
  {
    title: 'a handler that does not exist',
    project: {
      'site.yml': play(
        '- name: Change\n  command: "true"\n  notify: Restart it',
        '  handlers: [{name: Restart this, debug: {msg: x}}]\n',
      ),
    },
    says: ['site.yml:', 'Restart it', 'Restart this', 'Change'],
  },
  {
    title: 'an included file that is not there',
    project: { 'site.yml': play('- include_tasks: nope.yml') },
    says: ['site.yml:4', 'nope.yml'],
  },
  {
    title: 'an included role that is not there',
    project: { 'site.yml': play('- include_role: {name: nope}') },
    says: ['site.yml:4', 'nope'],
  },
  {
    title: 'an included file that is no YAML',
    project: { 'site.yml': play('- include_tasks: a.yml'), 'a.yml': '- debug: {msg\n' },
    says: ['a.yml:'],
  },
  {
    title: 'a file that includes itself without end',
    project: { 'site.yml': play('- include_tasks: a.yml'), 'a.yml': '- include_tasks: a.yml\n' },
    says: ['include each other'],
  },
  {
    title: 'a delegate that is no host',
    project: { 'site.yml': play('- command: "true"\n  delegate_to: ghost') },
    says: ['site.yml:4', 'ghost'],
  },
  {
    title: 'a keyword that cannot be templated',
    project: { 'site.yml': play('- command: "false"\n  ignore_errors: "{{ nowhere }}"') },
    says: ['nowhere'],
  },
  {
    title: 'a become method that does not exist',
    project: { 'site.yml': play('- command: "true"\n  become: yes\n  become_method: magic') },
    says: ['magic', 'sudo'],
  },
  {
    title: 'a copied file that is not there',
    project: { 'site.yml': play('- copy: src=nope.txt dest={{ base }}/x') },
    says: ['site.yml:4', 'nope.txt', '/files/'],
  },
  {
    title: 'a template with an undefined variable',
    project: { 'site.yml': play('- template: src=t.j2 dest={{ base }}/x'), 'templates/t.j2': 'one\n{{ nowhere }}\n' },
    says: ['t.j2:2', 'nowhere'],
  },
  {
    title: 'a vaulted value without a password',
    project: {
      'site.yml': play(
        '- debug: msg="{{ secret }}"',
        '  vars:\n    secret: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      6162\n',
      ),
    },
    says: ['password'],
  },
];

describe('A mistake that shows only while a task runs fails the host with its place:', () => {
  test.each(FAILURES.map((failure) => [failure.title, failure] as const))(
    '%s',
    async (_, { project, options, says }) => {
      const { error, result, events } = await runPlaybook(project, options);
      expect(error).toBeUndefined();
      expect(result?.failed).toMatchObject({ code: 'HOSTS_FAILED' });
      const failed = events.flatMap((event) =>
        event.type === 'task.result' && event.status === 'failed' ? [event] : [],
      );
      expect(failed.map(({ host }) => host).sort()).toEqual(['h1', 'h2']);
      for (const piece of says) expect(failed[0]?.message).toContain(piece);
      expect(failed[0]?.message).not.toMatch(/\[object|\n\s+at |INTERNAL/);
    },
  );
});
