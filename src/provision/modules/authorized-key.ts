import { posix } from 'node:path';
import { quote, sequence, sh, type ShellCommand } from '../../shell/command.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { userAccount, type UserAccount } from '../facts/accounts.js';
import { hostPath } from '../facts/host-path.js';
import { resolved } from '../facts/file-state.js';
import { defineModule, type Fact, type ModuleContext, type Plan } from '../module.js';
import { editKeys, parseKeys } from './authorized-keys.js';
import { downloadScript } from './download.js';
import { makeFolders } from './make-folders.js';
import { finalStat, reportStat } from './place-file.js';
import { dict, fileFields } from './result.js';
import { asBytes, readTextFile, rewriteTextFile, type TextFile } from './text-file.js';

const schema = args({
  user: text().describe('The login that the key opens.'),
  key: text().describe('Public keys, one a line, or a URL from which the host fetches them.'),
  path: path().optional().describe('The file of keys, when it is not .ssh/authorized_keys of the user.'),
  manage_dir: bool().default(true).describe('Make the folder of the file and give it to the user.'),
  state: choice('present', 'absent').default('present').describe('Whether the keys are to be there.'),
  key_options: text().optional().describe('Options to stand before each key.'),
  exclusive: bool().default(false).describe('Remove every other line of the file.'),
  validate_certs: bool().default(true).describe('Check the certificate of a URL.'),
  comment: text().optional().describe('A comment in place of that of the keys.'),
  follow: bool().default(false).describe('Write to where a link points and keep the link.'),
});
type Args = ReturnType<typeof schema.parse>;

export const authorizedKey = defineModule<Args>({
  name: 'authorized_key',
  collection: 'ansible.posix',
  summary: 'Have public keys in the authorized_keys of a user, or not.',
  args: schema,
  differences: [
    'A link in place of the file is replaced, and what it points to is left alone, unless `follow` is set.',
  ],

  async plan(given, context): Promise<Plan> {
    const { account } = await context.fact(userAccount(given.user));
    if (!account && !(context.checkMode && given.path !== undefined))
      return { actions: [], failed: noUser(given, context) };
    const text = await keyText(given, context);
    if (text === undefined) return { actions: [], failed: `Error getting key from: ${given.key}` };
    const keys = parseKeys(asBytes(text), given);
    if ('invalid' in keys) return { actions: [], failed: `invalid key specified: ${keys.invalid}` };
    const file = await readTextFile(
      context,
      given.path === undefined ? `${account?.home ?? ''}/.ssh/authorized_keys` : await hostPath(context, given.path),
    );
    const after = editKeys(file.text ?? '', keys, given);
    const { actions: place, ...shown } = rewriteTextFile(context, file, after, {
      throughLink: given.follow,
      wanted: { mode: { octal: 0o600 } },
    });
    const fields = resultOf(given, file);
    if (place.length === 0 || after === (file.text ?? '')) return { actions: [], result: fields(undefined) };
    if (resolved(file.state).stat?.kind === 'directory' && !context.checkMode)
      return { actions: [], failed: `${file.path} is a folder` };
    return {
      ...shown,
      actions: [
        ...folderOf(given, file),
        ...place,
        { kind: 'run', command: sequence(ownership(given, file, account)) },
      ],
      result: fields(undefined),
      finish: (results) => (results.some(({ code }) => code !== 0) ? new Map() : fields(results.at(-1)?.stdout)),
    };
  },
});

function noUser({ user }: Args, { checkMode }: ModuleContext): string {
  return checkMode
    ? 'Either user must exist or you must provide full path to key file in check mode'
    : `Failed to lookup user ${user}: there is no such user on the host`;
}

/** The keys themselves; undefined when they cannot be fetched. */
async function keyText(
  { key, validate_certs: validateCerts }: Args,
  context: ModuleContext,
): Promise<string | undefined> {
  if (!/^https?:\/\//.test(key)) return key;
  const script = downloadScript({ url: key, to: undefined, timeoutSeconds: 10, validateCerts });
  const fetched: Fact<string | undefined> = {
    script: `{ ${script}; } 2>/dev/null`,
    parse: ({ stdout, code }) => (code === 0 ? stdout : undefined),
  };
  return context.fact(fetched);
}

function folderOf({ manage_dir: manage }: Args, { path: file, state }: TextFile): Plan['actions'] {
  const folder = posix.dirname(file);
  if (state.parentExists) return [];
  // Of the user's own folder Ansible makes the last part alone: a home that is missing is a mistake.
  return manage ? [{ kind: 'run', command: sh`mkdir -m 0700 ${folder}` }] : makeFolders(folder, {});
}

/** The file is the user's alone, and its folder too when it is managed. */
function ownership(
  { manage_dir: manage, follow }: Args,
  { path: file, state }: TextFile,
  account: UserAccount | undefined,
): ShellCommand[] {
  const target = follow ? resolved(state).path : file;
  const owner = `${account?.uid ?? 0}:${account?.gid ?? 0}`;
  const folder = posix.dirname(file);
  return [
    ...(manage ? [sh`chown ${owner} ${folder}`, sh`chmod 0700 ${folder}`] : []),
    sh`chown ${owner} ${target}`,
    { text: `chmod 0600 ${quote(target)}` },
    reportStat(file),
  ];
}

function resultOf(given: Args, { path: keyfile, state }: TextFile) {
  return (stdout: string | undefined) => {
    const { path: asked = null, key_options: options = null, comment = null } = given;
    const stat = given.path === undefined ? undefined : (finalStat(stdout) ?? state.stat);
    return dict({ ...given, path: asked, key_options: options, comment, keyfile, ...(stat ? fileFields(stat) : {}) });
  };
}
