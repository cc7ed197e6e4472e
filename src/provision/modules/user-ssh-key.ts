import type { Value } from '../../jinja/value.js';
import { quote, sh, type ShellCommand } from '../../shell/command.js';
import { parseSshKey, sshKey, sshKeyReport, type UserAccount } from '../facts/accounts.js';
import type { ModuleContext } from '../module.js';

export type WantedKey = {
  name: string;
  force: boolean;
  home?: string | undefined;
  generate_ssh_key: boolean;
  ssh_key_bits?: number | undefined;
  ssh_key_type: string;
  ssh_key_file?: string | undefined;
  ssh_key_comment?: string | undefined;
  ssh_key_passphrase?: string | undefined;
};

export type KeyPlan = {
  commands: ShellCommand[];
  /** Fields of the result before acting, and from what the last command said. */
  fields(stdout?: string): Record<string, Value | undefined>;
};

/** What it takes that a login has an SSH key of its own. */
export async function userKey(
  given: WantedKey,
  account: UserAccount | undefined,
  context: ModuleContext,
): Promise<KeyPlan> {
  if (!given.generate_ssh_key) return { commands: [], fields: () => ({}) };
  const home = given.home ?? account?.home ?? `/home/${given.name}`;
  const file = inHome(home, given.ssh_key_file ?? `.ssh/id_${given.ssh_key_type}`);
  const has = account ? await context.fact(sshKey(file)) : undefined;
  return {
    commands: has && !given.force ? [] : [generate(given, file)],
    fields(stdout = '') {
      const { publicKey, fingerprint } = parseSshKey(stdout) ?? has ?? {};
      return { ssh_key_file: file, ssh_public_key: publicKey, ssh_fingerprint: fingerprint };
    },
  };
}

function inHome(home: string, file: string): string {
  return file.startsWith('/') ? file : `${home}/${file}`;
}

/** A passphrase goes by standard input, since arguments of a process can be read by everybody. */
function generate(given: WantedKey, file: string): ShellCommand {
  const { name, ssh_key_bits: bits, ssh_key_type: type, ssh_key_comment: comment, ssh_key_passphrase: phrase } = given;
  const folder = file.replace(/\/[^/]*$/, '') || '/';
  const words = comment === undefined ? '"ansible-generated on $(uname -n)"' : quote(comment) || "''";
  const length = bits === undefined || bits === 0 ? '' : ` -b ${bits}`;
  const make = `ssh-keygen -q -t ${quote(type)}${length} -C ${words} -f ${quote(file)}`;
  const secret =
    phrase === undefined || phrase === ''
      ? `${make} -N ''`
      : `printf '%s\\n%s\\n' ${quote(phrase)} ${quote(phrase)} | ${make}`;
  return {
    text: `{ [ -d ${quote(folder)} ] || { mkdir -p -m 0700 ${quote(folder)} && ${sh`chown ${`${name}:`} ${folder}`.text}; }; } &&
${sh`rm -f ${file} ${`${file}.pub`}`.text} && { ${secret} >/dev/null; } && ${sh`chown ${`${name}:`} ${file} ${`${file}.pub`}`.text} && { ${sshKeyReport(file)}; }`,
  };
}
