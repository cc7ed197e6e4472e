import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Value } from '../../jinja/value.js';
import { args, bool, path, text } from '../arguments.js';
import { fileState, resolved } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { pythonText } from '../python-text.js';
import { dict } from './result.js';

const schema = args({
  src: path().describe('The file on the host; a folder cannot be fetched.'),
  dest: text().describe('The folder of this machine that gets it, below the name of the host and its path there.'),
  flat: bool().default(false).describe('Write to `dest` itself, or, when that ends in a slash, under its plain name.'),
  fail_on_missing: bool().default(true).describe('Whether a file that is not there fails the task.'),
  validate_checksum: bool().default(true).describe('Whether what arrived must have the checksum read on the host.'),
});
type Args = ReturnType<typeof schema.parse>;

export const fetch = defineModule<Args>({
  name: 'fetch',
  summary: 'Copy a file of a host to the machine that runs Stars.',
  checkMode: 'Skips the task.',
  args: schema,
  differences: ['A source such as `/a/../b` is shortened first, so that nothing is ever written outside of `dest`.'],

  async plan(given, context): Promise<Plan> {
    if (context.checkMode) return { actions: [], skipped: 'check mode not (yet) supported for this module' };
    const source = await hostPath(context, given.src);
    const state = await context.fact(fileState(source, { sha1: true }));
    const kind = resolved(state).stat?.kind;
    if (kind === undefined) return absent(given, source, 'the remote file does not exist, not transferring, ignored');
    if (kind === 'directory') return refusedFolder(given, source, context);
    if (state.sha1 === undefined) return absent(given, source, `file is not readable: ${source}`);
    return transfer(given, { source, sha1: state.sha1, to: await destination(given, source, context) });
  },
});

function absent({ fail_on_missing: fails }: Args, file: string, msg: string): Plan {
  if (fails) return { actions: [], failed: msg };
  return { actions: [], changed: false, result: dict({ file, msg }) };
}

/** Ansible says it in two ways, since it reads the file in another way as another user. */
function refusedFolder({ fail_on_missing: fails }: Args, file: string, { become }: ModuleContext): Plan {
  const msg = 'remote file is a directory, fetch cannot work on directories';
  if (fails) return { actions: [], failed: msg };
  const result = become ? { file, msg } : { msg: `${msg}, not transferring, ignored` };
  return { actions: [], changed: false, result: dict(result) };
}

type Destination = { file: string } | { problem: string };

async function destination({ dest, flat }: Args, source: string, context: ModuleContext): Promise<Destination> {
  const base = pythonText(context.variable('playbook_dir') ?? '.');
  const folder = resolve(base, dest.replace(/^~(?=\/|$)/, homedir()));
  // Taken as absolute, no `..` leads further up than to the root, which here is the folder itself.
  const inside = posix.normalize(`/${source}`);
  if (!flat) return { file: join(folder, context.hostName, inside) };
  if (dest.endsWith('/')) return { file: join(folder, posix.basename(inside)) };
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder
    ? { problem: 'dest is an existing directory, use a trailing slash if you want to fetch src into that directory' }
    : { file: folder };
}

type Transfer = { source: string; sha1: string; to: Destination };

async function transfer({ validate_checksum: validate }: Args, { source, sha1, to }: Transfer): Promise<Plan> {
  if ('problem' in to) return { actions: [], failed: to.problem };
  const has = await localHashes(to.file);
  if (has?.sha1 === sha1)
    return {
      actions: [],
      changed: false,
      result: dict({ file: source, dest: to.file, checksum: sha1, md5sum: has.md5 }),
    };
  return {
    actions: [{ kind: 'download', path: source, to: to.file, ...(validate ? { sha1 } : {}) }],
    finish(results) {
      const [checksum = '', md5sum = ''] = results.at(-1)?.stdout.split(' ') ?? [];
      const common: Record<string, Value> = { dest: to.file, checksum, md5sum, remote_checksum: sha1 };
      if (results.at(-1)?.code === 0) return dict({ ...common, remote_md5sum: null });
      return checksum === '' ? dict({ file: source, dest: to.file }) : dict({ ...common, file: source });
    },
  };
}

/** Checksums of a file of this machine; undefined when there is none. */
async function localHashes(file: string): Promise<{ sha1: string; md5: string } | undefined> {
  const [sha1, md5] = [createHash('sha1'), createHash('md5')];
  try {
    await pipeline(createReadStream(file), async function (pieces: AsyncIterable<Buffer>) {
      for await (const piece of pieces) {
        sha1.update(piece);
        md5.update(piece);
      }
    });
    return { sha1: sha1.digest('hex'), md5: md5.digest('hex') };
  } catch {
    return undefined;
  }
}
