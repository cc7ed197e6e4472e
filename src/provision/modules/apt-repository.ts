import { quote, sh } from '../../shell/command.js';
import { args, bool, choice, int, mode, text, type ModeArgument } from '../arguments.js';
import { defineModule, type Action, type Fact, type ModuleContext, type Plan } from '../module.js';
import { type Attempts, attemptsOf, fetchLists } from './apt-lists.js';
import { ensureContent } from './ensure-content.js';
import { dict } from './result.js';

export const aptRepository = defineModule({
  name: 'apt_repository',
  summary: 'Have a line in the sources of apt, or not.',
  needs: 'apt-get',
  differences: ['A line that begins with `ppa:` is refused: only the whole line says what the host will fetch.'],
  aliases: { 'update-cache': 'update_cache' },
  args: args({
    repo: text().describe('The line as it stands in sources.list.'),
    state: choice('present', 'absent').default('present').describe('Whether the line is there.'),
    filename: text()
      .optional()
      .describe('Name of the file in sources.list.d, without `.list`; made of the line when not given.'),
    codename: text().optional().describe('Accepted and without effect, since it only concerns `ppa:`.'),
    mode: mode().optional().describe('Permissions of the file.'),
    update_cache: bool().default(true).describe('Fetch the lists of packages after a change.'),
    update_cache_retries: int().default(5).describe('How often the lists are asked for before the task fails.'),
    update_cache_retry_max_delay: int()
      .default(12)
      .describe('Seconds between two attempts at most; they begin with one and double.'),
    install_python_apt: bool().default(true).describe('Accepted and without effect, since no Python is needed.'),
    validate_certs: bool().default(true).describe('Accepted and without effect.'),
  }),

  async plan(given, context): Promise<Plan> {
    if (given.repo.startsWith('ppa:'))
      return { actions: [], failed: 'Repositories written as ppa:… are not supported: write out the deb line.' };
    const repository = parseSource(given.repo);
    if (!repository.valid) return { actions: [], failed: `Invalid repository string: ${given.repo}` };
    const files = await context.fact(sourceFiles);
    const changed =
      given.state === 'absent' ? without(files, repository) : withSource(files, repository, given.filename);
    const result = dict({ repo: given.repo, state: given.state });
    if (changed === undefined) return { actions: [], result };
    const writes = await Promise.all(
      [...changed].map(([file, sources]) => writing({ file, sources, mode: given.mode, files }, context)),
    );
    const actions = writes.flat();
    const refresh = given.update_cache ? [refreshOr(files, [...changed.keys()], attemptsOf(given))] : [];
    return { actions: [...actions, ...refresh], changed: true, result, finish: () => result };
  },
});

/** A line of a list: `valid` ones are sources, the others comments and the like. */
type Source = { valid: boolean; enabled: boolean; source: string; comment: string };
type SourceFile = { text: string; sources: Source[] };
type SourceFiles = ReadonlyMap<string, SourceFile>;
type Lists = Map<string, Source[]>;

const SOURCES = '/etc/apt/sources.list';

const sourceFiles: Fact<SourceFiles> = {
  script: `for file in ${SOURCES} ${SOURCES}.d/*.list; do if [ -f "$file" ]; then printf 'stars-file %s\\n' "$file"; cat "$file"; printf '\\nstars-end\\n'; fi; done`,
  parse({ stdout }) {
    const found = [...stdout.matchAll(/^stars-file (.*)\n([\s\S]*?)\nstars-end\n/gm)];
    return new Map(found.map(([, file = '', text = '']) => [file, { text, sources: linesOf(text).map(parseSource) }]));
  },
};

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** As Ansible reads a line: a first `#` switches it off, a later one begins a remark. */
function parseSource(line: string): Source {
  const [, off, rest = ''] = /^\s*(#?)(.*?)\s*$/s.exec(line) ?? [];
  const [, body = rest, comment = ''] = /^([^#]+)#(.*)$/s.exec(rest) ?? [];
  const words = body.trim().split(/\s+/);
  const valid = words[0] === 'deb' || words[0] === 'deb-src';
  return { valid, enabled: off === '', source: valid ? words.join(' ') : body.trim(), comment: comment.trim() };
}

function lineOf({ enabled, source, comment }: Source): string {
  return `${enabled ? '' : '# '}${source}${comment === '' ? '' : ` # ${comment}`}\n`;
}

/** The lists without the source; undefined when none holds it. */
function without(files: SourceFiles, { source }: Source): Lists | undefined {
  const is = (one: Source) => one.valid && one.enabled && one.source === source;
  if (![...files.values()].some(({ sources }) => sources.some(is))) return undefined;
  return new Map([...files].map(([file, { sources }]) => [file, sources.filter((one) => !is(one))]));
}

/** The lists with the source, switched on where it stands already; undefined when there is nothing to do. */
function withSource(files: SourceFiles, added: Source, filename: string | undefined): Lists | undefined {
  const is = (one: Source) => one.valid && one.source === added.source;
  const all = [...files.values()].flatMap(({ sources }) => sources.filter(is));
  if (all.length > 0 && all.every(({ enabled }) => enabled)) return undefined;
  const lists: Lists = new Map([...files].map(([file, { sources }]) => [file, sources]));
  if (all.length > 0) {
    for (const [file, sources] of lists)
      lists.set(
        file,
        sources.map((one) => (is(one) ? { ...one, enabled: true } : one)),
      );
    return lists;
  }
  const file = fileFor(filename ?? nameOf(added.source));
  return lists.set(file, [...(lists.get(file) ?? []), { ...added, enabled: true, comment: '' }]);
}

function fileFor(name: string): string {
  const whole = name.endsWith('.list') ? name : `${name}.list`;
  return whole.startsWith('/') ? whole : `${SOURCES}.d/${whole}`;
}

type Writing = { file: string; sources: readonly Source[]; mode: ModeArgument | undefined; files: SourceFiles };

/** A list without lines goes away; one that stays as it is needs nothing. */
async function writing({ file, sources, mode, files }: Writing, context: ModuleContext): Promise<Action[]> {
  const before = files.get(file)?.text;
  if (sources.length === 0) return before === undefined ? [] : [{ kind: 'run', command: sh`rm -f ${file}` }];
  const text = sources.map(lineOf).join('');
  if (text === before) return [];
  const wanted = before === undefined ? { mode: mode ?? { octal: 0o644 } } : {};
  const content = Buffer.from(text);
  const plan = await ensureContent(context, {
    dest: file,
    content,
    wanted,
    basename: undefined,
    force: true,
    follow: true,
    backup: false,
  });
  return plan.actions;
}

/** Fetches the lists of packages; where that fails, the sources are again what they were. */
function refreshOr(files: SourceFiles, changed: readonly string[], attempts: Attempts): Action {
  const back = changed.map((file) => {
    const before = files.get(file)?.text;
    return before === undefined ? sh`rm -f ${file}`.text : `printf %s ${quote(before)} >${quote(file)}`;
  });
  const text = `export DEBIAN_FRONTEND=noninteractive; { ${fetchLists(60, attempts).text}\n} || { ${back.join('; ')}; false; }`;
  return { kind: 'run', command: { text } };
}

/** The file Ansible chooses: the address without its scheme and login, other characters as underscores. */
function nameOf(source: string): string {
  const address = source
    .replaceAll(/\[[^\]]*\]/g, '')
    .replaceAll(/\w+:\/\//g, '')
    .split(' ')
    .find((word) => word !== '' && !/^deb(-src)?$/.test(word));
  return (address ?? '')
    .replace(/^[^@]*@/, '')
    .split(/[^a-zA-Z0-9]+/)
    .filter(Boolean)
    .join('_');
}
