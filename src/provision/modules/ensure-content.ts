import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { fileContent } from '../facts/file-content.js';
import { fileState, resolved, type FileState, type FileStat } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import type { Action, Diff, ModuleContext, Plan } from '../module.js';
import { attributeChanges, type Attributes } from './attributes.js';
import { contentDiff } from './content-diff.js';
import { makeFolders } from './make-folders.js';
import { backupName, finalStat, missingParent, placeFile, reportIfSeen, touchesOnly } from './place-file.js';
import { dict, fileFields } from './result.js';

export type WantedFile = {
  dest: string;
  content: Buffer;
  wanted: Attributes;
  /** The name inside `dest` when that is a folder; undefined refuses a folder. */
  basename: string | undefined;
  /** Shown as the source. */
  src?: string | undefined;
  force: boolean;
  follow: boolean;
  backup: boolean;
  validate?: string | undefined;
  /** SHA-1 that new content must have. */
  checksum?: string | undefined;
  directoryMode?: Attributes['mode'];
  /** The folder is being made by an earlier action of the same plan. */
  parentComes?: boolean;
};

/** What it takes to have this content and these attributes at a path: the end of copy, template and their like. */
export async function ensureContent(context: ModuleContext, file: WantedFile): Promise<Plan> {
  const dest = await hostPath(context, file.dest);
  const intoFolder = dest.endsWith('/');
  if (intoFolder && file.basename === undefined) return refused(dest, 'can not use content with a dir as dest');
  let state = await context.fact(fileState(intoFolder ? dest + file.basename : dest, { sha1: true }));
  if (!intoFolder && resolved(state).stat?.kind === 'directory') {
    if (file.basename === undefined) return refused(dest, 'can not use content with a dir as dest');
    state = await context.fact(fileState(posix.join(dest, file.basename), { sha1: true }));
  }
  // Where a link leads to nothing, the link itself is replaced.
  const follow = file.follow && resolved(state).stat !== undefined;
  const current = present(state, file.follow);
  const sha1 = createHash('sha1').update(file.content).digest('hex');
  const known = { dest: follow ? resolved(state).path : state.path, src: file.src, checksum: sha1 };
  if (current.stat && !file.force)
    return { actions: [], result: dict({ dest, src: file.src, ...fileFields(state.stat) }) };
  if (current.stat && current.sha1 === sha1) return sameContent(context, file, state, known);
  if (file.checksum !== undefined && file.checksum !== sha1 && !context.checkMode)
    return refused(state.path, 'Copied file does not match the expected checksum. Transfer failed.');
  const missing = file.parentComes || intoFolder || context.checkMode ? undefined : missingParent(state);
  if (missing) return refused(state.path, missing);
  const folders =
    intoFolder && !state.parentExists
      ? makeFolders(posix.dirname(state.path), { ...file.wanted, mode: file.directoryMode })
      : [];
  return newContent(context, { ...file, follow }, state, known, folders);
}

function present(state: FileState, follow: boolean): { stat: FileStat | undefined; sha1: string | undefined } {
  if (state.link && !follow) return { stat: state.stat, sha1: undefined };
  return { stat: resolved(state).stat, sha1: state.sha1 };
}

type Known = { dest: string; src: string | undefined; checksum: string };

function sameContent(context: ModuleContext, { wanted }: WantedFile, state: FileState, known: Known): Plan {
  const end = resolved(state);
  const { command, before, after } = attributeChanges(end.path, end.stat, wanted);
  const fields = (stat: FileStat | undefined) => dict({ ...known, path: end.path, ...fileFields(stat) });
  if (!command) return { actions: [], result: fields(end.stat) };
  return {
    actions: [command, ...reportIfSeen(context, end.path)].map((each) => ({ kind: 'run', command: each })),
    diff: {
      before: `${before.join('\n')}\n`,
      after: `${after.join('\n')}\n`,
      beforeHeader: end.path,
      afterHeader: end.path,
    },
    result: fields(end.stat),
    touches: touchesOnly(state),
    finish: (results) => fields(finalStat(results.at(-1)?.stdout) ?? end.stat),
  };
}

async function newContent(
  context: ModuleContext,
  file: WantedFile,
  state: FileState,
  known: Known,
  first: Action[],
): Promise<Plan> {
  const md5sum = createHash('md5').update(file.content).digest('hex');
  const { content, wanted, backup, validate } = file;
  return {
    actions: [...first, ...placeFile(context, { state, content, wanted, backup, validate, throughLink: file.follow })],
    result: dict({ ...known, ...(state.stat ? fileFields(state.stat) : {}) }),
    touches: validate === undefined ? touchesOnly(state) : undefined,
    ...(await diffOf(context, file, state)),
    finish: (results) => {
      const stdout = results.at(-1)?.stdout;
      const stat = finalStat(stdout) ?? state.stat;
      return dict({ ...known, md5sum, backup_file: backupName(stdout), ...fileFields(stat) });
    },
  };
}

async function diffOf(
  context: ModuleContext,
  { content, src }: WantedFile,
  state: FileState,
): Promise<{ diff?: Diff }> {
  if (!context.diffMode) return {};
  const before = resolved(state).stat?.kind === 'file' ? await context.fact(fileContent(state.path)) : undefined;
  return { diff: contentDiff(state.path, before, content, src) };
}

function refused(dest: string, failed: string): Plan {
  return { actions: [], failed, result: dict({ dest }) };
}
