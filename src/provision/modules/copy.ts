import { posix } from 'node:path';
import type { Value } from '../../jinja/value.js';
import { args, bool, mode, path, raw, text } from '../arguments.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { pythonJson, pythonText } from '../python-text.js';
import { attributeArgs } from './attributes.js';
import { fileOf, resolveMode, type CopyArgs } from './copy-arguments.js';
import { copyFolder } from './copy-folder.js';
import { copyOnHost } from './copy-on-host.js';
import { ensureContent } from './ensure-content.js';

export const copy = defineModule<CopyArgs>({
  name: 'copy',
  summary: 'Copy a file, a folder or given text to a host.',
  aliases: { attr: 'attributes' },
  args: args({
    src: path().optional(),
    content: raw().optional(),
    dest: path(),
    backup: bool().default(false),
    force: bool().default(true),
    follow: bool().default(false),
    local_follow: bool().default(true),
    remote_src: bool().default(false),
    decrypt: bool().default(true),
    validate: text().optional(),
    checksum: text().optional(),
    directory_mode: mode().optional(),
    ...attributeArgs,
  }),

  async plan(given, context): Promise<Plan> {
    if (given.src === undefined && given.content === undefined)
      return { actions: [], failed: 'src (or content) is required' };
    if (given.content !== undefined) {
      if (given.src !== undefined) return { actions: [], failed: 'src and content are mutually exclusive' };
      const content = Buffer.from(contentText(given.content));
      return ensureContent(context, { ...fileOf(given), content, basename: undefined });
    }
    const src = given.src ?? '';
    if (given.remote_src) return copyOnHost({ ...given, src }, context);
    if (src.endsWith('/')) return copyFolder({ ...given, src }, context);
    return copyLocal({ ...given, src }, context);
  },
});

/** A dict or list becomes JSON text, anything else what Python prints. */
function contentText(content: Value): string {
  return Array.isArray(content) || content instanceof Map ? pythonJson(content) : pythonText(content);
}

async function copyLocal(given: CopyArgs & { src: string }, context: ModuleContext): Promise<Plan> {
  const source = await readFileOrFolder(context, given.src);
  if (!source) return copyFolder(given, context);
  const wanted = { ...given, mode: await resolveMode(given.mode, source.path) };
  const basename = posix.basename(given.src);
  return ensureContent(context, { ...fileOf(wanted), content: source.content, basename, src: source.path });
}

/** Undefined when `src` is a folder. */
async function readFileOrFolder(context: ModuleContext, src: string) {
  try {
    return await context.readLocal(src, 'files');
  } catch (problem) {
    const isFolder = await context.listLocal(src).then(
      () => true,
      () => false,
    );
    if (isFolder) return undefined;
    throw problem;
  }
}
