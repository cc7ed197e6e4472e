import { posix } from 'node:path';
import type { Value } from '../../jinja/value.js';
import { args, bool, mode, path, raw, text } from '../arguments.js';
import { type ModuleContext, type Plan } from '../module.js';
import { fileArgs, fileModule } from './file-marks.js';
import { pythonJson, pythonText } from '../python-text.js';
import { fileOf, resolveMode, type CopyArgs } from './copy-arguments.js';
import { copyFolder } from './copy-folder.js';
import { copyOnHost } from './copy-on-host.js';
import { ensureContent } from './ensure-content.js';

export const copy = fileModule<CopyArgs>({
  name: 'copy',
  summary: 'Copy a file, a folder or given text to a host.',
  differences: [
    'What `validate` refuses leaves everything as it is; Ansible has then replaced a link at the destination by an empty file.',
    'A file in the way of a folder fails the task in check mode already, where Ansible tells of a change, and nothing is touched: Ansible gives a folder that it cannot place the permissions of that file.',
    'With `remote_src` all links below a folder are copied; Ansible leaves out those beside files that it adds to a folder that is there already, unless `local_follow` is given.',
  ],
  exclusive: [['src', 'content']],
  oneNeeded: [['src', 'content']],
  args: args({
    src: path()
      .optional()
      .describe('File or folder of the role or playbook; a folder with `/` at its end means its content.'),
    content: raw().optional().describe('Text to write in place of a file; a dict or list becomes JSON.'),
    dest: path().describe('Where it goes on the host.'),
    backup: bool().default(false).describe('Keep the old file beside the new one.'),
    force: bool().default(true).describe('Replace a file that differs; otherwise only a missing one is written.'),
    follow: bool().default(false).describe('Write through a link at the destination rather than replace it.'),
    local_follow: bool()
      .optional()
      .describe(
        'Copy what links in the source point to rather than the links; so it is when nothing is said, but not with `remote_src`.',
      ),
    remote_src: bool().default(false).describe('Take the source from the host itself.'),
    decrypt: bool().default(true).describe('Decrypt a source that is a vault file.'),
    validate: text()
      .optional()
      .describe("A command that must accept the new file, named by `%s`, before it takes the old one's place."),
    checksum: text().optional().describe('SHA-1 that the source must have.'),
    directory_mode: mode().optional().describe('Permissions of folders that are newly made.'),
    ...fileArgs,
  }),

  async plan(given, context): Promise<Plan> {
    if (given.src === undefined && given.content === undefined)
      return { actions: [], failed: 'src (or content) is required' };
    if (given.content !== undefined) {
      const content = Buffer.from(contentText(given.content));
      // Ansible preserves the permissions of the private file in which it puts the content.
      const wanted = given.mode === 'preserve' ? { ...given, mode: { octal: 0o600 } } : given;
      return ensureContent(context, { ...fileOf(wanted), content, basename: undefined });
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
  const source = await readFileOrFolder(context, given);
  if (!source) return copyFolder(given, context);
  const wanted = { ...given, mode: await resolveMode(given.mode, source.path) };
  const basename = posix.basename(given.src);
  return ensureContent(context, { ...fileOf(wanted), content: source.content, basename, src: source.path });
}

/** Undefined when `src` is a folder. */
async function readFileOrFolder(context: ModuleContext, { src, decrypt }: { src: string; decrypt: boolean }) {
  try {
    return await context.readLocal(src, 'files', { vaulted: !decrypt });
  } catch (problem) {
    const isFolder = await context.listLocal(src).then(
      () => true,
      () => false,
    );
    if (isFolder) return undefined;
    throw problem;
  }
}
