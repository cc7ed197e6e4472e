import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import { bool, mode, text, type ModeArgument } from '../arguments.js';
import type { FileStat } from '../facts/file-state.js';
import { applySymbolic, formatMode } from '../file-mode.js';

/** Arguments that every module which makes files has. */
export const attributeArgs = {
  owner: text().optional().describe('User who is to own it, by name or number.'),
  group: text().optional().describe('Group that is to own it, by name or number.'),
  mode: mode().optional().describe('Its permissions.'),
  seuser: text().optional().describe('User of its SELinux context; only looked at where SELinux is on.'),
  serole: text().optional().describe('Role of its SELinux context; only looked at where SELinux is on.'),
  setype: text().optional().describe('Type of its SELinux context; only looked at where SELinux is on.'),
  selevel: text().optional().describe('Level of its SELinux context; only looked at where SELinux is on.'),
  unsafe_writes: bool()
    .default(false)
    .describe('Accepted and without effect, since files are always moved into place.'),
};

export type Attributes = {
  owner?: string | undefined;
  group?: string | undefined;
  mode?: ModeArgument | undefined;
  setype?: string | undefined;
  seuser?: string | undefined;
  serole?: string | undefined;
  selevel?: string | undefined;
};

export type AttributeChanges = {
  /** Undefined when the file has these attributes already. */
  command: ShellCommand | undefined;
  before: string[];
  after: string[];
};

/** What it takes to give a file (`stat` undefined: one that is about to be made with `base` permissions) its attributes. */
export function attributeChanges(
  path: string,
  stat: FileStat | undefined,
  wanted: Attributes,
  base: { mode: number; directory: boolean } = { mode: 0o644, directory: false },
): AttributeChanges {
  const changes = ownerChanges(path, stat, wanted);
  // Permissions of a link do not exist on Linux.
  if (wanted.mode !== undefined && wanted.mode !== 'preserve' && stat?.kind !== 'link') {
    const has = stat?.mode;
    const next = modeBits(wanted.mode, {
      mode: has ?? base.mode,
      directory: stat ? stat.kind === 'directory' : base.directory,
    });
    const resetByChown = changes.commands.length > 0 && (next & 0o6000) !== 0;
    if (next !== has || resetByChown) changes.commands.push(chmod(next, path));
    if (next !== has) {
      changes.before.push(has === undefined ? '' : `mode: ${formatMode(has)}`);
      changes.after.push(`mode: ${formatMode(next)}`);
    }
  }
  const { commands, before, after } = changes;
  return { command: commands.length > 0 ? sequence(commands) : undefined, before: before.filter(Boolean), after };
}

/** The permission bits an argument means for a file that has `mode`. */
export function modeBits(
  argument: Exclude<ModeArgument, 'preserve'>,
  current: { mode: number; directory: boolean },
): number {
  return 'octal' in argument ? argument.octal : applySymbolic(argument.symbolic, current);
}

/** GNU chmod keeps the setgid bit of a folder unless a fifth digit is written. */
function chmod(mode: number, path: string): ShellCommand {
  return sh`chmod ${mode.toString(8).padStart(5, '0')} ${path}`;
}

function ownerChanges(path: string, stat: FileStat | undefined, { owner, group }: Attributes) {
  const newOwner = owner !== undefined && !isOwner(owner, stat?.uid, stat?.owner) ? owner : undefined;
  const newGroup = group !== undefined && !isOwner(group, stat?.gid, stat?.group) ? group : undefined;
  const before: string[] = [];
  const after: string[] = [];
  if (newOwner !== undefined) {
    if (stat) before.push(`owner: ${stat.owner}`);
    after.push(`owner: ${newOwner}`);
  }
  if (newGroup !== undefined) {
    if (stat) before.push(`group: ${stat.group}`);
    after.push(`group: ${newGroup}`);
  }
  const both = `${newOwner ?? ''}${newGroup === undefined ? '' : `:${newGroup}`}`;
  return { commands: both === '' ? [] : [sh`chown -h ${both} ${path}`], before, after };
}

function isOwner(wanted: string, id: number | undefined, name: string | undefined): boolean {
  return /^\d+$/.test(wanted) ? Number(wanted) === id : wanted === name;
}
