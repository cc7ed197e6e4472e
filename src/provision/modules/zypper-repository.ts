import { StarsError } from '../../errors.js';
import type { Value } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, int, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { type ZypperRepository, type ZypperState, zypperState } from '../facts/zypper-repositories.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { downloadScript } from './download.js';
import { factWithin, runWithin } from './environment.js';
import { dict } from './result.js';

const schema = args({
  name: text().optional().describe('The alias of the repository; a .repo file brings its own.'),
  repo: text()
    .optional()
    .describe('Its address, or a .repo file by address or path; `*` stands for all, to refresh them.'),
  state: choice('present', 'absent').default('present').describe('Whether the repository is there.'),
  description: text().optional().describe('The name that people read.'),
  priority: int().optional().describe('The priority; a lower number wins.'),
  enabled: bool().default(true).describe('Whether zypper uses the repository.'),
  autorefresh: bool().default(true).describe('Whether it is refreshed on its own.'),
  disable_gpg_check: bool().default(false).describe('Whether signatures are not checked.'),
  overwrite_multiple: bool()
    .default(false)
    .describe('Whether several repositories that match are replaced by this one.'),
  auto_import_keys: bool().default(false).describe('Whether its keys are trusted without asking.'),
  runrefresh: bool().default(false).describe('Whether it is refreshed now.'),
});
type Args = ReturnType<typeof schema.parse>;

/** The repository as zypper’s list would have it. */
type Wanted = Record<keyof ZypperRepository, string | undefined> & { importKeys: boolean };

export const zypperRepository = defineModule<Args>({
  name: 'zypper_repository',
  collection: 'community.general',
  summary: 'Have a repository of zypper, or not.',
  aliases: { refresh: 'autorefresh' },
  needs: 'zypper',
  differences: [
    'Check mode says whether the repository would change, where Ansible skips the task.',
    'An address with a password in it reaches zypper in a file of root’s instead of an argument.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    if (given.repo === '*' || given.name === '*') return refreshAll(given, context);
    const problem = problemOf(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const wanted = await wantedOf(given, context);
    const host = await context.fact(factWithin(context, zypperState));
    const old = host.repositories.filter((one) => one.alias === wanted.alias || one.url === wanted.url);
    if (old.length > 1 && !given.overwrite_multiple) return { actions: [], failed: tooMany(wanted, old) };
    const result = dict({ repodata: repodataOf(wanted, given), state: given.state });
    const shortName = wanted.alias || given.repo || '';
    if (given.state === 'absent')
      return { actions: old.length > 0 ? [runWithin(context, zypper('removerepo', shortName))] : [], result };
    const differs = old.length !== 1 || old.some((one) => hasChanges(one, wanted, host));
    const refresh = given.runrefresh || (differs && wanted.importKeys);
    return {
      actions: [
        ...(differs ? addition(wanted, old, host, context) : []),
        ...(refresh ? [runWithin(context, refreshOf(wanted.importKeys, shortName))] : []),
      ],
      changed: differs,
      result: dict({ ...Object.fromEntries(result), warnings: differs ? warningsOf(wanted, host) : [] }),
    };
  },
});

function refreshAll({ runrefresh, auto_import_keys: importKeys }: Args, context: ModuleContext): Plan {
  if (!runrefresh) return { actions: [], failed: 'repo=* can only be used with the runrefresh option.' };
  return {
    actions: [runWithin(context, refreshOf(importKeys))],
    changed: false,
    result: dict({ runrefresh: true }),
  };
}

function problemOf({ state, repo, name }: Args): string | undefined {
  if (state === 'present' && !repo) return 'Module option state=present requires repo';
  if (!repo && !name) return 'Alias or repo parameter required when state=absent';
  if (repo?.endsWith('.repo'))
    return name ? "Incompatible option: 'name'. Do not use name when adding .repo files" : undefined;
  return !name && state === 'present' ? 'Name required when adding non-repo files.' : undefined;
}

async function wantedOf(given: Args, context: ModuleContext): Promise<Wanted> {
  const flag = (value: boolean) => (value ? '1' : '0');
  const wanted: Wanted = {
    url: given.repo,
    alias: given.name,
    name: given.description,
    priority: given.priority === undefined ? undefined : String(given.priority),
    enabled: flag(given.enabled),
    gpgcheck: flag(!given.disable_gpg_check),
    autorefresh: flag(given.autorefresh),
    importKeys: given.auto_import_keys,
  };
  if (!given.repo?.endsWith('.repo')) return wanted;
  return { ...wanted, ...repositoryIn(await repoFile(given.repo, context), wanted) };
}

async function repoFile(repo: string, context: ModuleContext): Promise<string> {
  if (!/^https?:\/\//.test(repo)) {
    const content = await context.fact(fileContent(repo));
    if (!content) throw new StarsError('HOSTS_FAILED', 'Error opening .repo file from provided path');
    return content.toString('utf8');
  }
  const script = downloadScript({ url: repo, to: undefined, timeoutSeconds: 10, validateCerts: true });
  return context.fact(
    factWithin(context, {
      script,
      parse({ code, stdout, stderr }) {
        if (code === 0) return stdout;
        throw new StarsError('HOSTS_FAILED', `Error downloading .repo file from provided URL: ${stderr.trim()}`);
      },
    }),
  );
}

function repositoryIn(text: string, { importKeys }: Wanted): Partial<Wanted> {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*([#;]|$)/.test(line));
  const sections = lines.flatMap((line) => /^\[(.*)\]\s*$/.exec(line)?.[1] ?? []);
  if (sections.length !== 1)
    throw new StarsError(
      'HOSTS_FAILED',
      `Invalid format, .repo file contains ${sections.length} repositories, expected 1`,
    );
  const settings = new Map(
    lines.flatMap((line) => {
      const [, name, value = ''] = /^([^=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
      return name === undefined || line.startsWith('[') ? [] : [[name.toLowerCase(), value] as const];
    }),
  );
  const url = settings.get('baseurl');
  if (url === undefined) throw new StarsError('HOSTS_FAILED', 'No baseurl found in .repo file');
  const known = ['name', 'enabled', 'autorefresh', 'gpgcheck'].filter((name) => settings.has(name));
  return {
    ...Object.fromEntries(known.map((name) => [name, settings.get(name)])),
    alias: sections[0],
    url,
    importKeys: importKeys || settings.has('gpgkey'),
  };
}

function tooMany({ alias }: Wanted, old: readonly ZypperRepository[]): string {
  const names = old.map((one) => `${one.alias} (${one.url})`).join(', ');
  return `More than one repo matched "${alias ?? ''}": ${names}. Use overwrite_multiple to allow more than one repo to be overwritten`;
}

function repodataOf({ url, alias, name, enabled, gpgcheck, autorefresh }: Wanted, { priority }: Args): Value {
  return dict({
    url: url ?? null,
    alias: alias ?? null,
    name: name ?? null,
    priority: priority ?? null,
    enabled: enabled ?? null,
    gpgcheck: gpgcheck ?? null,
    autorefresh: autorefresh ?? null,
  });
}

function hasChanges(old: ZypperRepository, wanted: Wanted, { release, arch }: ZypperState): boolean {
  const whole = (url: string) =>
    url.replaceAll('$releasever', release).replaceAll('$basearch', arch).replace(/\/+$/, '');
  return (Object.keys(old) as (keyof ZypperRepository)[]).some((name) => {
    const value = wanted[name];
    if (value === undefined || value === '') return false;
    return name === 'url' ? whole(old.url) !== whole(value) : old[name] !== value;
  });
}

function warningsOf({ priority }: Wanted, { version }: ZypperState): string[] {
  return [
    ...(priority !== undefined && priority !== '0' && !atLeast(version, [1, 12, 25])
      ? ['Setting priority only available for zypper >= 1.12.25. Ignoring priority argument.']
      : []),
    ...(atLeast(version, [1, 6, 2])
      ? []
      : ['Enabling/disabling gpgcheck only available for zypper >= 1.6.2. Using zypper default value.']),
  ];
}

function atLeast(version: readonly number[], wanted: readonly number[]): boolean {
  const index = wanted.findIndex((part, at) => (version[at] ?? 0) !== part);
  return index === -1 || (version[index] ?? 0) > (wanted[index] ?? 0);
}

/** A new one takes the place of those it would collide with. */
function addition(
  wanted: Wanted,
  old: readonly ZypperRepository[],
  { version }: ZypperState,
  context: ModuleContext,
): Action[] {
  const { url = '', alias = '', name, priority } = wanted;
  const options = [
    ...(name ? ['--name', name] : []),
    ...(priority !== undefined && priority !== '0' && atLeast(version, [1, 12, 25]) ? ['--priority', priority] : []),
    ...(wanted.enabled === '0' ? ['--disable'] : []),
    ...(atLeast(version, [1, 6, 2]) ? [wanted.gpgcheck === '1' ? '--gpgcheck' : '--no-gpgcheck'] : []),
    ...(wanted.autorefresh === '1' ? ['--refresh'] : []),
  ];
  const removals = old.map((one) => zypper('removerepo', hasLogin(one.url) ? one.alias : one.url));
  const add = hasLogin(url)
    ? throughFile(context.temporaryPath(), { url, alias, name: name ?? alias }, options)
    : zypper('addrepo', '--check', ...options, url, ...(url.endsWith('.repo') ? [] : [alias]));
  return [...removals, add].map((command) => runWithin(context, command));
}

function throughFile(
  path: string,
  { url, alias, name }: { url: string; alias: string; name: string },
  options: string[],
) {
  const file = `${path}.repo`;
  const lines = [`[${alias}]`, `name=${name}`, `baseurl=${url}`].map((line) => quote(line)).join(' ');
  const add = zypper('addrepo', '--check', ...options, file).text;
  return {
    text: `( umask 077 && printf '%s\\n' ${lines} >${quote(file)} ) && ${add}; code=$?; rm -f ${quote(file)}; ( exit $code )`,
  };
}

function refreshOf(importKeys: boolean, alias?: string) {
  const keys = importKeys ? ['--gpg-auto-import-keys'] : [];
  return zypper(...keys, 'refresh', '--force', ...(alias === undefined ? [] : ['-r', alias]));
}

function zypper(...words: string[]) {
  return { text: ['zypper', '--quiet', '--non-interactive', ...words].map((word) => quote(word)).join(' ') };
}

function hasLogin(address: string): boolean {
  return /^\w+:\/\/[^/]*@/.test(address);
}
