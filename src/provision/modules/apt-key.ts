import { quote } from '../../shell/command.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { defineModule, type Fact, type Plan } from '../module.js';
import { downloadScript } from './download.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export const aptKey = defineModule({
  name: 'apt_key',
  summary: 'Have apt trust a signing key, or not.',
  needs: 'apt-key with gpg, and curl or wget for an address',
  aliases: { key: 'data' },
  exclusive: [['data', 'file', 'keyserver', 'url']],
  args: args({
    id: text().optional().describe("The key's number, by which it is found and removed."),
    url: text().optional().describe('Address from which the host fetches the key.'),
    data: text().optional().describe('The key itself as text.'),
    file: path().optional().describe('A file of the host that holds the key.'),
    keyring: path().optional().describe('The file of keys to change in place of the usual one.'),
    keyserver: text().optional().describe('Server that is asked for the key of this `id`.'),
    validate_certs: bool().default(true).describe('Refuse an address whose certificate is not trusted.'),
    state: choice('present', 'absent').default('present').describe('Whether the key is trusted.'),
  }),

  async plan(given, context): Promise<Plan> {
    const keyring = given.keyring === undefined ? '' : ` --keyring ${quote(given.keyring)}`;
    const known = await context.fact({
      // Asked for a file of keys that is missing, gpg would make it.
      script: `${given.keyring === undefined ? '' : `[ ! -e ${quote(given.keyring)} ] || `}apt-key${keyring} adv --list-public-keys --keyid-format=long --with-colons 2>/dev/null | awk -F: '$1 == "fpr" || $1 == "pub" { print $5 $10 }'; :`,
      parse: ({ stdout }) =>
        stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => line.toUpperCase()),
    });
    const named = given.id?.replace(/^0x/i, '').replaceAll(/\s/g, '').toUpperCase();
    if (named !== undefined && !/^[\dA-F]{8,}$/.test(named)) return { actions: [], failed: 'Invalid key_id' };
    if (given.state === 'absent' && named === undefined)
      return { actions: [], failed: 'key ID required to remove a key' };
    const id = named ?? (await context.fact(firstKey(given)));
    if (id === undefined) return { actions: [], failed: 'The source holds no key that gpg can read.' };
    const present = known.some((key) => key.endsWith(id));
    const result = dict({ id: given.id ?? id, ...namesOf(id) });
    const add = `${exported(context)}${addition(given, keyring, context.temporaryPath('/tmp/key'))}`;
    const text = given.state === 'absent' ? `apt-key${keyring} del ${quote(id)} 2>&1` : add;
    const needless = present === (given.state === 'present');
    return { actions: needless ? [] : [{ kind: 'run', command: { text } }], result };
  },
});

/** The number of the first key in the source, by which it is known whether apt trusts it already. */
function firstKey(given: Given): Fact<string | undefined> {
  return {
    script: `home=$(mktemp -d) && { { ${reading(given)}; } | gpg --homedir "$home" --batch --with-colons 2>/dev/null | awk -F: '$1 == "pub" { print $5; exit }'; rm -rf "$home"; }`,
    parse: ({ stdout }) => stdout.trim().toUpperCase() || undefined,
  };
}

function reading({ url, data, file, validate_certs: validateCerts }: Given): string {
  if (data !== undefined) return `printf '%s\\n' ${quote(data)}`;
  if (file !== undefined) return `cat ${quote(file)}`;
  return downloadScript({ url: url ?? '', to: undefined, timeoutSeconds: 30, validateCerts });
}

/** The ways in which Ansible cuts a key's number. */
function namesOf(id: string | undefined): Record<string, string> {
  return id === undefined ? {} : { short_id: id.slice(-8), key_id: id.slice(-16), fp: id };
}

type Given = {
  id?: string | undefined;
  url?: string | undefined;
  data?: string | undefined;
  file?: string | undefined;
  keyserver?: string | undefined;
  validate_certs: boolean;
};

function addition(
  { id, url, data, file, keyserver, validate_certs: validateCerts }: Given,
  keyring: string,
  temporary: string,
): string {
  if (keyserver !== undefined)
    return `apt-key${keyring} adv --no-tty --keyserver ${quote(keyserver)} --recv ${quote(id ?? '')}`;
  if (data !== undefined) return `printf '%s\\n' ${quote(data)} | apt-key${keyring} add -`;
  if (file !== undefined) return `apt-key${keyring} add ${quote(file)}`;
  const word = quote(temporary);
  return `{ ${downloadScript({ url: url ?? '', to: temporary, timeoutSeconds: 30, validateCerts })}\n} && { apt-key${keyring} add ${word}; code=$?; rm -f ${word}; ( exit $code ); }`;
}
