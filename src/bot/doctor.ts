import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { checkCluster } from '../cluster/cluster-check.js';
import { createCluster } from '../cluster/cluster.js';
import { checkSsh } from '../connection/ssh-check.js';
import { readSshConfig } from '../connection/ssh-config.js';
import { hostTarget } from '../connection/target.js';
import { asStarsError } from '../errors.js';
import type { Access } from '../home/access.js';
import type { Environment, Home } from '../home/home.js';
import { schedulesOf } from '../home/schedules.js';
import type { Inventory } from '../inventory/inventory.js';
import type { Log } from '../log.js';
import { type Check, failed, ok, warning } from '../model/check.js';
import { checkStore } from '../store/store-check.js';
import { PERMISSIONS } from './permission.js';
import type { AnyCommand } from './command.js';
import { namesWithRights } from './permitted-commands.js';
import { unknownWord } from './rights.js';
import { scheduledWords } from './schedule-words.js';
import { counted } from '../model/figures.js';

export type DoctorOptions = {
  home: Home;
  /** Names of those to look at. */
  environments: readonly string[];
  commands: readonly AnyCommand[];
  clock: Clock;
  log: Log;
  signal?: AbortSignal | undefined;
};

/** What was looked at, and what was found there. */
export type Section = { title: string; checks: Check[] };

const MOST_SHOWN = 10;

/** Looks at everything that Stars relies on, and changes nothing. What cannot be looked at is a finding too. */
export async function examine(options: DoctorOptions): Promise<Section[]> {
  const { home, clock } = options;
  const opened = await Promise.all(options.environments.map((name) => open(home, name)));
  const environments = opened.flatMap(({ environment }) => environment ?? []);
  const [homeChecks, store, slack, ...ofEnvironments] = await Promise.all([
    checkHome(home),
    checkStore({ databaseUrl: home.settings.databaseUrl, dataFolder: home.dataFolder }, clock),
    checkSlackOf(environments, options),
    ...opened.map((one) => checkEnvironment(one, options)),
  ]);
  return [
    { title: `Home ${home.folder}`, checks: homeChecks },
    { title: 'Store', checks: store },
    { title: 'Slack', checks: slack },
    ...ofEnvironments,
  ];
}

/** The findings as text; `✗` and `!` have what to do below them. */
export function reportOf(sections: readonly Section[]): string {
  const all = sections.flatMap(({ checks }) => checks);
  const [errors, warnings] = [all.filter(isError).length, all.filter(({ state }) => state === 'warning').length];
  const lines = sections.flatMap(({ title, checks }) => [title, ...checks.flatMap(linesOf)]);
  return [
    ...lines,
    '',
    errors + warnings === 0 ? 'All is well.' : `${counted(errors, 'error')}, ${counted(warnings, 'warning')}.`,
  ].join('\n');
}

export function hasErrors(sections: readonly Section[]): boolean {
  return sections.some(({ checks }) => checks.some(isError));
}

function isError({ state }: Check): boolean {
  return state === 'error';
}

const MARKS = { ok: '✓', warning: '!', error: '✗' } as const;

function linesOf({ state, says, hint }: Check): string[] {
  const indented = (text: string) => text.split('\n').map((line) => `    ${line}`);
  return [`  ${MARKS[state]} ${says}`, ...(state === 'ok' || !hint ? [] : indented(hint))];
}

type Opened = { name: string; environment?: Environment | undefined; problem?: Check };

async function open(home: Home, name: string): Promise<Opened> {
  try {
    return { name, environment: await home.environment(name) };
  } catch (thrown) {
    return { name, problem: problemOf(thrown) };
  }
}

async function checkHome(home: Home): Promise<Check[]> {
  const names = home.environments();
  const targets = await home.targets();
  return [
    existsSync(join(home.folder, 'stars.yml'))
      ? ok('stars.yml is in order.')
      : ok('There is no stars.yml; none is needed.'),
    names.length > 0
      ? ok(`Environments: ${names.join(', ')}.`)
      : failed('There is no environment.', 'Put an Ansible inventory at inventories/<environment>/hosts.'),
    targets.length > 0
      ? ok(`${home.stackFolder} has ${counted(targets.length, 'target')}.`)
      : warning(
          `${home.stackFolder} has nothing to deploy.`,
          'Put playbooks and roles into it, or name another folder as stack: in stars.yml.',
        ),
    await checkVaultPassword(home.settings.vaultPasswordFile),
  ];
}

async function checkVaultPassword(file: string): Promise<Check> {
  const found = await stat(file).catch(() => undefined);
  if (!found) return ok('There is no vault password file; without vaults none is needed.');
  if ((found.mode & 0o077) === 0) return ok(`The vault password file ${file} belongs to its owner alone.`);
  return warning(`The vault password file ${file} can be read by others.`, `chmod 600 ${file}`);
}

async function checkSlackOf(
  environments: readonly Environment[],
  { home, clock, log }: DoctorOptions,
): Promise<Check[]> {
  const { botToken, appToken, signingSecret, apiUrl } = home.settings.slack;
  const accesses = [home.config.access, ...environments.map(({ config }) => config.access)];
  const groups = [...new Set(accesses.flatMap(groupsIn))];
  if (!botToken) {
    const says = 'No Slack is configured (SLACK_BOT_TOKEN): commands come from terminals and the console.';
    return [groups.length === 0 ? ok(says) : warning(says, `Nobody counts as a member of ${groups.join(', ')} here.`)];
  }
  const { checkSlack } = await import('../slack/slack-check.js');
  const channels = [...new Set(channelsOf(home, environments))];
  return checkSlack({ botToken, appToken, signingSecret, apiUrl, channels, groups, clock, log });
}

function groupsIn({ rules = [], ...lists }: Access): string[] {
  const named = [...PERMISSIONS.flatMap((permission) => lists[permission] ?? []), ...rules.flatMap(({ who }) => who)];
  return named.filter((who) => who.startsWith('S'));
}

function channelsOf({ config }: Home, environments: readonly Environment[]): string[] {
  const ofEnvironments = environments.flatMap(({ config: { slack, schedules } }) => [
    ...(slack ? [slack.channel] : []),
    ...schedules.flatMap(({ channel }) => channel ?? []),
  ]);
  // A channel may well be named where its default environment is said: nothing is sent there.
  const defaults = Object.keys(config.defaults.channels).filter((channel) => /^[CG][A-Z\d]{2,}$/.test(channel));
  return [...(config.slack.channel ? [config.slack.channel] : []), ...ofEnvironments, ...defaults];
}

async function checkEnvironment({ name, environment, problem }: Opened, options: DoctorOptions): Promise<Section> {
  const title = `Environment ${name}`;
  if (!environment) return { title, checks: problem ? [problem] : [] };
  if (environment.config.sandbox) return { title, checks: [ok('It is simulated: there is nothing to look at.')] };
  const parts = await Promise.all([
    checkRules(environment, options),
    checkSchedules(environment, options),
    guarded(() => checkInventory(environment, options)),
    guarded(() => checkEndpoints(environment, options)),
  ]);
  return { title, checks: parts.flat() };
}

async function checkRules({ config, files }: Environment, { commands, home }: DoctorOptions): Promise<Check[]> {
  const word = unknownWord(config.access, namesWithRights(commands));
  if (word === undefined) return [];
  return [
    failed(
      `A rule of access lets people ${word}, which is neither a command nor a right.`,
      `Correct it in ${files.environment}, or in ${join(home.folder, 'stars.yml')}.`,
    ),
  ];
}

/** The words of each schedule are read as they will be when it is due. */
async function checkSchedules(environment: Environment, { commands, home }: DoctorOptions): Promise<Check[]> {
  const active = schedulesOf(environment, home).filter(({ enabled }) => enabled);
  const checks = active.map((schedule) =>
    guarded(async () => {
      await scheduledWords(schedule, { commands, home, environment });
      return [];
    }),
  );
  const wrong = (await Promise.all(checks)).flat();
  if (active.length === 0 || wrong.length > 0) return wrong;
  return [ok(`It has ${counted(active.length, 'schedule')}.`)];
}

async function checkInventory(environment: Environment, { home }: DoctorOptions): Promise<Check[]> {
  const inventory = await environment.inventory();
  const { hosts, warnings } = inventory;
  return [
    hosts.length > 0
      ? ok(`The inventory has ${hosts.length} ${hosts.length === 1 ? 'host' : 'hosts'}.`)
      : warning('The inventory has no hosts.', `Write them to ${environment.inventorySources.join(', ')}.`),
    ...warnings.slice(0, MOST_SHOWN).map((text) => warning(text)),
    ...(await guarded(() => checkLogins(environment, inventory, home))),
  ];
}

async function checkLogins({ config }: Environment, inventory: Inventory, home: Home): Promise<Check[]> {
  const { timeoutSeconds, ...defaults } = config.connection;
  const all = inventory.hosts.map((host) => ({
    host,
    variables: inventory.variablesOf(host, { playbookDir: home.stackFolder }),
  }));
  // Templates are for the run, which knows the facts that they may need.
  const plain = all.filter(({ variables }) => ![...variables].some(([key, value]) => isTemplate(key, value)));
  const targets = plain.map(({ host, variables }) =>
    hostTarget(host, variables, { ...defaults, connectTimeoutMs: timeoutSeconds * 1_000 }),
  );
  const sshConfig = await readSshConfig(join(home.env['HOME'] || homedir(), '.ssh', 'config'));
  const checks =
    targets.length === 0
      ? []
      : await checkSsh(targets, { config: sshConfig, agentSocket: home.env['SSH_AUTH_SOCK'] || undefined });
  const left = all.length - plain.length;
  return left === 0
    ? checks
    : [...checks, warning(`How to log in to ${left} hosts is a template, which is not looked at here.`)];
}

function isTemplate(key: unknown, value: unknown): boolean {
  return (
    typeof key === 'string' &&
    /^ansible_(?:host|port|user|connection|password|ssh_)/.test(key) &&
    typeof value === 'string' &&
    value.includes('{{')
  );
}

async function checkEndpoints(environment: Environment, { clock, log, signal }: DoctorOptions): Promise<Check[]> {
  const cluster = createCluster(await environment.endpoints(), {
    environment: environment.name,
    clock,
    log,
    timeoutMs: 5_000,
  });
  const checks = await checkCluster(cluster, { clock, signal });
  if (checks.length > 0) return checks;
  return [ok(`Nothing of a cluster is configured in ${environment.files.environment}.`)];
}

/** What goes wrong while looking is what is wrong. */
async function guarded(look: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await look();
  } catch (thrown) {
    return [problemOf(thrown)];
  }
}

export function problemOf(thrown: unknown): Check {
  const error = asStarsError(thrown);
  return failed(error.with({ hint: '' }).describe(), error.hint);
}
