import type { ExecResult } from '../../connection/connection.js';
import type { Dict } from '../../jinja/value.js';
import { sh, type ShellCommand } from '../../shell/command.js';
import { aptListsAge, dpkgAutomatic } from '../facts/packages.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import {
  APT_NEEDS,
  type AptArgs,
  aptAliases,
  aptSchema,
  asksForNothing,
  contradictionIn,
  isRemoving,
  namesOf,
  upgradesAll,
} from './apt-arguments.js';
import { aptAction, type Commands, install, saysNothingDone, simulation, underPolicy } from './apt-commands.js';
import { fileInstallation } from './apt-files.js';
import { installation, removal } from './apt-installation.js';
import { attemptsOf, fetchLists, hasNewLists, listsTime } from './apt-lists.js';
import { cleaning, upgrades } from './apt-upkeep.js';
import { parsePackageName } from './package-names.js';
import { dict } from './result.js';

export const apt = defineModule<AptArgs>({
  name: 'apt',
  summary: 'Install, upgrade or remove Debian packages.',
  needs: APT_NEEDS,
  differences: [
    '`apt-get` is always used, also where aptitude is installed.',
    'Check mode leaves what `clean` removes; Ansible removes it in check mode too.',
    'What a .deb file needs is marked as installed automatically, as apt does it, so that `autoremove` finds it again; Ansible marks it as asked for.',
    'In check mode with `update_cache`, a package that the lists at hand do not know is no failure, since new lists may know it.',
    'An upgrade that only removes packages (`autoremove`) is a change.',
    '`name` also takes the path or address of a .deb file.',
  ],
  aliases: aptAliases,
  exclusive: [['deb', 'name', 'upgrade']],
  args: aptSchema,

  async plan(given, context): Promise<Plan> {
    const problem = contradictionIn(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const refresh = await refreshes(given, context);
    const [{ change, said }, marks] = await Promise.all([
      changeFor(given, refresh, context),
      automaticallyThere(given, context),
    ]);
    // New lists may know what the old ones do not: then apt itself has the last word.
    if (typeof change === 'string' && !refresh) return { actions: [], failed: change };
    const commands = typeof change === 'string' ? [install(given, namesOf(given))] : change;
    if (context.checkMode && typeof change !== 'string') {
      const failed = await context.fact(simulation(context, commands));
      if (failed !== undefined) return { actions: [], failed };
    }
    const steps = [
      ...(given.clean ? [sh`apt-get clean`] : []),
      ...(refresh ? [fetchLists(given.lock_timeout, attemptsOf(given))] : []),
      ...commands.map((command) => underPolicy(given, command)),
      ...(marks.length > 0 ? [sh`apt-mark -qq manual -- ${marks}`] : []),
    ];
    return {
      actions: steps.map((command) => aptAction(context, command)),
      changed: commands.length > 0 || (refresh && asksForNothing(given)),
      result: dict({
        cache_updated: refresh,
        cache_update_time: 0,
        ...(upgradesAll(given) ? { msg: said, stdout: said, stderr: '' } : {}),
      }),
      finish: (results) => ended(results, { given, refresh, commands }),
    };
  },
});

/** What is asked of apt, and what it says of it beforehand. */
async function changeFor(
  given: AptArgs,
  refresh: boolean,
  context: ModuleContext,
): Promise<{ change: Commands; said: string }> {
  const lists = { refreshed: refresh && !context.checkMode };
  if (upgradesAll(given)) {
    const { commands, said } = await upgrades(given, lists, context);
    return { change: commands, said };
  }
  const { deb } = given;
  const change =
    deb !== undefined
      ? fileInstallation({ ...given, deb }, context)
      : asksForNothing(given)
        ? // Where lists are asked for, Ansible comes to no cleaning.
          asksForLists(given)
          ? []
          : cleaning(given, context)
        : isRemoving(given)
          ? removal(given, context)
          : installation(given, lists, context);
  return { change: await change, said: '' };
}

function asksForLists({ update_cache: asked, cache_valid_time: validSeconds }: AptArgs): boolean {
  return asked === true || validSeconds > 0;
}

async function refreshes(given: AptArgs, context: ModuleContext): Promise<boolean> {
  const { cache_valid_time: validSeconds } = given;
  if (!asksForLists(given)) return false;
  if (validSeconds === 0) return true;
  const age = await context.fact(aptListsAge);
  return age === undefined || age > validSeconds;
}

/** Packages that are named and were there only because others needed them: they stay from now on. */
async function automaticallyThere(given: AptArgs, context: ModuleContext): Promise<string[]> {
  if (isRemoving(given) || given.state === 'build-dep' || namesOf(given).length === 0) return [];
  const automatic = await context.fact(dpkgAutomatic);
  return namesOf(given)
    .map((name) => parsePackageName(name, /\.deb$/))
    .flatMap(({ kind, name }) => (kind === 'name' && automatic.has(name.replace(/:.*/, '')) ? [name] : []));
}

type Intent = { given: AptArgs; refresh: boolean; commands: readonly ShellCommand[] };

/** The result after acting. Fetching lists alone counts as a change when they are other ones, as with Ansible. */
function ended(results: readonly ExecResult[], { given, refresh, commands }: Intent): Dict {
  if (results.length === 0) return new Map();
  const lists = refresh ? results[given.clean ? 1 : 0]?.stdout : undefined;
  const updated = hasNewLists(lists);
  const own = results.slice((given.clean ? 1 : 0) + (refresh ? 1 : 0)).slice(0, commands.length);
  const last = own.at(-1) ?? results.at(-1);
  const stdout = last?.stdout ?? '';
  const failed = results.some(({ code }) => code !== 0);
  return dict({
    cache_updated: updated,
    cache_update_time: listsTime(lists),
    stdout,
    stderr: last?.stderr ?? '',
    ...(upgradesAll(given) && !failed && own.length > 0 ? { msg: stdout } : {}),
    ...(failed ? {} : { changed: asksForNothing(given) && refresh ? updated : hasActed(own) }),
  });
}

/** Where new lists decide, or for `build-dep`, only apt's own words tell whether there was something to do. */
function hasActed(own: readonly ExecResult[]): boolean {
  return own.some(({ stdout }) => !saysNothingDone(stdout));
}
