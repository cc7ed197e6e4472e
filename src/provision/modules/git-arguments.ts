import { quote } from '../../shell/command.js';
import { args, bool, int, path, raw, text } from '../arguments.js';

export const gitArguments = args({
  repo: text().describe('Address of the repository.'),
  dest: path().describe('Folder of the checkout.'),
  version: text().default('HEAD').describe('Branch, tag or commit.'),
  remote: text().default('origin').describe('Name of the remote.'),
  force: bool().default(false).describe('Throw away changes that somebody made in the checkout.'),
  update: bool().default(true).describe('Fetch new commits when there is a checkout already.'),
  clone: bool().default(true).describe('Clone when there is no checkout.'),
  depth: int().optional().describe('How many commits of the history to fetch; heeded for branches and tags.'),
  single_branch: bool().default(false).describe('Clone the history of the version alone.'),
  reference: text().optional().describe('A repository of the host to take objects from.'),
  bare: bool().default(false).describe('Make a repository without a checkout.'),
  separate_git_dir: path().optional().describe('Folder for the repository itself, beside the checkout.'),
  recursive: bool().default(true).describe('Also check out submodules.'),
  track_submodules: bool()
    .default(false)
    .describe('Check out the newest commit of the submodules’ branches, not the one that is recorded.'),
  refspec: text().optional().describe('What to fetch beside branches and tags.'),
  archive: path().optional().describe('File to write the version to, packed as its ending says: zip, gz, tgz or tar.'),
  archive_prefix: text().optional().describe('Prefix of the names in that file.'),
  umask: raw().optional().describe('Permissions that new files do not get, as an octal number in quotes.'),
  verify_commit: bool().default(false).describe('Refuse a version without a valid signature.'),
  accept_hostkey: bool().default(false).describe('Trust the key of a host that is met for the first time.'),
  accept_newhostkey: bool().default(false).describe('Trust the key of a host that is met for the first time.'),
  key_file: path().optional().describe('Private key of the host to log in with.'),
  ssh_opts: text().optional().describe('Options for ssh.'),
  executable: path().default('git').describe('The git program.'),
});

export type GitArguments = (typeof gitArguments)['_output'];

const PACKED: Readonly<Record<string, string>> = { zip: 'zip', gz: 'tar.gz', tar: 'tar', tgz: 'tgz' };

/** What git calls the format that the name of an archive asks for; undefined for one that it cannot make. */
export function archiveFormat(archive: string): string | undefined {
  return PACKED[/\.([^./]+)$/.exec(archive)?.[1] ?? ''];
}

/** Why these arguments do not go together; undefined when they do. */
export function gitMistake({ archive, archive_prefix, umask }: GitArguments): string | undefined {
  if (archive_prefix !== undefined && archive === undefined)
    return "missing parameter(s) required by 'archive_prefix': archive";
  if (archive !== undefined && archiveFormat(archive) === undefined)
    return `Unable to get file extension from archive file name : ${archive}`;
  if (umask === undefined) return undefined;
  if (typeof umask !== 'string') return 'umask must be defined as a quoted octal integer';
  return /^(0o?)?[0-7]+$/.test(umask) ? undefined : 'umask must be an octal integer';
}

/** Shell lines that every git of a task runs after. */
export function gitSettings(given: GitArguments): string {
  const umask = typeof given.umask === 'string' ? `umask ${given.umask.replace(/^0o/, '')}\n` : '';
  return `${umask}${sshSettings(given)}export GIT_TERMINAL_PROMPT=0\n`;
}

function sshSettings(given: GitArguments): string {
  const options = [
    ...(given.ssh_opts === undefined ? [] : [given.ssh_opts]),
    ...(given.accept_hostkey || given.accept_newhostkey ? ['-o StrictHostKeyChecking=accept-new'] : []),
    ...(given.key_file === undefined ? [] : [`-i ${quote(given.key_file)} -o IdentitiesOnly=yes`]),
  ];
  return options.length === 0 ? '' : `export GIT_SSH_COMMAND=${quote(`ssh ${options.join(' ')}`)}\n`;
}
