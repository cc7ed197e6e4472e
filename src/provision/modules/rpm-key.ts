import { quote } from '../../shell/command.js';
import { args, bool, choice, text } from '../arguments.js';
import { defineModule, type Plan } from '../module.js';
import { downloadScript } from './download.js';
import { exported } from './environment.js';
import { dict } from './result.js';

export const rpmKey = defineModule({
  name: 'rpm_key',
  summary: 'Have rpm trust a signing key, or not.',
  needs: 'rpm and gpg, and curl or wget for an address',
  args: args({
    key: text().describe('Address or file of the key, or its number.'),
    state: choice('present', 'absent').default('present').describe('Whether the key is trusted.'),
    validate_certs: bool().default(true).describe('Refuse an address whose certificate is not trusted.'),
    fingerprint: text().optional().describe('Fingerprint that the key must have.'),
  }),

  async plan({ key, state, validate_certs: validateCerts, fingerprint }, context): Promise<Plan> {
    const installed = await context.fact({
      script: `rpm -q gpg-pubkey --qf '%{VERSION}\\n' 2>/dev/null; :`,
      parse: ({ stdout }) => stdout.split('\n').map((line) => line.trim().toLowerCase()),
    });
    const id = /^(0x)?[0-9a-f]{8,40}$/i.test(key) ? key.slice(-8).toLowerCase() : undefined;
    if (id !== undefined) {
      if (state === 'present')
        return installed.includes(id)
          ? { actions: [] }
          : { actions: [], failed: 'When importing a key, a valid file must be given' };
      const erase = `rpm --erase --allmatches ${quote(`gpg-pubkey-${id}`)}`;
      return {
        actions: installed.includes(id) ? [{ kind: 'run', command: { text: erase } }] : [],
        result: dict({ key }),
      };
    }
    const file = context.temporaryPath('/tmp/key');
    const word = quote(file);
    const bring = /^\w+:\/\//.test(key)
      ? downloadScript({ url: key, to: file, timeoutSeconds: 10, validateCerts })
      : `cat ${quote(key)} >${word}`;
    // Which key it is shows only in the file: the first subkey packet's id ends in what rpm calls the version.
    const read = `found=$(gpg --no-tty --batch --with-colons --fixed-list-mode ${word} 2>/dev/null | awk -F: '$1 == "pub" { print tolower(substr($5, length($5) - 7)); exit }')`;
    const check =
      fingerprint === undefined
        ? ':'
        : `gpg --no-tty --batch --with-colons --with-fingerprint ${word} 2>/dev/null | grep -qi ${quote(fingerprint.replaceAll(/\s/g, ''))} || { echo 'The fingerprint of the key is not the one given.' >&2; false; }`;
    const has = `[ -n "$found" ] && rpm -q "gpg-pubkey-$found" >/dev/null 2>&1`;
    const act =
      state === 'present'
        ? `if ${has}; then echo stars-same; else rpm --import ${word}; fi`
        : `if ${has}; then rpm --erase --allmatches "gpg-pubkey-$found"; else echo stars-same; fi`;
    const text = `{ ${exported(context)}${bring}\n} && ${read}; { ${check}; } && { ${act}; }; code=$?; rm -f ${word}; ( exit $code )`;
    return {
      actions: [{ kind: 'run', command: { text } }],
      result: dict({ key }),
      finish: (results) =>
        dict({
          key,
          ...(results.at(-1)?.code === 0 ? { changed: !results.at(-1)?.stdout.includes('stars-same') } : {}),
        }),
    };
  },
});
