import { quote, sh } from '../../shell/command.js';
import { args, bool, choice, int, mode, text } from '../arguments.js';
import { fileContent } from '../facts/file-content.js';
import { fileState } from '../facts/file-state.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { ensureContent } from './ensure-content.js';
import { dict } from './result.js';

export const aptRepository = defineModule({
  name: 'apt_repository',
  summary: 'Have a line in the sources of apt, or not.',
  aliases: { 'update-cache': 'update_cache' },
  args: args({
    repo: text(),
    state: choice('present', 'absent').default('present'),
    filename: text().optional(),
    codename: text().optional(),
    mode: mode().optional(),
    update_cache: bool().default(true),
    update_cache_retries: int().default(5),
    update_cache_retry_max_delay: int().default(12),
    install_python_apt: bool().default(true),
    validate_certs: bool().default(true),
  }),

  async plan(given, context): Promise<Plan> {
    if (given.repo.startsWith('ppa:'))
      return { actions: [], failed: 'Repositories written as ppa:… are not supported: write out the deb line.' };
    const line = given.repo.trim().replaceAll(/\s+/g, ' ');
    const has = await context.fact(sourcesWith(line));
    const result = dict({ repo: given.repo, state: given.state });
    if (given.state === 'absent')
      return {
        actions: has.length === 0 ? [] : [...has.map((file) => removal(file, line)), ...refresh(given)],
        result,
      };
    if (has.length > 0) return { actions: [], result };
    const file = `/etc/apt/sources.list.d/${(given.filename ?? nameOf(line)).replace(/\.list$/, '')}.list`;
    const plan = await appended(file, line, given, context);
    return { ...plan, actions: [...plan.actions, ...refresh(given)], changed: true, result };
  },
});

/** Files that hold this line as an active one, spaces aside. */
function sourcesWith(line: string) {
  return {
    script: `for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do [ -f "$file" ] && STARS_LINE=${quote(line)} awk '{ gsub(/[ \\t]+/, " "); sub(/^ /, ""); sub(/ ?(#.*)?$/, "") } $0 == ENVIRON["STARS_LINE"] { print FILENAME; exit }' "$file"; done; :`,
    parse: ({ stdout }: { stdout: string }) => stdout.split('\n').filter(Boolean),
  };
}

async function appended(
  file: string,
  line: string,
  given: { mode?: Parameters<typeof ensureContent>[1]['wanted']['mode'] },
  context: ModuleContext,
): Promise<Plan> {
  const [before] = await Promise.all([context.fact(fileContent(file)), context.fact(fileState(file, { sha1: true }))]);
  const old = before?.toString('utf8') ?? '';
  const content = Buffer.from(`${old}${old === '' || old.endsWith('\n') ? '' : '\n'}${line}\n`);
  return ensureContent(context, {
    dest: file,
    content,
    wanted: { mode: given.mode ?? { octal: 0o644 } },
    basename: undefined,
    force: true,
    follow: true,
    backup: false,
  });
}

function removal(file: string, line: string): Action {
  const word = quote(file);
  const keep = `STARS_LINE=${quote(line)} awk '{ whole = $0; gsub(/[ \\t]+/, " "); sub(/^ /, ""); sub(/ ?(#.*)?$/, "") } $0 != ENVIRON["STARS_LINE"] { print whole }' ${word}`;
  const drop = file.endsWith('/sources.list') ? ':' : `{ grep -q . ${word} || rm -f ${word}; }`;
  return { kind: 'run', command: { text: `kept=$(${keep}; echo .) && printf %s "\${kept%.}" >${word} && ${drop}` } };
}

function refresh({ update_cache: update }: { update_cache: boolean }): Action[] {
  return update
    ? [
        {
          kind: 'run',
          command: sh`export DEBIAN_FRONTEND=noninteractive; apt-get -q ${['-o', 'DPkg::Lock::Timeout=60']} update`,
        },
      ]
    : [];
}

/** The file Ansible chooses: the address without its scheme, other characters as underscores. */
function nameOf(line: string): string {
  const words = line
    .replaceAll(/\[[^\]]*\]/g, '')
    .split(' ')
    .filter((word) => word !== '' && !/^deb(-src)?$/.test(word));
  return words
    .slice(0, 2)
    .join(' ')
    .replace(/^\w+:\/\//, '')
    .replaceAll(/[^a-zA-Z0-9]/g, ' ')
    .split(' ')
    .filter(Boolean)
    .join('_');
}
