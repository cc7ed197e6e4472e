/** Keywords that plays, roles and blocks hand down to the tasks they hold. */
const HANDED_DOWN = [
  'become',
  'become_user',
  'become_method',
  'become_flags',
  'become_exe',
  'ignore_errors',
  'ignore_unreachable',
  'no_log',
  'throttle',
  'check_mode',
  'diff',
  'run_once',
  'any_errors_fatal',
  'timeout',
  'remote_user',
  'connection',
  'port',
] as const;

/** The same with what only roles, blocks and imports hand down. */
export const INHERITED = [...HANDED_DOWN, 'delegate_to', 'delegate_facts'] as const;

/** Those of them that say yes or no. */
export const FLAGS = [
  'become',
  'ignore_errors',
  'ignore_unreachable',
  'no_log',
  'check_mode',
  'diff',
  'run_once',
  'any_errors_fatal',
  'delegate_facts',
] as const satisfies readonly (typeof INHERITED)[number][];

/** What may stand on a play, a role, a block and a task alike. */
const EVERYWHERE = [
  ...HANDED_DOWN,
  'name',
  'tags',
  'vars',
  'environment',
  'debugger',
  'module_defaults',
  'collections',
  'sudo',
  'sudo_user',
];

// Keywords by where they may stand. What is not here is a module's name or a mistake.

export const PLAY_KEYWORDS = new Set([
  ...EVERYWHERE,
  'hosts',
  'user',
  'gather_facts',
  'gather_subset',
  'gather_timeout',
  'fact_path',
  'vars_files',
  'vars_prompt',
  'roles',
  'pre_tasks',
  'tasks',
  'post_tasks',
  'handlers',
  'serial',
  'strategy',
  'order',
  'max_fail_percentage',
  'force_handlers',
]);

export const ROLE_KEYWORDS = new Set([...EVERYWHERE, 'role', 'when', 'delegate_to', 'delegate_facts']);

export const BLOCK_KEYWORDS = new Set([
  ...EVERYWHERE,
  'block',
  'rescue',
  'always',
  'when',
  'notify',
  'delegate_to',
  'delegate_facts',
]);

export const TASK_KEYWORDS = new Set([
  ...EVERYWHERE,
  'when',
  'notify',
  'delegate_to',
  'delegate_facts',
  'register',
  'args',
  'action',
  'local_action',
  'loop',
  'loop_control',
  'until',
  'retries',
  'delay',
  'changed_when',
  'failed_when',
  'listen',
  'async',
  'poll',
  'su',
  'su_user',
]);

/** What may stand beside `include_tasks` and `include_role`: all else belongs on what they bring, or below `apply`. */
export const INCLUDE_KEYWORDS: ReadonlySet<string> = new Set([
  'action',
  'args',
  'collections',
  'debugger',
  'ignore_errors',
  'listen',
  'local_action',
  'loop',
  'loop_control',
  'name',
  'no_log',
  'register',
  'run_once',
  'tags',
  'timeout',
  'vars',
  'when',
]);

export const LOOP_CONTROL_KEYWORDS = new Set([
  'loop_var',
  'index_var',
  'label',
  'pause',
  'extended',
  'extended_allitems',
]);

export const META_ACTIONS = new Set([
  'flush_handlers',
  'end_play',
  'end_batch',
  'end_host',
  'clear_facts',
  'clear_host_errors',
  'refresh_inventory',
  'reset_connection',
  'noop',
]);
