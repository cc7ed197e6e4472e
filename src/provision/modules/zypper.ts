import { sequence, sh } from '../../shell/command.js';
import { args, bool, choice, list, text } from '../arguments.js';
import { rpmPackage } from '../facts/packages.js';
import { defineModule, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export const zypper = defineModule({
  name: 'zypper',
  summary: 'Install or remove packages of SUSE.',
  aliases: { pkg: 'name', refresh: 'update_cache' },
  args: args({
    name: list().default([]),
    state: choice('present', 'installed', 'latest', 'absent', 'removed').default('present'),
    type: text().default('package'),
    update_cache: bool().default(false),
    disable_gpg_check: bool().default(false),
    disable_recommends: bool().default(true),
    force: bool().default(false),
    oldpackage: bool().default(false),
  }),

  async plan(given, context): Promise<Plan> {
    const names = given.name.map((name) => name.replace(/\s*(==?|>=)\s*/, '-'));
    const states = await Promise.all(names.map((name) => context.fact(rpmPackage(name))));
    const removing = given.state === 'absent' || given.state === 'removed';
    const missing = given.name.filter((_, index) => states[index]?.installed === undefined);
    const words = removing
      ? given.name.filter((name) => !missing.includes(name))
      : given.state === 'latest'
        ? given.name
        : missing;
    const flags = given.disable_gpg_check ? ['--no-gpg-checks'] : [];
    const verb = removing
      ? ['remove']
      : ['install', '--auto-agree-with-licenses', ...(given.disable_recommends ? ['--no-recommends'] : [])];
    const commands = [
      ...(given.update_cache ? [sh`zypper -q -n ${flags} refresh`] : []),
      ...(words.length > 0
        ? [
            sh`zypper -q -n ${flags} ${verb} ${given.oldpackage ? ['--oldpackage'] : []} ${['-t', given.type]} -- ${words}`,
          ]
        : []),
    ];
    const command = { text: exported(context) + sequence(commands).text };
    return {
      actions: commands.length > 0 ? [{ kind: 'run', command }] : [],
      changed: words.length > 0,
      result: dict({ name: given.name, state: given.state }),
      // With `latest` only zypper knows whether there was anything newer.
      ...(given.state === 'latest' && missing.length === 0
        ? {
            finish: (results) =>
              dict({
                name: given.name,
                changed: !/Nothing to do/i.test(results.at(-1)?.stdout ?? '') && (results.at(-1)?.stdout ?? '') !== '',
              }),
          }
        : {}),
    };
  },
});
