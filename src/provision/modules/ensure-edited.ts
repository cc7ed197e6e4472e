import { posix } from 'node:path';
import type { Value } from '../../jinja/value.js';
import { sequence } from '../../shell/command.js';
import { fileState, resolved, type FileState, type FileStat } from '../facts/file-state.js';
import type { ModuleContext, Plan } from '../module.js';
import { attributeChanges, modeBits, type Attributes } from './attributes.js';
import { contentDiff } from './content-diff.js';
import { makeFolders } from './make-folders.js';
import { backupName, finalStat, placeFile, reportStat } from './place-file.js';
import { dict, fileFields } from './result.js';

export type EditedFile = {
  path: string;
  state: FileState;
  /** Undefined when there is no file yet. */
  before: Buffer | undefined;
  after: Buffer;
  message: string;
  fields?: Record<string, Value>;
  wanted: Attributes;
  backup: boolean;
  validate?: string | undefined;
};

/** What a file at this path is, before it is edited: its state, through links. */
export function editState(context: ModuleContext, path: string): Promise<FileState> {
  return context.fact(fileState(path));
}

/** The plan of modules that edit a file's text: lineinfile, replace, blockinfile, ini_file. */
export function ensureEdited(context: ModuleContext, file: EditedFile): Plan {
  const { state, before, after, wanted, backup, validate } = file;
  const contentChanged = before === undefined ? true : !before.equals(after);
  const end = resolved(state);
  const attributes = attributeChanges(end.path, end.stat, wanted);
  const message = [
    contentChanged ? file.message : '',
    attributesDiffer(file, attributes.command !== undefined) ? ATTRIBUTES_CHANGED : '',
  ]
    .filter(Boolean)
    .join(' and ');
  const fields = (stat: FileStat | undefined, saved = '') =>
    dict({ msg: message, backup: saved, path: file.path, ...(stat ? fileFields(stat) : {}), ...file.fields });
  const diff = context.diffMode && contentChanged ? { diff: contentDiff(`${file.path} (content)`, before, after) } : {};
  const folders = state.parentExists ? [] : makeFolders(posix.dirname(end.path), {});
  const actions: Plan['actions'] = contentChanged
    ? [...folders, ...placeFile(context, { state, content: after, wanted, backup, validate, throughLink: true })]
    : attributes.command
      ? [{ kind: 'run', command: sequence([attributes.command, reportStat(end.path)]) }]
      : [];
  return {
    actions,
    ...diff,
    result: fields(end.stat),
    finish(results) {
      // The words of a failure are not to be replaced by what would have been done.
      if (results.some(({ code }) => code !== 0)) return new Map();
      const stdout = results.at(-1)?.stdout;
      return fields(finalStat(stdout) ?? end.stat, backupName(stdout));
    },
  };
}

/** A file made just now has the permissions of any new file. */
function attributesDiffer({ before, wanted }: EditedFile, differ: boolean): boolean {
  if (before !== undefined || !differ) return differ;
  return (
    wanted.mode !== undefined &&
    wanted.mode !== 'preserve' &&
    modeBits(wanted.mode, { mode: 0o644, directory: false }) !== 0o644
  );
}

const ATTRIBUTES_CHANGED = 'ownership, perms or SE linux context changed';
