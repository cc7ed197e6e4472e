import { sequence, sh } from '../../shell/command.js';
import { args, bool, choice, list } from '../arguments.js';
import { apkPackage } from '../facts/packages.js';
import { defineModule, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export const apk = defineModule({
  name: 'apk',
  summary: 'Install, upgrade or remove Alpine packages.',
  aliases: { pkg: 'name' },
  args: args({
    name: list().default([]),
    state: choice('present', 'installed', 'latest', 'absent', 'removed').default('present'),
    update_cache: bool().default(false),
    upgrade: bool().default(false),
    available: bool().default(false),
    no_cache: bool().default(false),
    repository: list().default([]),
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
      ...(given.upgrade ? [sh`apk upgrade -q ${flags}`] : []),
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
