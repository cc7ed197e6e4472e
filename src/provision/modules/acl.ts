import { sh, sequence, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { dict } from './result.js';

const aclArguments = args({
  path: path().describe('The file or folder.'),
  state: choice('query', 'present', 'absent')
    .default('query')
    .describe('Whether the entry is there or gone; `query` tells the list and changes nothing.'),
  etype: choice('user', 'group', 'mask', 'other').optional().describe('What kind of entry it is.'),
  entity: text().default('').describe('The user or group of the entry, for kinds that have one.'),
  permissions: text().optional().describe('Any of r, w, x and X.'),
  entry: text().optional().describe('Kind, user or group, and permissions in one, as `setfacl` takes them.'),
  default: bool().default(false).describe('The entry is for what will be made in the folder.'),
  recursive: bool().default(false).describe('Also for all that the folder holds.'),
  follow: bool().default(true).describe('Look at what a link points to.'),
  recalculate_mask: choice('default', 'mask', 'no_mask')
    .default('default')
    .describe('Whether the mask is made to fit all entries: always, never, or as `setfacl` does by itself.'),
  use_nfsv4_acls: bool().default(false).describe('The file system has lists of NFSv4.'),
});
type Args = (typeof aclArguments)['_output'];

export const acl = defineModule<Args>({
  name: 'acl',
  collection: 'ansible.posix',
  summary: 'Have an entry in the access list of a file, or tell the list.',
  needs: 'setfacl and getfacl',
  aliases: { name: 'path', recurse: 'recursive' },
  args: aclArguments,

  async plan(asked, context): Promise<Plan> {
    const given = { ...asked, path: await hostPath(context, asked.path) };
    const entry = entryOf(given);
    const commands = { show: show(given, entry), set: entry && set(given, entry) };
    const found = await context.fact(aclState(given.path, commands));
    if (!found.exists) return { actions: [], failed: 'Path not found or not accessible.' };
    const mistake = mistakeIn(given);
    if (mistake !== undefined) return { actions: [], failed: mistake };
    if (found.error !== undefined) return { actions: [], failed: found.error };
    const msg = entry ? `${entry.words} is ${given.state}` : 'current acl';
    const result = dict({ msg, acl: found.acl });
    if (!commands.set || !found.differs) return { actions: [], result };
    return {
      actions: [{ kind: 'run', command: sequence([commands.set([]), commands.show]) }],
      result,
      finish: (results) =>
        results.at(-1)?.code === 0 ? dict({ msg, acl: entriesIn(results.at(-1)?.stdout) }) : new Map(),
    };
  },
});

type Entry = { words: string; isDefault: boolean };

function mistakeIn({
  state,
  entry,
  etype,
  entity,
  permissions,
  recursive,
  recalculate_mask,
}: Args): string | undefined {
  if (state === 'query') {
    if (recursive) return "'recursive' MUST NOT be set when 'state=query'.";
    if (recalculate_mask !== 'default')
      return "'recalculate_mask' MUST NOT be set to 'mask' or 'no_mask' when 'state=query'.";
    return entry ? "'entry' MUST NOT be set when 'state=query'." : undefined;
  }
  if (entry) {
    if (etype !== undefined || entity !== '' || permissions !== undefined)
      return "'entry' MUST NOT be set when 'entity', 'etype' or 'permissions' are set.";
    const colons = entry.split(':').length - 1;
    if (state === 'present' && colons !== 2 && colons !== 3)
      return "'entry' MUST have 3 or 4 sections divided by ':' when 'state=present'.";
    if (state === 'absent' && colons !== 1 && colons !== 2)
      return "'entry' MUST have 2 or 3 sections divided by ':' when 'state=absent'.";
    return undefined;
  }
  if (state === 'absent' && permissions) return "'permissions' MUST NOT be set when 'state=absent'.";
  if (state === 'absent' && entity === '') return "'entity' MUST be set when 'state=absent'.";
  return etype === undefined ? `'etype' MUST be set when 'state=${state}'.` : undefined;
}

/** What to set or remove; undefined for a mere question, or when the arguments make no entry. */
function entryOf(given: Args): Entry | undefined {
  if (given.state === 'query' || mistakeIn(given) !== undefined) return undefined;
  const parts = given.entry ? split(given.entry) : { ...given, isDefault: given.default };
  const permissions = given.state === 'present' && parts.permissions ? [parts.permissions] : [];
  const nfs = given.use_nfsv4_acls && given.state === 'present' ? ['allow'] : [];
  const words = [parts.etype ?? '', parts.entity, ...permissions, ...nfs].join(':');
  return { words, isDefault: parts.isDefault || given.default };
}

const KINDS: Readonly<Record<string, string>> = { u: 'user', g: 'group', m: 'mask', o: 'other' };

function split(entry: string) {
  const isDefault = /^d/i.test(entry);
  const [etype = '', entity = '', permissions] = entry.split(':').slice(isDefault ? 1 : 0);
  return { etype: KINDS[etype[0]?.toLowerCase() ?? ''], entity, permissions, isDefault };
}

function show({ path: file, follow, recursive, default: asked }: Args, entry: Entry | undefined): ShellCommand {
  const words = [
    ...((entry?.isDefault ?? asked) ? ['-d'] : []),
    '--omit-header',
    '--absolute-names',
    ...(recursive ? ['--recursive'] : []),
    ...(follow ? [] : ['--physical']),
  ];
  return sh`getfacl ${words} ${file}`;
}

function set(given: Args, { words, isDefault }: Entry): (more: string[]) => ShellCommand {
  const options = [
    ...(isDefault ? ['-d'] : []),
    ...(given.state === 'present' ? ['-m', words] : ['-x', words]),
    ...(given.recursive ? ['--recursive'] : []),
    ...(given.recalculate_mask === 'default' ? [] : [given.recalculate_mask === 'mask' ? '--mask' : '--no-mask']),
    ...(given.follow ? [] : ['--physical']),
  ];
  return (more) => sh`setfacl ${more} ${options} ${given.path}`;
}

type AclState = { exists: boolean; differs: boolean; acl: string[]; error: string | undefined };
type Commands = { show: ShellCommand; set: ((more: string[]) => ShellCommand) | undefined };

function aclState(file: string, { show: ask, set: change }: Commands): Fact<AclState> {
  const tried = change
    ? `tried=$(${change(['--test']).text} 2>&1) || { echo "error $tried"; exit 0; }
printf '%s\\n' "$tried" | grep -v '^#' | grep -v '\\*,\\*$' | grep -q . && echo differs
`
    : '';
  return {
    script: `export LC_ALL=C
[ -e ${sh`${file}`.text} ] || exit 0
echo exists
${tried}now=$(${ask.text} 2>&1) || { echo "error $now"; exit 0; }
echo acl
printf '%s\\n' "$now"`,
    parse: ({ stdout }) => {
      const [head = '', list] = stdout.split(/^acl\n/m);
      return {
        exists: /^exists$/m.test(head),
        differs: /^differs$/m.test(head),
        error: /^error ([^]*)/m.exec(head)?.[1]?.trim(),
        acl: entriesIn(list),
      };
    },
  };
}

function entriesIn(stdout = ''): string[] {
  const text = stdout.trimEnd();
  const lines = text === '' ? [] : text.split('\n');
  return lines.filter((line) => !line.startsWith('#')).map((line) => line.trim());
}
