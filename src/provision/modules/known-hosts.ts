import { createHmac, randomBytes } from 'node:crypto';
import { args, bool, choice, path, text } from '../arguments.js';
import { resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { finalStat } from './place-file.js';
import { dict, fileFields } from './result.js';
import { linesOf, readTextFile, rewriteTextFile } from './text-file.js';

const schema = args({
  name: text().describe('The host, as [host]:port when its port is not 22.'),
  key: text().optional().describe('A line of known_hosts that names the host; needed unless it is to be absent.'),
  path: path().default('~/.ssh/known_hosts').describe('The file of known hosts.'),
  hash_host: bool().default(false).describe('Write the name so that nobody can read it.'),
  state: choice('present', 'absent').default('present').describe('Whether the key is known.'),
});
type Args = ReturnType<typeof schema.parse>;

export const knownHosts = defineModule<Args>({
  name: 'known_hosts',
  summary: 'Have the key of a host known to ssh, or not.',
  aliases: { host: 'name' },
  args: schema,
  differences: [
    'Removing a host leaves no second file named .old behind, and keeps owner and permissions of the file.',
    'A last line without an end gets one before another is added; Ansible joins both to one that ssh cannot read.',
  ],

  async plan(given, context): Promise<Plan> {
    const name = given.name.toLowerCase();
    const { key, state } = given;
    if (!key && state === 'present') return { actions: [], failed: 'No key specified when adding a host' };
    if (key && name.includes(','))
      return { actions: [], failed: 'Comma separated list of names is not supported. Please pass a single name.' };
    const wanted = key ? entryOf(key.trim()) : undefined;
    if (key && (!wanted || !names(wanted, name)))
      return { actions: [], failed: 'Host parameter does not match hashed host field in supplied key' };
    const dest = await hostPath(context, given.path);
    const file = await readTextFile(context, dest);
    const lines = linesOf(file.text ?? '');
    const after = state === 'absent' ? without(lines, name, wanted) : withKey(lines, name, given);
    const known = { name: given.name, key: key ?? null, path: dest, hash_host: given.hash_host };
    if (!after)
      return {
        actions: [],
        result:
          context.checkMode && !(state === 'absent' && wanted)
            ? dict({})
            : dict({ ...known, ...(file.state.stat ? fileFields(file.state.stat) : { state }) }),
      };
    if (resolved(file.state).stat?.kind === 'directory')
      return {
        actions: [],
        ...(context.checkMode ? { changed: true } : { failed: `Failed to read ${dest}: it is a folder` }),
      };
    if (!file.state.parentExists && !context.checkMode)
      return { actions: [], failed: `Failed to write to file ${dest}: its folder does not exist` };
    const rewrite = rewriteTextFile(context, file, after.map((line) => `${line}\n`).join(''), { throughLink: false });
    return {
      ...rewrite,
      ...(context.checkMode ? {} : { result: dict({ ...known, state }) }),
      finish(results) {
        const stat = finalStat(results.at(-1)?.stdout);
        return dict({ ...known, ...(stat ? fileFields(stat) : { state }) });
      },
    };
  },
});

type Entry = { marker: string | undefined; hosts: string; type: string; key: string; comment: string };

function entryOf(line: string): Entry | undefined {
  const words = line.split(/\s+/);
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
  const [hosts = '', type = '', key = '', ...comment] = words;
  const named =
    hosts !== '' && !hosts.startsWith('#') && /^[\w@.-]+$/.test(type) && /^[A-Za-z0-9+/]{4,}={0,2}$/.test(key);
  return named ? { marker, hosts, type, key, comment: comment.join(' ') } : undefined;
}

function names({ hosts }: Entry, name: string): boolean {
  const [, salt, hash] = /^\|1\|([^|]+)\|(.+)$/.exec(hosts) ?? [];
  if (salt !== undefined) return hashOf(name, Buffer.from(salt, 'base64')) === hash;
  const patterns = hosts.toLowerCase().split(',');
  const refused = patterns.some((each) => each.startsWith('!') && matches(each.slice(1), name));
  return !refused && patterns.some((each) => matches(each, name));
}

function matches(pattern: string, name: string): boolean {
  const expression = pattern.replaceAll(/[^\w]/g, (char) => (char === '*' ? '.*' : char === '?' ? '.' : `\\${char}`));
  return new RegExp(`^${expression}$`).test(name);
}

function hashOf(name: string, salt: Buffer): string {
  return createHmac('sha1', salt).update(name).digest('base64');
}

type Found = { entry: Entry; index: number };

function entriesOf(lines: readonly string[], name: string): Found[] {
  return lines.flatMap((line, index) => {
    const entry = entryOf(line.trim());
    return entry && names(entry, name) ? [{ entry, index }] : [];
  });
}

/** The file without the host's keys, or without the one of the key's type; undefined when there is none. */
function without(lines: readonly string[], name: string, key: Entry | undefined): string[] | undefined {
  const found = entriesOf(lines, name);
  // As ssh-keygen has it, what is revoked or an authority stays.
  const gone = key
    ? found.filter(({ entry }) => entry.type === key.type).slice(0, 1)
    : found.filter(({ entry }) => entry.marker === undefined);
  return gone.length === 0 ? undefined : lines.filter((_, index) => gone.every((one) => one.index !== index));
}

/** The file with the key at its end, in place of the first one of its type; undefined when that is the same. */
function withKey(lines: readonly string[], name: string, { key = '', hash_host: hashed }: Args): string[] | undefined {
  const text = hashed ? hashedLine(key.trim(), name) : key.replace(/\n$/, '');
  const wanted = entryOf(text.trim());
  const old = entriesOf(lines, name).find(({ entry }) => entry.type === wanted?.type);
  if (old && wanted && same(old.entry, wanted)) return undefined;
  return [...lines.filter((_, index) => index !== old?.index), ...text.split('\n')];
}

function same(one: Entry, other: Entry): boolean {
  const bothHashed = one.hosts.startsWith('|1|') && other.hosts.startsWith('|1|');
  return one.key === other.key && one.marker === other.marker && (bothHashed || one.hosts === other.hosts);
}

function hashedLine(line: string, name: string): string {
  const words = line.split(/\s+/);
  const salt = randomBytes(20);
  words[line.startsWith('@') ? 1 : 0] = `|1|${salt.toString('base64')}|${hashOf(name, salt)}`;
  return words.join(' ');
}
