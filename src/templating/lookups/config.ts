import { isText } from '../../jinja/python-value.js';
import { str } from '../../jinja/python-text.js';
import { templateError } from '../../jinja/template-error.js';
import type { Value } from '../../jinja/value.js';
import { nearNames } from '../../jinja/near-names.js';
import type { ControllerFiles } from '../controller-files.js';
import type { LookupPlugin, LookupSurroundings, Options } from './plugin.js';

/** `lookup('config')`: what ansible-core 2.14 says of its settings where nobody has set them. */
export function configLookup({ files, onDeprecation }: LookupSurroundings): Record<string, LookupPlugin> {
  return { config: (terms, options) => terms.flatMap((term) => setting(term, options)) };

  function setting(term: Value, options: Options): Value[] {
    const missing = str(options.get('on_missing') ?? 'error');
    if (!['error', 'skip', 'warn'].includes(missing))
      throw templateError(`on_missing of the lookup "config" must be error, skip or warn, got: ${missing}`);
    if (options.has('plugin_type') || options.has('plugin_name'))
      throw templateError('The lookup "config" knows no settings of plugins: Stars has none of them.');
    if (!isText(term)) throw templateError(`Invalid setting identifier, "${str(term)}" is not a string.`);
    const name = str(term);
    const settings = settingsOf(files);
    const value = settings.get(name);
    if (value !== undefined) return [value];
    if (missing === 'error')
      throw templateError(`Unable to find setting ${name}.`, nearNames(name, [...settings.keys()]));
    if (missing === 'warn') onDeprecation?.(`Skipping, did not find setting ${name}`);
    return [];
  }
}

function settingsOf(files: ControllerFiles): ReadonlyMap<string, Value> {
  const home = files.home();
  return new Map<string, Value>([
    ...FIXED,
    ['ANSIBLE_HOME', `${home}/.ansible`],
    ['COLLECTIONS_PATHS', [`${home}/.ansible/collections`, '/usr/share/ansible/collections']],
    ['DEFAULT_ROLES_PATH', [`${home}/.ansible/roles`, '/usr/share/ansible/roles', '/etc/ansible/roles']],
    ['DEFAULT_LOCAL_TMP', `${home}/.ansible/tmp`],
    ...['ACTION', 'CALLBACK', 'CONNECTION', 'FILTER', 'INVENTORY', 'LOOKUP', 'STRATEGY', 'TEST', 'VARS'].map(
      (kind): [string, Value] => [`DEFAULT_${kind}_PLUGIN_PATH`, pluginFolders(home, kind.toLowerCase())],
    ),
    ['DEFAULT_MODULE_PATH', pluginFolders(home, 'modules')],
    ['DEFAULT_MODULE_UTILS_PATH', pluginFolders(home, 'module_utils')],
    ['BECOME_PLUGIN_PATH', pluginFolders(home, 'become')],
  ]);
}

function pluginFolders(home: string, kind: string): Value[] {
  return [`${home}/.ansible/plugins/${kind}`, `/usr/share/ansible/plugins/${kind}`];
}

const FIXED: ReadonlyMap<string, Value> = new Map(
  Object.entries<Value>({
    ACTION_WARNINGS: true,
    ANSIBLE_FORCE_COLOR: false,
    ANSIBLE_NOCOLOR: false,
    ANSIBLE_NOCOWS: false,
    ANSIBLE_PIPELINING: false,
    ANY_ERRORS_FATAL: false,
    BECOME_ALLOW_SAME_USER: false,
    CACHE_PLUGIN: 'memory',
    CACHE_PLUGIN_CONNECTION: null,
    CACHE_PLUGIN_PREFIX: 'ansible_facts',
    CACHE_PLUGIN_TIMEOUT: 86_400,
    CALLBACKS_ENABLED: [],
    CONFIG_FILE: null,
    DEFAULT_ALLOW_UNSAFE_LOOKUPS: false,
    DEFAULT_ASK_PASS: false,
    DEFAULT_ASK_VAULT_PASS: false,
    DEFAULT_BECOME: false,
    DEFAULT_BECOME_ASK_PASS: false,
    DEFAULT_BECOME_EXE: null,
    DEFAULT_BECOME_FLAGS: null,
    DEFAULT_BECOME_METHOD: 'sudo',
    DEFAULT_BECOME_USER: 'root',
    DEFAULT_DEBUG: false,
    DEFAULT_EXECUTABLE: '/bin/sh',
    DEFAULT_FACT_PATH: null,
    DEFAULT_FORCE_HANDLERS: false,
    DEFAULT_FORKS: 5,
    DEFAULT_GATHERING: 'implicit',
    DEFAULT_GATHER_SUBSET: null,
    DEFAULT_GATHER_TIMEOUT: null,
    DEFAULT_HASH_BEHAVIOUR: 'replace',
    DEFAULT_HOST_LIST: ['/etc/ansible/hosts'],
    DEFAULT_JINJA2_EXTENSIONS: [],
    DEFAULT_JINJA2_NATIVE: false,
    DEFAULT_KEEP_REMOTE_FILES: false,
    DEFAULT_LOG_FILTER: [],
    DEFAULT_LOG_PATH: null,
    DEFAULT_MANAGED_STR: 'Ansible managed',
    DEFAULT_MODULE_COMPRESSION: 'ZIP_DEFLATED',
    DEFAULT_MODULE_NAME: 'command',
    DEFAULT_NO_LOG: false,
    DEFAULT_NO_TARGET_SYSLOG: false,
    DEFAULT_NULL_REPRESENTATION: null,
    DEFAULT_POLL_INTERVAL: 15,
    DEFAULT_PRIVATE_KEY_FILE: null,
    DEFAULT_PRIVATE_ROLE_VARS: false,
    DEFAULT_REMOTE_PORT: null,
    DEFAULT_REMOTE_USER: null,
    DEFAULT_STDOUT_CALLBACK: 'default',
    DEFAULT_STRATEGY: 'linear',
    DEFAULT_SYSLOG_FACILITY: 'LOG_USER',
    DEFAULT_TIMEOUT: 10,
    DEFAULT_TRANSPORT: 'smart',
    DEFAULT_UNDEFINED_VAR_BEHAVIOR: true,
    DEFAULT_VAULT_IDENTITY: 'default',
    DEFAULT_VAULT_IDENTITY_LIST: [],
    DEFAULT_VAULT_ID_MATCH: false,
    DEFAULT_VAULT_PASSWORD_FILE: null,
    DEFAULT_VERBOSITY: 0,
    DEPRECATION_WARNINGS: true,
    DIFF_ALWAYS: false,
    DIFF_CONTEXT: 3,
    DUPLICATE_YAML_DICT_KEY: 'warn',
    ENABLE_TASK_DEBUGGER: false,
    ERROR_ON_MISSING_HANDLER: true,
    FACTS_MODULES: ['smart'],
    GALAXY_SERVER: 'https://galaxy.ansible.com',
    HOST_KEY_CHECKING: true,
    HOST_PATTERN_MISMATCH: 'warning',
    INJECT_FACTS_AS_VARS: true,
    INTERPRETER_PYTHON: 'auto',
    INVALID_TASK_ATTRIBUTE_FAILED: true,
    INVENTORY_ENABLED: ['host_list', 'script', 'auto', 'yaml', 'ini', 'toml'],
    LOCALHOST_WARNING: true,
    MAX_FILE_SIZE_FOR_DIFF: 104_448,
    PARAMIKO_HOST_KEY_AUTO_ADD: false,
    PERSISTENT_COMMAND_TIMEOUT: 30,
    PERSISTENT_CONNECT_TIMEOUT: 30,
    PLAYBOOK_DIR: null,
    PLAYBOOK_VARS_ROOT: 'top',
    RETRY_FILES_ENABLED: false,
    SHOW_CUSTOM_STATS: false,
    SYSTEM_WARNINGS: true,
    TAGS_RUN: [],
    TAGS_SKIP: [],
    TASK_TIMEOUT: 0,
    TRANSFORM_INVALID_GROUP_CHARS: 'never',
    VARIABLE_PLUGINS_ENABLED: ['host_group_vars'],
    YAML_FILENAME_EXTENSIONS: ['.yml', '.yaml', '.json'],
  }),
);
