import { sequence, sh } from '../../shell/command.js';
import { args, bool, choice, list, text } from '../arguments.js';
import { apkPackage } from '../facts/packages.js';
import { defineModule, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export const apk = defineModule({
  name: 'apk',
  collection: 'community.general',
  summary: 'Install, upgrade or remove Alpine packages.',
  needs: 'apk',
  aliases: { pkg: 'name' },
  args: args({
    name: list().default([]).describe('Packages, with a version or without.'),
    state: choice('present', 'installed', 'latest', 'absent', 'removed')
      .default('present')
      .describe(
        'Whether they are there, there in the newest version, or gone; `installed` and `removed` are other words for the first and last.',
      ),
    update_cache: bool().default(false).describe('Fetch the lists of packages first.'),
    upgrade: bool().default(false).describe('Upgrade every package of the host.'),
    available: bool()
      .default(false)
      .describe('When upgrading everything, take what the repositories offer even where it is older.'),
    world: text()
      .default('/etc/apk/world')
      .describe('Accepted and without effect, since apk itself is asked what is installed.'),
    no_cache: bool().default(false).describe('Use the repositories without keeping their lists on the host.'),
    repository: list().default([]).describe('Repositories to use beside those of the host.'),
  }),

  async plan(given, context): Promise<Plan> {
    const states = await Promise.all(given.name.map((name) => context.fact(apkPackage(name))));
    const flags = [
      ...(given.no_cache ? ['--no-cache'] : []),
      ...given.repository.flatMap((url) => ['--repository', url]),
    ];
    const removing = given.state === 'absent' || given.state === 'removed';
    const missing = given.name.filter((_, index) => states[index]?.installed === undefined);
    const outdated =
      given.state === 'latest' ? given.name.filter((_, index) => states[index]?.candidate === 'newer') : [];
    const present = given.name.filter((name) => !missing.includes(name));
    const commands = [
      ...(removing && present.length > 0 ? [sh`apk del -q ${present}`] : []),
      ...(!removing && missing.length > 0 ? [sh`apk add -q ${flags} ${missing}`] : []),
      ...(outdated.length > 0 ? [sh`apk add -q -u ${flags} ${outdated}`] : []),
      ...(given.upgrade ? [sh`apk upgrade -q ${flags} ${given.available ? ['--available'] : []}`] : []),
    ];
    const all = [...(given.update_cache ? [sh`apk update -q`] : []), ...commands];
    const command = { text: exported(context) + sequence(all).text };
    const changed = commands.length > 0 || (given.update_cache && given.name.length === 0);
    return {
      actions: all.length > 0 ? [{ kind: 'run', command }] : [],
      changed,
      result: dict({ packages: commands.length > 0 ? given.name : [] }),
    };
  },
});
