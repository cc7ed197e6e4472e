import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..');

/** Folders and files of code in the order of their imports: an import may only point to a line above its own, or within it. */
const ORDER = [
  [
    'src/errors.ts',
    'src/clock.ts',
    'src/secret.ts',
    'src/log.ts',
    'src/poll.ts',
    'src/repeat.ts',
    'src/near-names.ts',
    'src/path-kind.ts',
    'src/config.ts',
  ],
  ['src/model'],
  ['src/shell'],
  ['src/jinja'],
  ['src/yaml'],
  ['src/templating'],
  ['src/inventory'],
  ['src/home'],
  ['src/compose'],
  ['src/connection'],
  ['src/provision'],
  ['src/cluster'],
  ['src/backup'],
  ['src/store'],
  ['src/runs'],
  ['src/report'],
  ['src/slack'],
  ['src/bot'],
  ['commands'],
  ['src/stars.ts'],
  ['src/receiver.ts'],
  ['src/serve.ts'],
  ['src/sandbox'],
  ['src/terminal'],
  ['src/main.ts'],
  ['src/docs.ts'],
] as const;

/** Parts that must not know each other although one stands above the other. */
const STRANGERS = [
  ['src/provision', 'src/cluster'],
  ['src/provision', 'src/store'],
  ['src/provision', 'src/slack'],
  ['src/cluster', 'src/store'],
  ['src/cluster', 'src/slack'],
  ['src/backup', 'src/provision'],
  ['src/store', 'src/slack'],
] as const;

type Edge = { from: string; to: string };

const files = ['src', 'commands'].flatMap((folder) => sources(join(ROOT, folder)));
const edges = files.flatMap(importsOf);

test('every file of code has its place in the order', () => {
  expect(files.map((file) => relative(ROOT, file)).filter((file) => rankOf(file) === -1)).toEqual([]);
});

test('imports only point upwards in the order of the folders', () => {
  expect(edges.filter(({ from, to }) => rankOf(to) > rankOf(from)).map(shown)).toEqual([]);
});

test('provisioning, the cluster, the store and Slack do not know each other', () => {
  const forbidden = ({ from, to }: Edge) =>
    STRANGERS.some(([a, b]) => (within(from, a) && within(to, b)) || (within(from, b) && within(to, a)));
  expect(edges.filter(forbidden).map(shown)).toEqual([]);
});

test('no file imports itself in a circle', () => {
  expect(findCycle(edges)).toBeUndefined();
});

test('the check itself sees a cycle and an import against the order', () => {
  expect(
    findCycle([
      { from: 'a.ts', to: 'b.ts' },
      { from: 'b.ts', to: 'c.ts' },
      { from: 'c.ts', to: 'a.ts' },
    ]),
  ).toEqual(['a.ts', 'b.ts', 'c.ts', 'a.ts']);
  expect(rankOf('src/slack/app.ts')).toBeGreaterThan(rankOf('src/model/run.ts'));
});

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): Edge[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g);
  return [...found].map(([, target = '']) => ({
    from: relative(ROOT, file).split(sep).join('/'),
    to: relative(ROOT, resolve(dirname(file), target.replace(/\.js$/, '.ts')))
      .split(sep)
      .join('/'),
  }));
}

function rankOf(file: string): number {
  const path = file.startsWith('/') ? relative(ROOT, file).split(sep).join('/') : file;
  return ORDER.findIndex((places) => places.some((place) => path === place || path.startsWith(`${place}/`)));
}

function within(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

function shown({ from, to }: Edge): string {
  return `${from} -> ${to}`;
}

/** The first circle of imports, as the files in order with the first repeated; types count as well. */
function findCycle(graph: readonly Edge[]): string[] | undefined {
  const next = new Map<string, string[]>();
  for (const { from, to } of graph) next.set(from, [...(next.get(from) ?? []), to]);
  const finished = new Set<string>();

  function visit(file: string, path: readonly string[]): string[] | undefined {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return undefined;
    for (const other of next.get(file) ?? []) {
      const cycle = visit(other, [...path, file]);
      if (cycle) return cycle;
    }
    finished.add(file);
    return undefined;
  }

  for (const file of next.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}
