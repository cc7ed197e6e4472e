// Compiles programs that stand beside the tests and use their parts, such as the bench and the kill harness.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { build } from 'esbuild';

// Parts of the tests find what they need beside themselves, also from inside a bundle.
const keepFolders = {
  name: 'keep-folders',
  setup(bundler) {
    bundler.onLoad({ filter: /[/\\](test|bench)[/\\].*\.ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll('import.meta.dirname', JSON.stringify(dirname(path))),
      loader: 'ts',
    }));
  },
};

export async function bundleTests(entryPoints, outdir) {
  const { outputFiles } = await build({
    entryPoints,
    outdir,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
    plugins: [keepFolders],
    write: false,
  });
  for (const { path, contents } of outputFiles) await place(path, contents);
}

/** Whole at once: several harnesses may run beside each other. */
async function place(path, contents) {
  const beside = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(beside, contents);
  await rename(beside, path);
}
