import { posix } from 'node:path';
import type { Value } from '../../jinja/value.js';
import { sequence } from '../../shell/command.js';
import { fileState, resolved, type FileState, type FileStat } from '../facts/file-state.js';
import type { ModuleContext, Plan } from '../module.js';
import { attributeChanges, modeBits, type Attributes } from './attributes.js';
import { contentDiff } from './content-diff.js';
import { makeFolders } from './make-folders.js';
import { backupName, finalStat, placeFile, reportIfSeen, touchesOnly } from './place-file.js';
import { dict, fileFields } from './result.js';

export type EditedFile = {
  path: string;
  state: FileState;
  /** Undefined when there is no file yet. */
  before: Buffer | undefined;
  after: Buffer;
  message: string;
  fields?: Record<string, Value>;
  /** What the result calls the backup, and only where one was asked for and something changed; `backup` is always there. */
  backupAs?: 'backup_file';
  wanted: Attributes;
  backup: boolean;
  validate?: string | undefined;
  /** False: a link is replaced by the file, rather than what it points to. */
  throughLink?: boolean;
};

/** What a file at this path is, before it is edited: its state, through links. */
export function editState(context: ModuleContext, path: string): Promise<FileState> {
  return context.fact(fileState(path));
}

/** The plan of modules that edit a file's text: lineinfile, replace, blockinfile, ini_file. */
export function ensureEdited(context: ModuleContext, file: EditedFile): Plan {
  const { state, before, after, wanted, backup, validate, throughLink = true } = file;
  const contentChanged = before === undefined ? true : !before.equals(after);
  const end = throughLink ? resolved(state) : { path: state.path, stat: state.stat };
  const ofLink = isEditedThroughLink(file);
  const marked = ofLink ? state : end;
  const attributes = attributeChanges(marked.path, marked.stat, wanted);
  const message = [
    contentChanged ? file.message : '',
    attributesDiffer(file, attributes.command !== undefined, context) ? ATTRIBUTES_CHANGED : '',
  ]
    .filter(Boolean)
    .join(' and ');
  const fields = (stat: FileStat | undefined, saved?: string) => {
    const named = file.backupAs === undefined ? { backup: saved ?? '' } : backup ? { [file.backupAs]: saved } : {};
    return dict({ msg: message, ...named, path: file.path, ...(stat ? fileFields(stat) : {}), ...file.fields });
  };
  const diff = context.diffMode && contentChanged ? { diff: contentDiff(`${file.path} (content)`, before, after) } : {};
  const folders = state.parentExists ? [] : makeFolders(posix.dirname(end.path), {});
  const place: Plan['actions'] = contentChanged
    ? [
        ...folders,
        ...placeFile(context, { state, content: after, wanted: ofLink ? {} : wanted, backup, validate, throughLink }),
      ]
    : [];
  const mark: Plan['actions'] =
    attributes.command && (ofLink || !contentChanged)
      ? [{ kind: 'run', command: sequence([attributes.command, ...reportIfSeen(context, end.path)]) }]
      : [];
  return {
    actions: [...place, ...mark],
    ...diff,
    result: fields(end.stat),
    touches: validate === undefined ? touchesOnly(state) : undefined,
    finish(results) {
      // The words of a failure are not to be replaced by what would have been done.
      if (results.some(({ code }) => code !== 0)) return new Map();
      const stdout = results.map((result) => result.stdout).join('\n');
      return fields(finalStat(stdout) ?? end.stat, contentChanged ? (backupName(stdout) ?? '') : undefined);
    },
  };
}

/** Owner and group are then given to the link itself, as with Ansible; permissions it has none, and the file keeps its own. */
function isEditedThroughLink({ state, throughLink = true }: EditedFile): boolean {
  return throughLink && state.link !== undefined;
}

/** A file made just now has the permissions of any new file. */
function attributesDiffer(file: EditedFile, differ: boolean, { checkMode }: ModuleContext): boolean {
  const { before, wanted } = file;
  if (before !== undefined || !differ) return differ;
  if (checkMode) return false;
  if (isEditedThroughLink(file)) return true;
  return (
    wanted.mode !== undefined &&
    wanted.mode !== 'preserve' &&
    modeBits(wanted.mode, { mode: 0o644, directory: false }) !== 0o644
  );
}

const ATTRIBUTES_CHANGED = 'ownership, perms or SE linux context changed';
