import { quote, sequence, sh } from '../../shell/command.js';
import { args, bool, int, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export const git = defineModule({
  name: 'git',
  summary: 'Have a checkout of a git repository at a version.',
  aliases: { name: 'repo' },
  args: args({
    repo: text(),
    dest: path(),
    version: text().default('HEAD'),
    remote: text().default('origin'),
    force: bool().default(false),
    update: bool().default(true),
    clone: bool().default(true),
    depth: int().optional(),
    bare: bool().default(false),
    recursive: bool().default(true),
    refspec: text().optional(),
    accept_hostkey: bool().default(false),
    accept_newhostkey: bool().default(false),
    key_file: path().optional(),
    ssh_opts: text().optional(),
    track_submodules: bool().default(false),
    executable: path().default('git'),
  }),

  async plan(given, context): Promise<Plan> {
    const dest = await hostPath(context, given.dest);
    const program = given.executable;
    const environment = exported(context) + sshSettings(given);
    const folder = sh`${program} -C ${dest}`.text;
    // What the version means on the remote is only asked where there is something to compare it with.
    const state = await context.fact({
      script: `${environment}export GIT_TERMINAL_PROMPT=0
if ${folder} rev-parse --git-dir >/dev/null 2>&1; then
printf 'before '; ${folder} rev-parse HEAD
[ -n "$(${folder} status --porcelain --untracked-files=no)" ] && echo modified
${given.update ? `${program} ls-remote ${quote(given.repo)} ${quote(given.version)} ${quote(`${given.version}^{}`)} 2>&1 | sed 's/^/remote /'` : ':'}
fi
:`,
      parse: ({ stdout }) => ({
        before: /^before (\w+)/m.exec(stdout)?.[1],
        modified: /^modified$/m.test(stdout),
        remote: [...stdout.matchAll(/^remote ([0-9a-f]{40})\t/gm)].at(-1)?.[1],
      }),
    });
    const known = { before: state.before, remote_url_changed: false };
    if (state.before === undefined && !given.clone)
      return { actions: [], result: dict({ ...known, after: undefined }) };
    const wanted = /^[0-9a-f]{40}$/.test(given.version) ? given.version : state.remote;
    if (state.before !== undefined && (!given.update || wanted === state.before) && !(state.modified && given.force)) {
      return { actions: [], result: dict({ ...known, after: state.before }) };
    }
    if (state.modified && !given.force) {
      return {
        actions: [],
        failed: `Local modifications exist in the destination: ${dest} (force=no).`,
        result: dict(known),
      };
    }
    const deep = given.depth === undefined ? [] : ['--depth', String(given.depth)];
    const bare = given.bare ? ['--bare'] : [];
    const isSha = /^[0-9a-f]{7,40}$/.test(given.version);
    const fetch = sh`${program} -C ${dest} fetch -q ${deep} --tags --force ${given.remote} ${given.refspec === undefined ? [] : [given.refspec]}`;
    const target = `target=$(${folder} rev-parse -q --verify ${quote(`refs/remotes/${given.remote}/${given.version}`)} || ${folder} rev-parse -q --verify ${quote(`${given.version}^{commit}`)})`;
    const branch = sh`${program} -C ${dest} show-ref -q --verify ${`refs/remotes/${given.remote}/${given.version}`}`
      .text;
    const checkout =
      given.version === 'HEAD' && state.before === undefined
        ? []
        : [
            { text: `{ ${target}; [ -n "$target" ]; }` },
            {
              text: `if ${branch}; then ${folder} checkout -q -f -B ${quote(given.version)} "$target"; else ${folder} checkout -q -f "$target"; fi`,
            },
          ];
    const cloning = sh`${program} clone -q ${isSha ? [] : deep} ${bare} -o ${given.remote} -- ${given.repo} ${dest}`;
    const commands = [
      { text: `${environment}export GIT_TERMINAL_PROMPT=0` },
      ...(state.before === undefined
        ? [cloning]
        : [sh`${program} -C ${dest} remote set-url ${given.remote} ${given.repo}`, fetch]),
      ...(given.bare ? [] : checkout),
      ...(given.recursive && !given.bare ? [sh`${program} -C ${dest} submodule -q update --init --recursive`] : []),
      { text: `printf 'stars-after '; ${folder} rev-parse HEAD` },
    ];
    return {
      actions: [{ kind: 'run', command: sequence(commands) }],
      result: dict(known),
      finish(results) {
        const after = /^stars-after (\w+)/m.exec(results.at(-1)?.stdout ?? '')?.[1];
        return dict({
          ...known,
          after,
          ...(results.at(-1)?.code === 0 ? { changed: after !== state.before || state.modified } : {}),
        });
      },
    };
  },
});

function sshSettings(given: {
  accept_hostkey: boolean;
  accept_newhostkey: boolean;
  key_file?: string | undefined;
  ssh_opts?: string | undefined;
}): string {
  const options = [
    ...(given.ssh_opts === undefined ? [] : [given.ssh_opts]),
    ...(given.accept_hostkey || given.accept_newhostkey ? ['-o StrictHostKeyChecking=accept-new'] : []),
    ...(given.key_file === undefined ? [] : [`-i ${quote(given.key_file)} -o IdentitiesOnly=yes`]),
  ];
  return options.length === 0 ? '' : `export GIT_SSH_COMMAND=${quote(`ssh ${options.join(' ')}`)}\n`;
}
