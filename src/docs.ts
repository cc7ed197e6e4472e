import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePages } from './provision/reference.js';

// Run by `npm run docs` in the folder of Stars: writes the modules' reference anew.

const folder = join('docs', 'modules');
const pages = referencePages();

mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!pages.has(name)) rmSync(join(folder, name));
for (const [name, text] of pages) writeFileSync(join(folder, name), text);
process.stdout.write(`Wrote ${pages.size} pages to ${folder}.\n`);
