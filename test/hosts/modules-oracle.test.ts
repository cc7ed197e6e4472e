import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Float, type Value } from '../../src/jinja/value.js';
import { modules } from '../../src/provision/modules/index.js';
import { localHost } from '../provision/support/local-host.js';

// Each case runs twice through real Ansible and twice through us, in folders prepared alike (@ is the folder).
type Case = { module: string; setup?: string; args: Record<string, unknown> };

const c = (module: string, args: Record<string, unknown>, setup = ':'): Case => ({ module, args, setup });
const SERVERS = `printf 'server=1\\n# end\\nport 80\\nport 81\\nlast' >@/f`;
const line = (args: Record<string, unknown>, setup = SERVERS) => c('lineinfile', { path: '@/f', ...args }, setup);

const CASES: Case[] = [
  c('file', { path: '@/a/b/c', state: 'directory', mode: '0750' }),
  c('file', { path: '@/a/b', state: 'directory', mode: 'u=rwx,g=rx,o=' }, 'mkdir -p @/a; chmod 700 @/a'),
  c(
    'file',
    { path: '@/a', state: 'directory', mode: 'u=rwX,go=rX', recurse: true },
    'mkdir -p @/a/s; touch @/a/x @/a/s/y; chmod 600 @/a/s/y; chmod 700 @/a/x',
  ),
  c(
    'file',
    { path: '@/a', state: 'directory', owner: '1', group: '2', recurse: true },
    'mkdir -p @/a/s; touch @/a/x; ln -s x @/a/l',
  ),
  c('file', { path: '@/l', src: 'x', state: 'link' }, 'touch @/x'),
  c('file', { path: '@/l', src: 'x', state: 'link' }),
  c('file', { path: '@/l', src: 'x', state: 'link', force: true }),
  c('file', { path: '@/l', src: '@/x', state: 'link' }, 'touch @/x @/y; ln -s y @/l'),
  c('file', { path: '@/l', src: '@/x', state: 'link' }, 'touch @/x @/l'),
  c('file', { path: '@/l', src: '@/x', state: 'link', force: true }, 'touch @/x @/l'),
  c('file', { path: '@/l', src: '@/x', state: 'link', force: true }, 'touch @/x; mkdir @/l'),
  c('file', { path: '@/l', src: '@/x', state: 'link', force: true }, 'touch @/x; mkdir @/l; touch @/l/z'),
  c('file', { path: '@/l', src: '@/x', state: 'link', mode: '0600' }, 'touch @/x'),
  c('file', { path: '@/l', state: 'directory', mode: '0711' }, 'mkdir @/d; ln -s d @/l'),
  c('file', { path: '@/h', src: '@/x', state: 'hard' }, 'echo 1 >@/x'),
  c('file', { path: '@/h', src: '@/x', state: 'hard' }, 'echo 1 >@/x; echo 2 >@/h'),
  c('file', { path: '@/h', src: '@/x', state: 'hard', force: true }, 'echo 1 >@/x; echo 2 >@/h'),
  c('file', { path: '@/h', src: '@/nope', state: 'hard' }),
  c('file', { path: '@/t', state: 'touch' }),
  c('file', { path: '@/t', state: 'touch', mode: '0600', modification_time: 'preserve', access_time: 'preserve' }),
  c('file', { path: '@/d', state: 'touch' }, 'mkdir @/d'),
  c('file', { path: '@/x', mode: '0600' }, 'echo 1 >@/x'),
  c('file', { path: '@/x', mode: 384 }, 'echo 1 >@/x'),
  c('file', { path: '@/x', mode: 'go-r,u+x' }, 'echo 1 >@/x'),
  c('file', { path: '@/x', mode: '+x' }, 'echo 1 >@/x'),
  c('file', { path: '@/x', mode: 'g+s,o+t' }, 'mkdir @/x'),
  c('file', { path: '@/x', mode: '0755' }, 'mkdir @/x; chmod 2755 @/x'),
  c('file', { path: '@/x', owner: '1', mode: '4755' }, 'echo 1 >@/x'),
  c('file', { path: '@/x', state: 'file' }),
  c('file', { path: '@/x', state: 'file' }, 'mkdir @/x'),
  c('file', { path: '@/x', state: 'directory' }, 'touch @/x'),
  c('file', { path: '@/x', state: 'absent' }, 'mkdir -p @/x/y; touch @/x/y/z'),
  c('file', { path: '@/x', state: 'absent' }, 'ln -s nowhere @/x'),
  c('file', { path: '@/x', src: '@/y', state: 'directory' }),
  c('file', { path: '@/x', recurse: true, state: 'touch' }),
  c('copy', { content: 'hello\n', dest: '@/f' }),
  c('copy', { content: 'hello\n', dest: '@/f', mode: '0600' }, 'echo hello >@/f'),
  c('copy', { content: 'hello\n', dest: '@/f' }, 'echo other >@/f; chmod 640 @/f; chown 1:2 @/f'),
  c('copy', { content: 'hello\n', dest: '@/f', force: false }, 'echo other >@/f'),
  c('copy', { content: 'hello\n', dest: '@/f', force: false }),
  c('copy', { content: 'hello\n', dest: '@/l' }, 'echo other >@/f; ln -s f @/l'),
  c('copy', { content: 'hello\n', dest: '@/l', follow: true }, 'echo other >@/f; ln -s f @/l'),
  c('copy', { content: 'hello\n', dest: '@/no/f' }),
  c('copy', { content: 'hello\n', dest: '@/d' }, 'mkdir @/d'),
  c('copy', { content: 'x', dest: '@/d/' }, 'mkdir @/d'),
  c('copy', { content: '', dest: '@/f' }),
  c('copy', { content: { a: [1, 2.5, true, null, 'é'] }, dest: '@/f' }),
  c('copy', { content: 5, dest: '@/f' }),
  c('copy', { content: true, dest: '@/f' }),
  c('copy', { content: 'a', dest: '@/f', validate: 'grep b %s' }),
  c('copy', { src: '@/s', dest: '@/f' }, 'printf "a\\000b" >@/s'),
  c('copy', { src: '@/s', dest: '@/f', mode: 'preserve' }, 'echo a >@/s; chmod 711 @/s'),
  c('copy', { src: '@/s', dest: '@/d' }, 'echo a >@/s; mkdir @/d'),
  c('copy', { src: '@/s', dest: '@/new/dir/', directory_mode: '0700' }, 'echo a >@/s'),
  c('copy', { src: '@/tree', dest: '@/out' }, 'mkdir -p @/tree/sub; echo a >@/tree/sub/x; echo b >@/tree/y'),
  c(
    'copy',
    { src: '@/tree/', dest: '@/out', mode: '0600', directory_mode: '0711' },
    'mkdir -p @/tree/sub; echo a >@/tree/sub/x; echo b >@/tree/y',
  ),
  c('copy', { src: '@/s', dest: '@/f', remote_src: true }, 'echo a >@/s; chmod 711 @/s'),
  c('copy', { src: '@/s', dest: '@/f', remote_src: true, mode: 'preserve' }, 'echo a >@/s; chmod 711 @/s'),
  c('copy', { src: '@/nope', dest: '@/f', remote_src: true }),
  c('copy', { src: '@/tree', dest: '@/out', remote_src: true }, 'mkdir -p @/tree/sub @/out; echo a >@/tree/sub/x'),
  c('copy', { src: '@/tree/', dest: '@/out', remote_src: true }, 'mkdir -p @/tree/sub @/out; echo a >@/tree/sub/x'),
  line({ line: 'new' }),
  line({ line: 'last' }),
  line({ line: 'port 80' }),
  line({ line: 'new' }, ':'),
  line({ line: 'new', create: true, mode: '0600' }, ':'),
  line({ line: 'new', create: true, path: '@/deep/er/f' }, ':'),
  line({ regexp: '^port', line: 'port 8080' }),
  line({ regexp: '^port', line: 'port 8080', firstmatch: true }),
  line({ regexp: '^server=(\\d)$', line: 'server=\\g<1>0', backrefs: true }),
  line({ regexp: '^none(.)', line: 'x\\1', backrefs: true }),
  line({ regexp: '(?i)^PORT 81$', line: 'port 9' }),
  line({ search_string: 'port', line: 'port x' }),
  line({ line: 'mid', insertafter: '^port' }),
  line({ line: 'mid', insertafter: '^port', firstmatch: true }),
  line({ line: 'mid', insertbefore: '^port' }),
  line({ line: 'mid', insertbefore: '^port', firstmatch: true }),
  line({ line: 'mid', insertbefore: 'BOF' }),
  line({ line: 'mid', insertafter: 'EOF' }),
  line({ line: 'mid', insertafter: 'nomatch' }),
  line({ line: 'mid', insertbefore: 'nomatch' }),
  line({ regexp: '^nomatch', line: 'mid', insertbefore: '^# end' }),
  line({ regexp: '^nomatch', line: 'mid', insertafter: '^# end$' }),
  line({ regexp: '^port', state: 'absent' }),
  line({ line: 'last', state: 'absent' }),
  line({ search_string: '=', state: 'absent' }),
  line({ regexp: 'zzz', state: 'absent' }),
  line({ line: 'gone', state: 'absent' }, ':'),
  line({ line: 'x' }, 'mkdir @/f'),
  line({ line: 'é ü', regexp: '^sérver' }, `printf 'sérver\\n\\377\\n' >@/f`),
  line({ line: 'x', mode: '0600' }, 'echo x >@/f'),
  line({ line: 'x' }, 'echo y >@/real; ln -s real @/f'),
  c('stat', { path: '@/f' }, 'echo 1 >@/f; touch -t 202001010000 @/f'),
  c('stat', { path: '@/f', checksum_algorithm: 'sha256' }, 'echo 1 >@/f; chmod 4755 @/f'),
  c('stat', { path: '@/f' }, 'mkdir @/f'),
  c('stat', { path: '@/l' }, 'echo 1 >@/f; ln -s f @/l'),
  c('stat', { path: '@/l', follow: true }, 'echo 1 >@/f; ln -s f @/l'),
  c('stat', { path: '@/nope' }),
  c('command', { cmd: 'echo "a  b" \'c $HOME\' $HOME ~' }),
  c('command', { cmd: 'ls nowhere', chdir: '/' }),
  c('command', { cmd: 'touch made', chdir: '@', creates: '@/made' }),
  c('command', { cmd: 'rm x', chdir: '@', removes: '@/x*' }, 'touch @/x'),
  c('command', { cmd: 'cat', stdin: 'in\nput' }),
  c('command', { cmd: 'cat', stdin: 'input', stdin_add_newline: false }),
  c('command', { cmd: 'printf "a\\n\\n"', strip_empty_ends: false }),
  c('command', { argv: ['echo', 'a b', '*'] }),
  c('command', { cmd: 'no-such-program x' }),
  c('command', { cmd: 'exit 3' }),
  c('command', { cmd: 'pwd', chdir: '@/nope' }),
  c('shell', { cmd: 'echo a | tr a b; echo e >&2; exit 3' }),
  c('shell', { cmd: 'echo "$0" >/dev/null; for i in 1 2; do echo $i; done' }),
  c('shell', { cmd: 'echo ${BASH_VERSION:+bash}', executable: '/bin/bash' }),
  c('shell', { cmd: 'if then' }),
  c('replace', { path: '@/f', regexp: '^port (\\d+)$', replace: 'port=\\1' }, SERVERS),
  c('replace', { path: '@/f', regexp: 'port', replace: 'PORT', after: 'server=1', before: 'port 81' }, SERVERS),
  c('replace', { path: '@/f', regexp: '\\n# .*', replace: '' }, SERVERS),
  c('replace', { path: '@/f', regexp: '1d;$d', replace: '' }, SERVERS),
  c('blockinfile', { path: '@/f', block: 'one\ntwo' }, SERVERS),
  c('blockinfile', { path: '@/f', block: 'one', insertafter: '^server', marker: '# {mark} X' }, SERVERS),
  c(
    'blockinfile',
    { path: '@/f', block: 'new' },
    `printf 'a\\n# BEGIN ANSIBLE MANAGED BLOCK\\nold\\n# END ANSIBLE MANAGED BLOCK\\nb\\n' >@/f`,
  ),
  c(
    'blockinfile',
    { path: '@/f', state: 'absent' },
    `printf 'a\\n# BEGIN ANSIBLE MANAGED BLOCK\\nold\\n# END ANSIBLE MANAGED BLOCK\\nb\\n' >@/f`,
  ),
  c('blockinfile', { path: '@/f', block: 'x', create: true, insertbefore: 'BOF' }),
  c('slurp', { src: '@/f' }, SERVERS),
  c(
    'unarchive',
    { src: '@/a.tgz', dest: '@/out', remote_src: true, owner: '1' },
    'mkdir -p @/t/s @/out; echo 1 >@/t/s/x; tar -C @/t -czf @/a.tgz s',
  ),
  c('unarchive', { src: '@/a.tgz', dest: '@/out' }, 'mkdir -p @/t/s @/out; echo 1 >@/t/s/x; tar -C @/t -czf @/a.tgz s'),
  c('unarchive', { src: '@/a.tgz', dest: '@/nope', remote_src: true }, 'touch @/a.tgz'),
];

// Fields that both sides fill, where they must agree; the rest is Ansible's own bookkeeping.
const FIELDS =
  'changed failed rc stdout stderr stdout_lines cmd dest path state mode owner group uid gid size checksum msg found stat src content encoding'.split(
    ' ',
  );

let theirFolder: string;
let theirs: Record<string, Record<string, unknown>>;
const known = CASES.map((each, index) => ({ ...each, index })).filter(({ module }) => modules.has(module));

beforeAll(() => {
  theirFolder = mkdtempSync(join(tmpdir(), 'stars-oracle-'));
  for (const { index, setup } of known) prepare(join(theirFolder, String(index)), setup);
  const tasks = known.flatMap(({ module, args, index }) =>
    ['a', 'b'].map((turn) => ({
      [`ansible.builtin.${module}`]: placed(args, join(theirFolder, String(index))),
      register: `r${index}${turn}`,
      ignore_errors: true,
      ...(module === 'command' || module === 'shell' ? {} : {}),
    })),
  );
  const all = known.flatMap(({ index }) => ['a', 'b'].map((turn) => `'r${index}${turn}': r${index}${turn}`)).join(', ');
  const output = join(theirFolder, 'results.json');
  const dump = { 'ansible.builtin.copy': { content: `{{ {${all}} | to_json }}`, dest: output } };
  const play = [{ hosts: 'localhost', gather_facts: false, tasks: [...tasks, dump] }];
  writeFileSync(join(theirFolder, 'play.json'), JSON.stringify(play));
  const ran = spawnSync('ansible-playbook', ['-i', 'localhost,', '-c', 'local', join(theirFolder, 'play.json')], {
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(ran.stdout.slice(-2000) + ran.stderr);
  theirs = JSON.parse(readFileSync(output, 'utf8'));
});
afterAll(() => rmSync(theirFolder, { recursive: true, force: true }));

test.each(
  known.map((each) => [`${each.index} ${each.module} ${JSON.stringify(each.args)} after ${each.setup}`, each] as const),
)('%s', async (_, { module, args, setup, index }) => {
  const host = localHost();
  const definition = modules.get(module);
  if (!definition) throw new Error(module);
  prepare(host.folder, setup);
  const given = toValues(placed(args, host.folder)) as Record<string, unknown>;
  const ours = [await host.apply(definition, given), await host.apply(definition, given)];
  const folder = join(theirFolder, String(index));
  const want = [theirs[`r${index}a`] ?? {}, theirs[`r${index}b`] ?? {}];
  for (const turn of [0, 1]) {
    const expected = comparable(want[turn] ?? {}, folder);
    const actual = comparable(plain(ours[turn] ?? {}) as Record<string, unknown>, host.folder);
    const names = FIELDS.filter((name) => name in expected && name in actual);
    const pick = (from: Record<string, unknown>) => Object.fromEntries(names.map((name) => [name, from[name]]));
    expect({ turn, ...pick(actual) }).toEqual({ turn, ...pick(expected) });
    expect(Boolean(actual.failed)).toBe(Boolean(expected.failed));
  }
  expect(snapshot(host.folder)).toBe(snapshot(folder));
  host.remove();
});

function prepare(folder: string, setup = ':') {
  spawnSync('sh', ['-c', `umask 022; mkdir -p ${folder}; ${setup.replaceAll('@', folder)}`]);
}

function placed(args: Record<string, unknown>, folder: string): Record<string, unknown> {
  return JSON.parse(JSON.stringify(args).replaceAll('@', folder));
}

function snapshot(folder: string): string {
  const script = `cd ${folder} && find . ! -name . | sort | while IFS= read -r f; do case $f in *~) continue;; esac; printf '%s %s %s ' "$f" "$(stat -c '%A %u:%g %h' "$f")" "$(readlink "$f")"; [ -f "$f" ] && [ "$f" != ./a.tgz ] && sha1sum <"$f" || echo; done`;
  return spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stdout.replaceAll(folder, '@');
}

function comparable(result: Record<string, unknown>, folder: string): Record<string, unknown> {
  const text = JSON.stringify(result).replaceAll(folder, '@');
  const found = JSON.parse(text) as Record<string, unknown>;
  const stat = found.stat as Record<string, unknown> | undefined;
  // What `file` and `lsattr` say is not read; times and numbers of files differ.
  if (stat)
    for (const name of 'mimetype charset version attributes attr_flags inode ctime atime mtime device_type'.split(' '))
      delete stat[name];
  // These words differ by design: Ansible's come from Python, or name its temporary copy of the source.
  if (found.failed || String(found.msg).startsWith('OK')) delete found.msg;
  if (found.failed)
    for (const name of [
      'mode',
      'owner',
      'group',
      'uid',
      'gid',
      'size',
      'state',
      'changed',
      'checksum',
      'dest',
      'path',
      'stderr',
      'stdout',
      'stdout_lines',
      'src',
    ])
      if (typeof found.cmd === 'undefined') delete found[name];
  if (String(found.src).includes('ansible')) delete found.src;
  if (typeof found.src === 'string' && found.checksum) delete found.src;
  // The size of a link is the length of what it says, and the folders' names differ in length.
  if (found.state === 'link') delete found.size;
  if (typeof found.stderr === 'string')
    found.stderr = found.stderr
      .replace(/^.*?: (?=.)/, '')
      .replace(/.*\d+: /, '')
      .replace('eval: ', '');
  return found;
}

function toValues(value: unknown): Value | Record<string, unknown> {
  if (value === null || typeof value !== 'object')
    return typeof value === 'number' && !Number.isInteger(value) ? new Float(value) : (value as Value);
  if (Array.isArray(value)) return value.map((item) => inner(item));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)]));
}

function inner(value: unknown): Value {
  if (value === null || typeof value !== 'object')
    return typeof value === 'number' && !Number.isInteger(value) ? new Float(value) : (value as Value);
  if (Array.isArray(value)) return value.map(inner);
  return new Map(Object.entries(value).map(([key, item]) => [key, inner(item)]));
}

function plain(value: unknown): unknown {
  if (value instanceof Float) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), plain(item)]));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
