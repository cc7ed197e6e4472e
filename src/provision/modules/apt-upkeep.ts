import { sh, type ShellCommand } from '../../shell/command.js';
import type { Fact, ModuleContext } from '../module.js';
import { type AptArgs, asksForNothing } from './apt-arguments.js';
import { aptOptions, saysNothingDone } from './apt-commands.js';

/** The upgrade of the whole host: what the lists at hand say of it, and the command; none when there is nothing newer. */
export type Upgrade = { commands: ShellCommand[]; said: string };

export async function upgrades(
  given: AptArgs,
  { refreshed }: { refreshed: boolean },
  context: ModuleContext,
): Promise<Upgrade> {
  const how = given.upgrade === 'full' || given.upgrade === 'dist' ? ['dist-upgrade'] : ['--with-new-pkgs', 'upgrade'];
  const commands = [sh`apt-get -y -q ${aptOptions(given)} ${how}`];
  if (refreshed && !context.checkMode) return { commands, said: '' };
  const said = await context.fact(foreseenUpgrade(sh`LC_ALL=C apt-get -s -q ${aptOptions(given)} ${how}`));
  return { commands: saysNothingDone(said) ? [] : commands, said };
}

function foreseenUpgrade({ text }: ShellCommand): Fact<string> {
  return { script: `${text} 2>/dev/null; :`, parse: ({ stdout }) => stdout };
}

/** Only where no package is named, and the first of both that is asked for, as with Ansible; what finds nothing to remove is left out. */
export async function cleaning(given: AptArgs, context: ModuleContext): Promise<ShellCommand[]> {
  if (!asksForNothing(given)) return [];
  const purge = given.purge ? ['--purge'] : [];
  const [remove] = [
    ...(given.autoclean ? [{ words: ['autoclean'], finds: '^Del ' }] : []),
    ...(given.autoremove ? [{ words: [...purge, 'autoremove'], finds: '^\\(Remv\\|Purg\\) ' }] : []),
  ];
  if (!remove || (await context.fact(cleaningFinds(remove))) === 'nothing') return [];
  return [sh`apt-get -y -q ${remove.words}`];
}

function cleaningFinds({ words, finds }: { words: string[]; finds: string }): Fact<'nothing' | 'something'> {
  return {
    script: sh`LC_ALL=C apt-get -s -q ${words} 2>/dev/null | grep -q ${finds} && echo something; :`.text,
    parse: ({ stdout }) => (stdout.startsWith('something') ? 'something' : 'nothing'),
  };
}
