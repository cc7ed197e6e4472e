import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import vm from 'node:vm';

/** Runs the bundle with the machine code that was kept when it was built; another version of Node ignores that and compiles anew. */
export function startBundle(file) {
  const kept = `${file}.code`;
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'latin1')}\n})`;
  const script = new vm.Script(source, {
    filename: file,
    cachedData: existsSync(kept) ? readFileSync(kept) : undefined,
  });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  if (process.env.STARS_KEEP_CODE) process.once('exit', () => writeFileSync(kept, script.createCachedData()));
}
