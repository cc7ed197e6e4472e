import { quote } from '../../shell/command.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { downloadScript } from './download.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export const aptKey = defineModule({
  name: 'apt_key',
  summary: 'Have apt trust a signing key, or not.',
  aliases: { key: 'data' },
  args: args({
    id: text().optional(),
    url: text().optional(),
    data: text().optional(),
    file: path().optional(),
    keyring: path().optional(),
    keyserver: text().optional(),
    validate_certs: bool().default(true),
    state: choice('present', 'absent').default('present'),
  }),

  async plan(given, context): Promise<Plan> {
    const keyring = given.keyring === undefined ? '' : ` --keyring ${quote(given.keyring)}`;
    const known = await context.fact({
      script: `apt-key${keyring} adv --list-public-keys --keyid-format=long --with-colons 2>/dev/null | awk -F: '$1 == "fpr" || $1 == "pub" { print $5 $10 }'; :`,
      parse: ({ stdout }) =>
        stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => line.toUpperCase()),
    });
    const id = given.id?.replace(/^0x/i, '').replaceAll(/\s/g, '').toUpperCase();
    const present = id !== undefined && known.some((key) => key.endsWith(id));
    const result = dict({ id: given.id, fp: id });
    if (given.state === 'absent') {
      if (id === undefined) return { actions: [], failed: 'key ID required to remove a key' };
      return {
        actions: present ? [{ kind: 'run', command: { text: `apt-key${keyring} del ${quote(id)} 2>&1` } }] : [],
        result,
      };
    }
    if (present) return { actions: [], result };
    const counted = `apt-key${keyring} adv --list-public-keys --with-colons 2>/dev/null | grep -c '^pub'`;
    const text = `${exported(context)}before=$(${counted}); { ${add(given, keyring, context.temporaryPath('/tmp/key'))}; } && [ "$(${counted})" = "$before" ] && echo stars-same; [ -n "$before" ]`;
    const strict = `set -e\n${text}`;
    return {
      actions: [
        {
          kind: 'run',
          command: {
            text:
              id === undefined
                ? strict
                : `${exported(context)}${add(given, keyring, context.temporaryPath('/tmp/key'))}`,
          },
        },
      ],
      result,
      finish: (results) =>
        dict({
          id: given.id,
          ...(results.at(-1)?.code === 0 ? { changed: !results.at(-1)?.stdout.includes('stars-same') } : {}),
        }),
    };
  },
});

type Given = {
  id?: string | undefined;
  url?: string | undefined;
  data?: string | undefined;
  file?: string | undefined;
  keyserver?: string | undefined;
  validate_certs: boolean;
};

function add(
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
