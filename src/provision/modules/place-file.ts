import { posix } from 'node:path';
import { StarsError } from '../../errors.js';
import { quote, sh, type ShellCommand } from '../../shell/command.js';
import { STAT_FORMAT, parseStat, resolved, type FileStat, type FileState } from '../facts/file-state.js';
import type { Action, ModuleContext } from '../module.js';
import { splitWords } from '../split-words.js';
import { attributeChanges, type Attributes } from './attributes.js';

// Below this size content travels inside the script itself, which saves a round trip.
const INLINE_LIMIT = 64 * 1024;

export type Placement = {
  /** What is at the destination now; the new file keeps its owner and permissions unless `wanted` says otherwise. */
  state: FileState;
  content: Buffer;
  wanted: Attributes;
  backup?: boolean;
  /** A command with `%s` where the new file's name goes; the file is only put in place when it succeeds. */
  validate?: string | undefined;
  /** Replace what a link points to instead of the link. */
  throughLink?: boolean;
};

/** Writes content beside its destination and moves it there, so that no reader ever sees half a file. */
export function placeFile(context: ModuleContext, placement: Placement): Action[] {
  const end = placement.throughLink ? resolved(placement.state).path : placement.state.path;
  const temporary = context.temporaryPath(end.includes('/') ? end : `./${end}`);
  const inline = isInline(placement.content);
  const text = placement.content.toString('utf8');
  const write = inline ? [written(`printf %s ${quoted(text)} >${quote(temporary)}`, end, placement)] : [];
  const run: Action = {
    kind: 'run',
    command: cleanly(temporary, [...write, ...moveIntoPlace(temporary, end, placement), ...reportIfSeen(context, end)]),
  };
  return inline ? [run] : [{ kind: 'upload', content: placement.content, path: temporary }, run];
}

/** For nobody else's eyes until it has its permissions. A fork less where nothing after it looks at the umask. */
function written(write: string, end: string, { state, wanted, validate }: Placement): ShellCommand {
  const looksAtUmask = validate !== undefined || (wanted.mode === undefined && !replaced(state, end));
  return { text: looksAtUmask ? `( umask 077 && ${write} )` : `umask 077 && ${write}` };
}

/** The commands that turn a finished temporary file into the destination. */
export function moveIntoPlace(
  temporary: string,
  end: string,
  { state, wanted, backup, validate }: Omit<Placement, 'content'>,
): ShellCommand[] {
  const old = replaced(state, end);
  return [
    ...attributesOfNew(temporary, old, wanted),
    ...(validate === undefined ? [] : [validation(validate, temporary)]),
    ...(backup && (old ?? state.link?.stat) ? [backupCommand(end)] : []),
    sh`mv -f ${temporary} ${end}`,
  ];
}

/** What stands where the file is to be; a link that is itself replaced hands nothing on. */
function replaced({ path, stat, link }: FileState, end: string): FileStat | undefined {
  return link ? (end === path ? undefined : link.stat) : stat;
}

/** Joins commands so that the temporary file never stays behind, and neither does one of a run that a power cut ended there. */
export function cleanly(temporary: string, commands: readonly ShellCommand[]): ShellCommand {
  const steps = commands.map(({ text }) => text).join(' &&\n');
  return { text: `${clearLeftOvers(temporary)}\n{ ${steps}; } || { rm -f ${quote(temporary)}; false; }` };
}

/**
 * A run that is alive has the host's lock, and so it is this one; but a folder may be shared with other hosts. What nobody has written to
 * for a day belongs to no run any more. No process unless there is something of that name.
 */
function clearLeftOvers(temporary: string): string {
  const folder = posix.dirname(temporary);
  return `for left in ${folder === '/' ? '' : quote(folder)}/.stars-[0-9]?????-[0-9]???-??????-[0-9]*; do if [ -f "$left" ] && [ ! -L "$left" ]; then find "$left" -prune -mtime +0 -exec rm -f {} \\; 2>/dev/null; fi; done`;
}

/** Ends a change by saying what stands there, for `finalStat`. */
export function reportStat(path: string): ShellCommand {
  return sh`stat -c ${`stars-stat ${STAT_FORMAT}`} ${path}`;
}

/** The same, where anybody looks at the result: it costs the host a process. */
export function reportIfSeen({ resultIsSeen }: ModuleContext, path: string): ShellCommand[] {
  return resultIsSeen ? [reportStat(path)] : [];
}

/** What `reportStat` said. */
export function finalStat(stdout: string | undefined): FileStat | undefined {
  return parseStat(/^stars-stat (.*)$/m.exec(stdout ?? '')?.[1]);
}

/** The name of the backup a script made, if it made one. */
export function backupName(stdout: string | undefined): string | undefined {
  return /^stars-backup (.*)$/m.exec(stdout ?? '')?.[1];
}

/** Copies the file beside itself, under the name Ansible gives to a backup. */
function backupCommand(path: string): ShellCommand {
  const word = quote(path);
  return {
    // The same process may make several within a second: none is to take the place of another.
    text: `{ number=$$; now=$(date +%Y-%m-%d@%H:%M:%S); while saved=${word}.$number.$now~; [ -e "$saved" ]; do number=$((number + 1)); done; cp -p ${word} "$saved" && printf 'stars-backup %s\\n' "$saved"; }`,
  };
}

function attributesOfNew(temporary: string, old: FileStat | undefined, wanted: Attributes): ShellCommand[] {
  const { command } = attributeChanges(temporary, undefined, wanted, { mode: old?.mode ?? 0o644, directory: false });
  const commands: ShellCommand[] = [];
  if (old) {
    // Without the right to give files away the new file stays the user's own, as with Ansible.
    commands.push({ text: `{ chown ${old.uid}:${old.gid} ${quote(temporary)} 2>/dev/null || :; }` });
    commands.push(sh`chmod ${old.mode.toString(8).padStart(4, '0')} ${temporary}`);
  } else if (wanted.mode === undefined) {
    // Without a class of users, chmod applies the umask: the permissions a new file would have had.
    commands.push(sh`chmod =rw ${temporary}`);
  }
  return command ? [...commands, command] : commands;
}

function validation(validate: string, temporary: string): ShellCommand {
  if (!validate.includes('%s')) throw new StarsError('PLAYBOOK', `validate must contain %s: ${validate}`);
  const words = splitWords(validate).map((word) => quote(word.replaceAll('%s', temporary)));
  const failed = `{ code=$?; printf 'failed to validate: rc:%s error:%s\\n' "$code" "$said" >&2; false; }`;
  return { text: `{ said=$(${words.join(' ')} 2>&1) || ${failed}; }` };
}

function isInline(content: Buffer): boolean {
  return content.length < INLINE_LIMIT && !content.includes(0) && content.equals(Buffer.from(content.toString('utf8')));
}

function quoted(text: string): string {
  return text === '' ? "''" : quote(text);
}

/** The path that a plan touches which only replaces or changes what stands there; undefined when that may be somewhere else too. */
export function touchesOnly({ path, stat, link }: FileState): readonly string[] | undefined {
  if (link) return undefined;
  const isOne = !stat || stat.kind === 'directory' || (stat.kind === 'file' && stat.links === 1);
  return isOne ? [path] : undefined;
}

/** Whether the folder that is to hold the path is missing, in Ansible's words. */
export function missingParent(state: FileState): string | undefined {
  return state.parentExists ? undefined : `Destination directory ${posix.dirname(state.path)} does not exist`;
}
