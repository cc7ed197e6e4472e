import { posix } from 'node:path';
import { StarsError } from '../../errors.js';
import { quote } from '../../shell/command.js';
import type { ModuleContext } from '../module.js';
import { exported } from './environment.js';
import type { GetUrlArguments } from './get-url-arguments.js';
import { answerOf, contentIn, failureOf, lookScript, requestOf } from './get-url-request.js';

export type Checksum = { algorithm: string; hex: string };

/** `sha256:abc…`, or `sha256:https://…` of a list in which the file's line is looked up. */
export async function wantedChecksum(given: GetUrlArguments, context: ModuleContext): Promise<Checksum | undefined> {
  const text = given.checksum.trim();
  if (text === '') return undefined;
  const [, algorithm = '', value = ''] = /^(md5|sha1|sha224|sha256|sha384|sha512):(.+)$/is.exec(text) ?? [];
  if (algorithm === '')
    throw new StarsError('PLAYBOOK', 'The checksum parameter has to be in format <algorithm>:<checksum>');
  const hex = /^\w+:\/\//.test(value)
    ? await listedChecksum(value.trim(), given, context)
    : value.replaceAll(/\W/g, '').toLowerCase();
  if (!/^[0-9a-f]+$/.test(hex)) throw new StarsError('PLAYBOOK', 'The checksum format is invalid');
  return { algorithm: algorithm.toLowerCase(), hex };
}

async function listedChecksum(url: string, given: GetUrlArguments, context: ModuleContext): Promise<string> {
  const list = await context.fact({
    script: `${exported(context)}${lookScript(requestOf({ ...given, url }), { list: true })}`,
    parse: (result) => {
      const isHttp = /^https?:/i.test(url);
      if (result.code !== 0 || (isHttp && answerOf(result, url)?.status !== 200))
        throw new StarsError(
          'HOSTS_FAILED',
          `Unable to download the checksums from ${url}: ${failureOf(result, url).msg}`,
        );
      return contentIn(result.stdout);
    },
  });
  const name = posix.basename(given.url.replace(/[?#].*$/, ''));
  const lines = list.split('\n').map((line) => line.trim().split(/\s+/));
  const named = lines.find(([, file]) => file?.replace(/^[*.]?\/?/, '').endsWith(name));
  const found = named?.[0] ?? (lines.filter(([first]) => first).length === 1 ? lines[0]?.[0] : undefined);
  if (found === undefined) throw new StarsError('PLAYBOOK', `Unable to find a checksum for file '${name}' in '${url}'`);
  return found.toLowerCase();
}

export function hasChecksum(file: string, { algorithm, hex }: Checksum, context: ModuleContext): Promise<boolean> {
  return context.fact({ script: `${algorithm}sum <${quote(file)}`, parse: ({ stdout }) => stdout.startsWith(hex) });
}

export function checksumTest(file: string, { algorithm, hex }: Checksum) {
  const words = `The checksum for ${file} did not match ${hex}; it was`;
  return {
    text: `{ sum=$(${algorithm}sum <${quote(file)}); [ "\${sum%% *}" = ${hex} ] || { printf '%s %s.\\n' ${quote(words)} "\${sum%% *}" >&2; false; }; }`,
  };
}
