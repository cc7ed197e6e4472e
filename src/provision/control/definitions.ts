import type { z } from 'zod';
import { args, bool, choice, int, list, path, raw, text } from '../arguments.js';

/** What a control module takes and does, for checking its arguments and for the reference. */
export type ControlDefinition = {
  name: string;
  /** One sentence. */
  summary: string;
  args: z.ZodType;
  aliases?: Record<string, string>;
  /** Of each of these one may be given. */
  exclusive?: readonly (readonly string[])[];
  /** The argument that free text is taken as. */
  freeForm?: string;
  /** It takes any other argument too: what they are for, in a sentence. */
  others?: string;
  differences?: readonly string[];
  needs?: string;
  /** It asks the host; the others need none. */
  asksHost?: true;
  checkMode?: string;
};

const SAME = 'Does the same in check mode: it changes no host.';

const roleArguments = {
  name: text().describe('The role.'),
  tasks_from: text().default('main').describe('File of its tasks.'),
  vars_from: text().default('main').describe('File of its vars.'),
  defaults_from: text().default('main').describe('File of its defaults.'),
  handlers_from: text().default('main').describe('File of its handlers.'),
  allow_duplicates: bool().default(true).describe('Run it again although it ran before.'),
  rolespec_validate: bool().default(true).describe("Check its arguments by the role's own specification."),
};

const SETUP_ARGUMENTS = {
  gather_subset: list().default(['all']).describe('Which facts; `!` before a name leaves it out.'),
  filter: list().default([]).describe('Patterns of which the name of a fact must match one.'),
  gather_timeout: int().default(10).describe('Accepted and without effect.'),
  fact_path: path().default('/etc/ansible/facts.d').describe('Folder of the facts that the host has of its own.'),
};

const includedFile = { file: text().describe('The file of tasks.') };
const applied = {
  apply: raw().optional().describe('Keywords that every included task gets, such as `tags` or `become`.'),
};

const ALL: readonly ControlDefinition[] = [
  {
    name: 'debug',
    summary: 'Say something, or the value of a variable.',
    args: args({
      msg: raw().default('Hello world!').describe('What to say.'),
      var: raw().optional().describe('The variable or expression whose value to say.'),
      verbosity: int().default(0).describe('Above 0 nothing is said: Stars has the loudness of Ansible without -v.'),
    }),
    exclusive: [['msg', 'var']],
    checkMode: SAME,
  },
  {
    name: 'set_fact',
    summary: 'Set variables of the host for the rest of the run.',
    args: args({ cacheable: bool().default(false).describe('Keep them among the facts too.') }),
    others: 'Every other argument is a variable and its value.',
    checkMode: SAME,
  },
  {
    name: 'fail',
    summary: 'Fail with a message.',
    args: args({ msg: raw().default('Failed as requested from task').describe('The message.') }),
    checkMode: SAME,
  },
  {
    name: 'assert',
    summary: 'Fail unless all conditions hold.',
    args: args({
      that: raw().describe('A condition, or a list of them.'),
      fail_msg: raw().default('Assertion failed').describe('What to say when one does not hold.'),
      success_msg: raw().default('All assertions passed').describe('What to say when all hold.'),
      quiet: bool().default(false).describe('Accepted and without effect: little is said anyway.'),
    }),
    aliases: { msg: 'fail_msg' },
    checkMode: SAME,
  },
  {
    name: 'include_tasks',
    summary: 'Run the tasks of a file, looked for when the task runs.',
    args: args({ ...includedFile, ...applied }),
    freeForm: 'file',
    checkMode: 'The included tasks run in check mode.',
  },
  {
    name: 'import_tasks',
    summary: 'Put the tasks of a file here, read before the run.',
    args: args(includedFile),
    freeForm: 'file',
    checkMode: 'The imported tasks run in check mode.',
  },
  {
    name: 'include',
    summary: 'Run the tasks of a file; the old word for include_tasks and import_tasks.',
    args: args(includedFile),
    freeForm: 'file',
    others: 'Every other argument is a variable of the included tasks.',
    checkMode: 'The included tasks run in check mode.',
  },
  {
    name: 'include_role',
    summary: 'Run a role, looked for when the task runs.',
    args: args({
      ...roleArguments,
      ...applied,
      public: bool().default(false).describe('Let the tasks that follow see its vars and defaults.'),
    }),
    aliases: { role: 'name' },
    checkMode: 'The tasks of the role run in check mode.',
  },
  {
    name: 'import_role',
    summary: 'Put the tasks of a role here, read before the run.',
    args: args(roleArguments),
    aliases: { role: 'name' },
    checkMode: 'The tasks of the role run in check mode.',
  },
  {
    name: 'include_vars',
    summary: 'Read variables from files of the project.',
    args: args({
      file: text().optional().describe('The file.'),
      dir: text().optional().describe('A folder of files, in place of one.'),
      name: text().optional().describe('One variable that holds all of them as a dict.'),
      depth: int().default(0).describe('How many folders of the folder are read; 0 means all.'),
      files_matching: text().optional().describe('Regular expression that the names of files must match.'),
      ignore_files: list().optional().describe('Names of files to leave out.'),
      extensions: list().default(['yaml', 'yml', 'json']).describe('Endings that files may have.'),
      ignore_unknown_extensions: bool()
        .default(false)
        .describe('Leave files with other endings out, rather than fail.'),
      hash_behaviour: choice('replace', 'merge').default('replace').describe('What becomes of dicts known before.'),
    }),
    freeForm: 'file',
    checkMode: SAME,
  },
  {
    name: 'pause',
    summary: 'Wait for a time.',
    args: args({
      minutes: raw().optional().describe('Minutes to wait.'),
      seconds: raw().optional().describe('Seconds to wait.'),
      prompt: raw().optional().describe('Accepted and without effect.'),
      echo: bool().default(true).describe('Accepted and without effect.'),
    }),
    differences: ['Without a time it fails, since nobody can press a key in a chat.', 'It waits a day at most.'],
    checkMode: 'Waits all the same.',
  },
  {
    name: 'setup',
    asksHost: true,
    summary: 'Gather the facts of a host.',
    args: args(SETUP_ARGUMENTS),
    checkMode: 'Reads only, so it does the same in check mode.',
  },
  {
    name: 'gather_facts',
    asksHost: true,
    summary: 'Gather the facts of a host, as a play does at its start.',
    args: args({ ...SETUP_ARGUMENTS, parallel: bool().optional().describe('Accepted and without effect.') }),
    checkMode: 'Reads only, so it does the same in check mode.',
  },
  {
    name: 'ping',
    asksHost: true,
    summary: 'Find out whether a host can be reached and has a shell.',
    args: args({ data: text().default('pong').describe('What the answer is to be.') }),
    checkMode: 'Does the same in check mode.',
  },
  {
    name: 'reboot',
    asksHost: true,
    summary: 'Boot a host anew and wait until it is back.',
    args: args({
      reboot_command: text().optional().describe('What boots the host anew; `shutdown -r` when not given.'),
      boot_time_command: text()
        .default('cat /proc/sys/kernel/random/boot_id')
        .describe('What tells one boot of the host from another.'),
      test_command: text().default('whoami').describe('What must succeed before the next task runs.'),
      msg: text().default('Reboot initiated by Ansible').describe('What users of the host are told.'),
      pre_reboot_delay: int().default(0).describe('Seconds before it goes down, in whole minutes.'),
      post_reboot_delay: int().default(0).describe('Seconds before it is looked for again.'),
      reboot_timeout: int().default(600).describe('Seconds it may take, and again for the test.'),
      connect_timeout: int().optional().describe('Seconds that one attempt may take; 10 when not given.'),
      search_paths: list()
        .default(['/sbin', '/bin', '/usr/sbin', '/usr/bin', '/usr/local/sbin'])
        .describe('Folders in which to look for the command.'),
    }),
    aliases: {
      pre_reboot_delay_sec: 'pre_reboot_delay',
      post_reboot_delay_sec: 'post_reboot_delay',
      reboot_timeout_sec: 'reboot_timeout',
      connect_timeout_sec: 'connect_timeout',
    },
    differences: ['A host that comes back with another key is not asked again.'],
    checkMode: 'Boots nothing; the task counts as changed.',
  },
  {
    name: 'wait_for_connection',
    asksHost: true,
    summary: 'Wait until a host can be reached by a new connection.',
    args: args({
      timeout: int().default(600).describe('Seconds until waiting fails.'),
      connect_timeout: int().default(5).describe('Seconds that one attempt may take.'),
      delay: int().default(0).describe('Seconds before the first attempt.'),
      sleep: int().default(1).describe('Seconds between two attempts.'),
    }),
    differences: ['A host with an unknown or changed key is not asked again.'],
    checkMode: 'Skipped.',
  },
  {
    name: 'add_host',
    summary: 'Add a host to the inventory for the plays that follow.',
    args: args({
      name: text().describe('The host, also with a port.'),
      groups: raw().optional().describe('Groups it is to be in.'),
    }),
    aliases: { hostname: 'name', host: 'name', groupname: 'groups', group: 'groups' },
    others: 'Every other argument is a variable of the host.',
    checkMode: SAME,
  },
  {
    name: 'group_by',
    summary: 'Put each host into a group whose name is made of its variables.',
    args: args({
      key: raw().describe('The name of the group.'),
      parents: raw().default('all').describe('Groups that the group is to be in.'),
    }),
    checkMode: SAME,
  },
  {
    name: 'set_stats',
    summary: 'Keep statistics in the result of the task.',
    args: args({
      data: raw().optional().describe('Names and values.'),
      per_host: bool().default(false).describe('Whether they are of the host rather than of the run.'),
      aggregate: bool().default(true).describe('Whether they are added to what was there before.'),
    }),
    differences: ['They stand in the result alone, since Stars has no callback plugins.'],
    checkMode: SAME,
  },
  {
    name: 'validate_argument_spec',
    summary: 'Check variables by a specification.',
    args: args({
      argument_spec: raw().describe('The specification: a name and its rules for each argument.'),
      provided_arguments: raw().optional().describe('Values to check beside the variables of these names.'),
      validate_args_context: raw().optional().describe('What the result tells about where the specification is from.'),
    }),
    checkMode: SAME,
  },
  {
    name: 'async_status',
    asksHost: true,
    summary: 'Ask what became of a task that was started with async.',
    args: args({
      jid: text().describe('The number of the job, as the result of that task has it.'),
      mode: choice('status', 'cleanup').default('status').describe('Whether to ask, or to erase what is known of it.'),
    }),
    checkMode: 'Does the same in check mode.',
  },
  {
    name: 'meta',
    summary: 'Tell the run itself what to do.',
    args: args({
      free_form: choice(
        'flush_handlers',
        'refresh_inventory',
        'noop',
        'clear_facts',
        'clear_host_errors',
        'end_play',
        'end_batch',
        'end_host',
        'reset_connection',
      ).describe('What to do.'),
    }),
    freeForm: 'free_form',
    checkMode: 'Does the same in check mode.',
  },
];

/** What each control module takes, by its name. */
export const controlDefinitions: ReadonlyMap<string, ControlDefinition> = new Map(
  ALL.map((definition) => [definition.name, definition]),
);
