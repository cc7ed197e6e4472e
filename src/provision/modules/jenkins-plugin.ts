import { z } from 'zod';
import { StarsError } from '../../errors.js';
import { quote, sequence, sh } from '../../shell/command.js';
import { args, bool, choice, int, list, mode, path, raw, text } from '../arguments.js';
import { type FileState, fileState } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Action, type Fact, type ModuleContext, type Plan } from '../module.js';
import { attributeChanges } from './attributes.js';
import { downloadScript } from './download.js';
import { exported, factWithin, runWithin } from './environment.js';
import { type InstalledPlugin, type Jenkins, jenkinsState, postScript } from './jenkins-requests.js';
import { cleanly, moveIntoPlace, reportStat } from './place-file.js';
import { dict } from './result.js';

const shape = args({
  name: text().describe('The short name of the plugin.'),
  version: text().optional().describe('The version, or `latest`; without it any will do.'),
  state: choice('present', 'absent', 'pinned', 'unpinned', 'enabled', 'disabled', 'latest')
    .default('present')
    .describe('What becomes of the plugin.'),
  with_dependencies: bool().default(true).describe('Whether Jenkins installs what the plugin needs, too.'),
  url: text().default('http://localhost:8080').describe('The address of Jenkins, seen from the host.'),
  url_username: text().optional().describe('Who logs in to Jenkins.'),
  url_password: text().optional().describe('The password or token.'),
  jenkins_home: path().default('/var/lib/jenkins').describe('The folder of Jenkins on the host.'),
  owner: text().default('jenkins').describe('Whose the file of the plugin is.'),
  group: text().default('jenkins').describe('The group of the file.'),
  mode: mode().default({ octal: 0o644 }).describe('The permissions of the file.'),
  timeout: int().default(30).describe('After how many seconds without an answer a request fails.'),
  updates_expiration: int()
    .default(86_400)
    .describe('With 0, a plugin without a version is downloaded and compared each time.'),
  updates_url: list()
    .default(['https://updates.jenkins.io', 'http://mirrors.jenkins.io'])
    .describe('Addresses from which plugins are downloaded, tried in order.'),
  update_json_url_segment: list()
    .default(['update-center.json', 'updates/update-center.json'])
    .describe('Accepted and without effect, since no list of updates is needed.'),
  latest_plugins_url_segments: list().default(['latest']).describe('Where below `updates_url` the newest plugins are.'),
  versioned_plugins_url_segments: list()
    .default(['download/plugins', 'plugins'])
    .describe('Where below `updates_url` plugins of a certain version are.'),
  validate_certs: bool().default(true).describe('Whether certificates must be good.'),
  use_proxy: bool().default(true).describe('Whether the proxy of the environment is used.'),
  force_basic_auth: bool().default(true).describe('Accepted: the login is always sent at once.'),
  force: bool().default(false).describe('Accepted and without effect.'),
  http_agent: text().optional().describe('Accepted and without effect.'),
  params: raw().optional().describe('Any of the others, over what they say; as old playbooks have it.'),
});
const schema = z.preprocess(withParams, shape);
type Args = z.output<typeof shape>;

export const jenkinsPlugin = defineModule<Args>({
  name: 'jenkins_plugin',
  collection: 'community.general',
  summary: 'Install, update, pin, enable or remove a plugin of Jenkins.',
  aliases: { username: 'url_username', password: 'url_password', user: 'url_username' },
  needs: 'curl or wget',
  differences: [
    'With `latest` the file itself is compared instead of its sum in the list of updates, which never agrees with it in Ansible.',
    'Check mode downloads a plugin to compare it, where Ansible says that every plugin with a file would change.',
    '`params` still counts.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    if (!/^[\w.-]+$/.test(given.name)) return { actions: [], failed: `${given.name} is not the name of a plugin.` };
    const version = given.state === 'latest' ? 'latest' : given.version;
    const state = given.state === 'latest' ? 'present' : given.state;
    const jenkins = jenkinsOf(given);
    const { usesCrumbs, plugin } = await context.fact(factWithin(context, jenkinsState(jenkins, given.name)));
    const result = dict({ plugin: given.name, state });
    const wanted = { ...given, version, state, crumb: usesCrumbs, jenkins };
    if (state === 'present') return { result, ...(await installation(wanted, plugin, context)) };
    const verb = verbOf(state, plugin);
    return { actions: verb === undefined ? [] : [post(wanted, verb, context)], result };
  },
});

/** Values of `params` stand in for the arguments of their names. */
function withParams(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || !('params' in given)) return given;
  const { params, ...rest } = given;
  return params instanceof Map ? { ...rest, ...Object.fromEntries(params) } : rest;
}

function jenkinsOf(given: Args): Jenkins {
  return {
    url: given.url.replace(/\/+$/, ''),
    user: given.url_username,
    password: given.url_password,
    timeoutSeconds: given.timeout,
    validateCerts: given.validate_certs,
    useProxy: given.use_proxy,
  };
}

type Wanted = Omit<Args, 'state' | 'version'> & {
  state: Exclude<Args['state'], 'latest'>;
  version: string | undefined;
  crumb: boolean;
  jenkins: Jenkins;
};

/** What to ask of Jenkins; undefined when the plugin is as wanted. */
function verbOf(state: Wanted['state'], { installed, pinned, enabled }: InstalledPlugin): string | undefined {
  const verbs: Record<Wanted['state'], string | undefined> = {
    present: undefined,
    absent: installed ? 'doUninstall' : undefined,
    pinned: pinned ? undefined : 'pin',
    unpinned: pinned ? 'unpin' : undefined,
    enabled: enabled ? undefined : 'makeEnabled',
    disabled: enabled ? 'makeDisabled' : undefined,
  };
  return verbs[state];
}

function post({ jenkins, name, crumb }: Wanted, verb: string, context: ModuleContext): Action {
  const text = postScript(jenkins, {
    path: `pluginManager/plugin/${name}/${verb}`,
    crumb,
    folder: context.temporaryPath(),
  });
  return runWithin(context, { text: `${text} >/dev/null` });
}

async function installation(wanted: Wanted, plugin: InstalledPlugin, context: ModuleContext): Promise<Plan> {
  const home = await hostPath(context, wanted.jenkins_home);
  const file = `${home}/plugins/${wanted.name}.jpi`;
  const state = await context.fact(fileState(file, { sha1: true }));
  const versioned = wanted.version !== undefined && wanted.version !== 'latest';
  if (!plugin.installed && !versioned) return throughJenkins(wanted, { home, state }, context);
  const compare = versioned || wanted.version === 'latest' || wanted.updates_expiration === 0;
  if (state.stat && !compare) return attributesOnly(wanted, state);
  if (!(await context.fact(fileState(home))).stat)
    return { actions: [], failed: "Jenkins home directory doesn't exist." };
  if (context.checkMode && state.stat && (await context.fact(sumOf(wanted, context))) === state.sha1)
    return attributesOnly(wanted, state);
  const text = downloadAndPlace(wanted, state, context);
  return {
    actions: [{ kind: 'run', command: { text } }],
    finish: (results) => changedBy(results.at(-1)?.stdout),
  };
}

function attributesOnly(wanted: Wanted, state: FileState): Plan {
  const { command } = attributeChanges(state.path, state.stat, wanted);
  return { actions: command ? [{ kind: 'run', command }] : [] };
}

function changedBy(stdout = '') {
  return dict({ changed: !/^stars-same$/m.test(stdout) });
}

function urlsOf({ updates_url: bases, name, version, ...given }: Wanted): string[] {
  const ends =
    version === undefined || version === 'latest'
      ? given.latest_plugins_url_segments.map((segment) => `${segment}/${name}.hpi`)
      : given.versioned_plugins_url_segments.map((segment) => `${segment}/${name}/${version}/${name}.hpi`);
  return bases.flatMap((base) => ends.map((end) => `${base}/${end}`));
}

function downloads(wanted: Wanted, to: string | undefined): string {
  const { timeoutSeconds, validateCerts, useProxy } = wanted.jenkins;
  const tries = urlsOf(wanted).map(
    (url) => `{ ${downloadScript({ url, to, timeoutSeconds, validateCerts, useProxy: useProxy ?? true })}\n}`,
  );
  return tries.join(' || ');
}

function sumOf(wanted: Wanted, context: ModuleContext): Fact<string> {
  return {
    script: `${exported(context)}{ { ${downloads(wanted, undefined)}; } || printf stars-failed >&2; } | sha1sum`,
    parse({ stdout, stderr }) {
      if (stderr.endsWith('stars-failed'))
        throw new StarsError('HOSTS_FAILED', `Plugin download failed. ${stderr.replace(/stars-failed$/, '').trim()}`);
      return stdout.slice(0, 40);
    },
  };
}

/** Keeps the plugin that is there when the new one is the same. */
function downloadAndPlace(wanted: Wanted, state: FileState, context: ModuleContext): string {
  const temporary = context.temporaryPath(state.path);
  const { command: attributes } = attributeChanges(state.path, state.stat, wanted);
  const same = sequence([sh`rm -f ${temporary}`, attributes ?? sh`echo stars-same`]);
  const replace = sequence([...moveIntoPlace(temporary, state.path, { state, wanted }), reportStat(state.path)]);
  const fetch = { text: `( umask 077; ${exported(context)}${downloads(wanted, temporary)} )` };
  const place = sh`if [ -f ${state.path} ] && cmp -s ${temporary} ${state.path}; then ${same}; else ${replace}; fi`;
  return cleanly(temporary, [fetch, place]).text;
}

/** Jenkins installs it with what it needs; where it does not do so, the file is downloaded. */
async function throughJenkins(
  wanted: Wanted,
  { home, state }: { home: string; state: FileState },
  context: ModuleContext,
): Promise<Plan> {
  const plugin = `Jenkins.instance.updateCenter.getPlugin("${wanted.name}")`;
  const needed = wanted.with_dependencies ? `${plugin}.getNeededDependencies().each { it.deploy() }; ` : '';
  const send = postScript(wanted.jenkins, {
    path: 'scriptText',
    data: new URLSearchParams({ script: `${needed}${plugin}.deploy().get()` }).toString(),
    crumb: wanted.crumb,
    folder: context.temporaryPath(),
  });
  const { command: attributes } = attributeChanges(state.path, undefined, wanted, { mode: 0o600, directory: false });
  const tidy = `rm -f ${quote(`${home}/plugins/${wanted.name}.hpi`)}; [ ! -f ${quote(state.path)} ] || { ${attributes?.text ?? ':'}; }`;
  const otherwise = `[ -d ${quote(home)} ] || { echo "Jenkins home directory doesn't exist." >&2; false; } && ${downloadAndPlace(wanted, state, context)}`;
  const text = `if ${exported(context)}${send} >/dev/null; then ${tidy}; else ${otherwise}; fi`;
  return { actions: [{ kind: 'run', command: { text } }], finish: (results) => changedBy(results.at(-1)?.stdout) };
}
