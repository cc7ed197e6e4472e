// Joins what `tsc` made and the libraries it needs at every start into one file, with the machine code V8 makes of it beside it:
// to read and compile a thousand small files takes longer than most commands.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const folder = 'dist/bundle';
// Found in node_modules when they are needed: they hold native code, few commands load them, or they look for files beside them.
const outside = ['@resvg/*', '@slack/*', 'axios', 'cpu-features', 'libsql', 'node-cron', 'pg', 'ws'];

const PLAYBOOK = `- hosts: all
  vars: { folder: /nonexistent/folder }
  tasks:
    - file: { path: "{{ folder }}", state: directory }
    - file: { path: "{{ item }}", state: absent }
      with_items: [/nonexistent/a, /nonexistent/b]
    - copy: { content: "a", dest: /nonexistent-file }
    - template: { src: a.j2, dest: /nonexistent-file }
    - lineinfile: { path: /nonexistent-file, line: a, create: true }
    - stat: { path: /etc/passwd }
      register: found
    - command: echo a
      when: found.stat.exists
    - debug: { msg: "{{ found.stat.size }}" }
`;

// Charts are drawn seldom, and what draws them is as large as all the rest: it has a file of its own.
const draw = { entry: 'dist/src/report/draw.js', file: './draw.cjs' };

await rm(folder, { recursive: true, force: true });
const esbuild = await import('esbuild').catch(() => undefined);
// An installation without the development dependencies starts from the compiled files.
if (esbuild) {
  await bundle(esbuild);
  await keepCompiledCode();
}

async function bundle({ build }) {
  await bundleOne(build, 'dist/src/main.js', 'main.cjs', [
    resolving(/\/draw\.js$/, { path: draw.file, external: true }),
    // The part of ssh2 in machine code; without it ssh2 does the same more slowly.
    resolving(/sshcrypto\.node$/, { path: 'ssh2/lib/protocol/crypto/build/Release/sshcrypto.node', external: true }),
  ]);
  // Its form for Node waits for a canvas at the top of a module, which a script cannot; without one both reckon the same.
  const canvas = resolve('node_modules/vega-canvas/build/vega-canvas.browser.js');
  await bundleOne(build, draw.entry, draw.file, [resolving(/^vega-canvas$/, { path: canvas })]);
}

function resolving(filter, result) {
  return { name: String(filter), setup: ({ onResolve }) => onResolve({ filter }, () => result) };
}

async function bundleOne(build, entry, file, plugins) {
  await build({
    entryPoints: [entry],
    outfile: `${folder}/${file}`,
    plugins,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // Of one byte a character, which V8 reads several times as fast as a text that holds one of two.
    charset: 'ascii',
    minifyWhitespace: true,
    legalComments: 'external',
    external: outside,
    // As `require`: a script that is compiled by hand cannot import.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.dirname': '__dirname' },
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
  refuseWideCharacters(await readFile(`${folder}/${file}`, 'utf8'), file);
}

/** A pattern written between slashes keeps its characters as they are, and would be read wrongly at the start. */
function refuseWideCharacters(code, file) {
  const wide = [...code].find((character) => character > '\u007f');
  if (wide === undefined) return;
  const at = code.indexOf(wide);
  throw new Error(`${file} has to hold ASCII alone: write “${wide}” by its number in ${code.slice(at - 40, at + 40)}`);
}

/** Plays a little playbook on this machine without changing anything, so that the functions a deploy needs are among those kept. */
async function keepCompiledCode() {
  const home = await mkdtemp(join(tmpdir(), 'stars-bundle-'));
  try {
    await mkdir(join(home, 'inventories', 'here'), { recursive: true });
    await mkdir(join(home, 'stack', 'templates'), { recursive: true });
    await writeFile(join(home, 'inventories', 'here', 'hosts'), 'here ansible_connection=local\n');
    await writeFile(
      join(home, 'stack', 'templates', 'a.j2'),
      '{% for n in [1, 2] %}{{ n }} {{ ansible_hostname | upper }}\n{% endfor %}',
    );
    await writeFile(join(home, 'stack', 'site.yml'), PLAYBOOK);
    const env = {
      ...process.env,
      STARS_HOME: home,
      STARS_DATA: join(home, 'data'),
      STARS_KEEP_CODE: '1',
      DATABASE_URL: '',
    };
    const words = ['bin/stars.js', 'deploy', 'site', 'here', '--check'];
    // Without the kept code a start takes longer, and that is all.
    await promisify(execFile)(process.execPath, words, { env, timeout: 60_000 }).catch(() => undefined);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}
