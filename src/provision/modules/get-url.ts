import { posix } from 'node:path';
import { StarsError } from '../../errors.js';
import { quote, sequence, sh } from '../../shell/command.js';
import { args, bool, int, path, text, textDict } from '../arguments.js';
import { fileState, resolved, type FileState, type FileStat } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type ModuleContext, type Plan } from '../module.js';
import { attributeArgs, attributeChanges } from './attributes.js';
import { type Download, downloadScript } from './download.js';
import { exported } from './environment.js';
import { backupName, cleanly, finalStat, missingParent, moveIntoPlace, reportStat } from './place-file.js';
import { dict, fileFields } from './result.js';

const schema = args({
  url: text(),
  dest: path(),
  force: bool().default(false),
  checksum: text().default(''),
  backup: bool().default(false),
  headers: textDict().optional(),
  timeout: int().default(10),
  validate_certs: bool().default(true),
  use_proxy: bool().default(true),
  url_username: text().optional(),
  url_password: text().optional(),
  force_basic_auth: bool().default(false),
  http_agent: text().default('ansible-httpget'),
  tmp_dest: path().optional(),
  follow: bool().default(false),
  ...attributeArgs,
});
type Args = ReturnType<typeof schema.parse>;

export const getUrl = defineModule<Args>({
  name: 'get_url',
  summary: 'Have a host download a file.',
  aliases: { thirsty: 'force', username: 'url_username', password: 'url_password' },
  args: schema,

  async plan(given, context): Promise<Plan> {
    const state = await destination(given, context);
    const wanted = await wantedChecksum(given, context);
    const target = resolved(state);
    if (target.stat && !given.force && (wanted === undefined || (await hasChecksum(state.path, wanted, context)))) {
      return attributesOnly(given, state);
    }
    const missing = context.checkMode ? undefined : missingParent(state);
    return missing ? { actions: [], failed: missing } : fetching(given, state, wanted, context);
  },
});

async function destination({ dest, url }: Args, context: ModuleContext): Promise<FileState> {
  const given = await hostPath(context, dest);
  const name = posix.basename(url.replace(/[?#].*$/, '')) || 'index.html';
  if (given.endsWith('/')) return context.fact(fileState(given + name));
  const state = await context.fact(fileState(given));
  return resolved(state).stat?.kind === 'directory' ? context.fact(fileState(posix.join(given, name))) : state;
}

type Checksum = { algorithm: string; hex: string };

/** `sha256:abc…`, or `sha256:https://…` of a list in which the file's line is looked up. */
async function wantedChecksum(given: Args, context: ModuleContext): Promise<Checksum | undefined> {
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

async function listedChecksum(url: string, given: Args, context: ModuleContext): Promise<string> {
  const list = await context.fact({
    script: `${exported(context)}${downloadScript({ ...downloadOf(given), url, to: undefined })}`,
    parse: ({ code, stdout, stderr }) => {
      if (code !== 0)
        throw new StarsError('HOSTS_FAILED', `Unable to download the checksums from ${url}: ${stderr.trim()}`);
      return stdout;
    },
  });
  const name = posix.basename(given.url.replace(/[?#].*$/, ''));
  const lines = list.split('\n').map((line) => line.trim().split(/\s+/));
  const named = lines.find(([, file]) => file?.replace(/^[*.]?\/?/, '').endsWith(name));
  const found = named?.[0] ?? (lines.filter(([first]) => first).length === 1 ? lines[0]?.[0] : undefined);
  if (found === undefined) throw new StarsError('PLAYBOOK', `Unable to find a checksum for file '${name}' in '${url}'`);
  return found.toLowerCase();
}

function hasChecksum(file: string, { algorithm, hex }: Checksum, context: ModuleContext): Promise<boolean> {
  return context.fact({ script: `${algorithm}sum <${quote(file)}`, parse: ({ stdout }) => stdout.startsWith(hex) });
}

function downloadOf(given: Args): Omit<Download, 'url' | 'to'> {
  return {
    headers: new Map([['User-Agent', given.http_agent], ...(given.headers ?? [])]),
    user: given.url_username,
    password: given.url_password,
    timeoutSeconds: given.timeout,
    validateCerts: given.validate_certs,
    useProxy: given.use_proxy,
  };
}

function attributesOnly(given: Args, state: FileState): Plan {
  const target = resolved(state);
  const { command } = attributeChanges(target.path, target.stat, given);
  const fields = (stat: FileStat | undefined) =>
    dict({ url: given.url, dest: state.path, msg: 'file already exists', ...fileFields(stat) });
  return {
    actions: command ? [{ kind: 'run', command: sequence([command, reportStat(target.path)]) }] : [],
    result: fields(target.stat),
    finish: (results) => fields(finalStat(results.at(-1)?.stdout) ?? target.stat),
  };
}

/** Only after the download it shows whether the file differs from what was there. */
function fetching(given: Args, state: FileState, wanted: Checksum | undefined, context: ModuleContext): Plan {
  const target = resolved(state);
  const temporary = context.temporaryPath(target.path);
  const check = wanted ? [checksumTest(temporary, wanted)] : [];
  const { command: attributes } = attributeChanges(target.path, target.stat, given);
  const unchanged = sequence([
    sh`rm -f ${temporary}`,
    ...(attributes ? [attributes, sh`echo stars-attributes`] : []),
    sh`echo stars-same`,
    reportStat(target.path),
  ]);
  const replace = sequence(moveIntoPlace(temporary, target.path, { state, wanted: given, backup: given.backup }));
  const place = sh`printf 'stars-sum ' && sha1sum <${temporary} && if [ -f ${target.path} ] && cmp -s ${temporary} ${target.path}; then ${unchanged}; else ${replace}; fi`;
  const fetch = {
    text: `( umask 077; ${exported(context)}${downloadScript({ ...downloadOf(given), url: given.url, to: temporary })}\n)`,
  };
  return {
    actions: [{ kind: 'run', command: cleanly(temporary, [fetch, ...check, place]) }],
    result: dict({ url: given.url, dest: state.path }),
    finish(results) {
      const last = results.at(-1);
      const stdout = last?.stdout ?? '';
      const stat = finalStat(stdout);
      if (last?.code !== 0) return dict({ url: given.url, dest: state.path });
      const same = stdout.includes('stars-same') && !stdout.includes('stars-attributes');
      const checksum = /^stars-sum (\w+)/m.exec(stdout)?.[1];
      const size = stat ? `OK (${stat.size} bytes)` : 'OK';
      return dict({
        url: given.url,
        dest: state.path,
        changed: !same,
        checksum_src: checksum,
        checksum_dest: checksum,
        status_code: 200,
        msg: size,
        backup_file: backupName(stdout),
        ...fileFields(stat),
      });
    },
  };
}

function checksumTest(file: string, { algorithm, hex }: Checksum) {
  const words = `The checksum for ${file} did not match ${hex}; it was`;
  return {
    text: `{ sum=$(${algorithm}sum <${quote(file)}); [ "\${sum%% *}" = ${hex} ] || { printf '%s %s.\\n' ${quote(words)} "\${sum%% *}" >&2; false; }; }`,
  };
}
