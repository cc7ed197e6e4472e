import { stat as statLocal } from 'node:fs/promises';
import type { Value } from '../../jinja/value.js';
import type { ModeArgument } from '../arguments.js';
import type { Attributes } from './attributes.js';

export type CopyArgs = Attributes & {
  src?: string | undefined;
  content?: Value | undefined;
  dest: string;
  backup: boolean;
  force: boolean;
  follow: boolean;
  local_follow?: boolean | undefined;
  remote_src: boolean;
  decrypt: boolean;
  validate?: string | undefined;
  checksum?: string | undefined;
  directory_mode?: ModeArgument | undefined;
};

/** `preserve` as the permissions of the file on this side. */
export async function resolveMode(
  given: ModeArgument | undefined,
  localPath: string,
): Promise<ModeArgument | undefined> {
  return given === 'preserve' ? { octal: (await statLocal(localPath)).mode & 0o7777 } : given;
}

/** What every way of copying hands on to `ensureContent`. */
export function fileOf(given: CopyArgs) {
  const { dest, force, follow, backup, validate, checksum, directory_mode: directoryMode } = given;
  return { dest, force, follow, backup, validate, checksum, directoryMode, wanted: given };
}
