import { posix } from 'node:path';
import type { ExecResult } from '../../connection/connection.js';
import type { Dict } from '../../jinja/value.js';
import { quote, sequence, sh, type ShellCommand } from '../../shell/command.js';
import { fileState, resolved, type FileState, type FileStat } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { type ModuleContext, type Plan } from '../module.js';
import { attributeChanges } from './attributes.js';
import { exported } from './environment.js';
import { fileModule } from './file-marks.js';
import { type GetUrlArguments, getUrlArguments } from './get-url-arguments.js';
import { type Checksum, checksumTest, hasChecksum, wantedChecksum } from './get-url-checksum.js';
import { type Answer, answerOf, failureOf, fetchScript, lookScript, requestOf } from './get-url-request.js';
import { backupName, cleanly, finalStat, missingParent, moveIntoPlace, reportStat } from './place-file.js';
import { dict, fileFields } from './result.js';

export const getUrl = fileModule<GetUrlArguments>({
  name: 'get_url',
  summary: 'Have a host download a file.',
  differences: [
    'A download whose checksum is wrong leaves alone what is there; Ansible puts it in place, sees that it is wrong, and removes it.',
    '`headers` may be a text, as in older versions of Ansible, and `follow` is known.',
    'The result has no `src`, since no copy stays where the download was.',
    'In a folder the file is named as the address ends, also where the server redirects or proposes another name.',
    'User, password and the headers Authorization and Cookie only go to the server that the task names; Ansible sends the headers on to every other one.',
  ],
  needs: 'curl; wget does where only headers, a user and a time-out are asked for',
  checkMode:
    'Asks the server for the headers alone, so a file whose content would have to be compared counts as changed.',
  aliases: { thirsty: 'force', username: 'url_username', password: 'url_password' },
  args: getUrlArguments,

  async plan(given, context): Promise<Plan> {
    const { state, inFolder } = await destination(given, context);
    const wanted = await wantedChecksum(given, context);
    const target = resolved(state);
    const keeps = target.stat !== undefined && !inFolder && !given.force;
    if (keeps && wanted && (await hasChecksum(state.path, wanted, context))) return attributesOnly(given, state);
    const since = keeps && !wanted ? target.stat?.modifyTime : undefined;
    const asked = { state, since, fresh: given.force || (keeps && wanted !== undefined) };
    const end = context.checkMode ? await foreseen(given, asked, context) : undefined;
    if (end) return end;
    const refused = await refusal(given, state, context);
    if (refused !== undefined)
      return { actions: [], failed: refused, result: dict({ url: given.url, dest: state.path }) };
    return fetching(given, { ...asked, wanted }, context);
  },
});

async function destination({ dest, url }: GetUrlArguments, context: ModuleContext) {
  const given = await hostPath(context, dest);
  const name = posix.basename(url.replace(/[?#].*$/, '')) || 'index.html';
  const state = await context.fact(fileState(given.replace(/(?<=.)\/+$/, '')));
  const inFolder = given.endsWith('/') || resolved(state).stat?.kind === 'directory';
  return { inFolder, state: inFolder ? await context.fact(fileState(posix.join(given, name))) : state };
}

async function refusal({ tmp_dest: folder }: GetUrlArguments, state: FileState, context: ModuleContext) {
  if (folder !== undefined) {
    const { stat } = resolved(await context.fact(fileState(await hostPath(context, folder))));
    if (!stat) return `${folder} directory does not exist.`;
    if (stat.kind !== 'directory') return `${folder} is a file but should be a directory.`;
  }
  return missingParent(state);
}

/** What the server says before anything is fetched; undefined when all is well. */
async function foreseen(
  given: GetUrlArguments,
  { state, since, fresh }: Asked,
  context: ModuleContext,
): Promise<Plan | undefined> {
  const { url } = given;
  const script = `${exported(context)}${lookScript(requestOf(given, { method: 'HEAD', fresh }), { since })}`;
  const result = await context.fact({ script, parse: (answer) => answer });
  const answer = answerOf(result, url);
  if (answer?.status === NOT_MODIFIED) return { actions: [], result: unmodifiedResult(given, state) };
  if (result.code === 0 && answer && isAccepted(url, answer)) return undefined;
  const { msg, ...fields } = failureOf(result, url);
  return { actions: [], failed: msg, result: dict({ url, dest: state.path, ...fields }) };
}

type Asked = { state: FileState; since: number | undefined; fresh: boolean };

/** Only servers of HTTP give a status. */
function isAccepted(url: string, { status }: Answer): boolean {
  return !/^https?:/i.test(url) || status === 200;
}

const NOT_MODIFIED = 304;

function unmodifiedResult({ url }: GetUrlArguments, { path: dest, stat }: FileState) {
  const msg = 'HTTP Error 304: Not Modified';
  return dict({ url, dest, changed: false, status_code: NOT_MODIFIED, msg, ...fileFields(stat) });
}

function attributesOnly(given: GetUrlArguments, state: FileState): Plan {
  const target = resolved(state);
  const { command } = attributeChanges(target.path, target.stat, given);
  const msg = `file already exists${command ? ' but file attributes changed' : ''}`;
  const sums = { checksum_src: null, checksum_dest: null };
  const fields = (stat: FileStat | undefined) =>
    dict({ url: given.url, dest: state.path, msg, ...sums, ...fileFields(stat) });
  return {
    actions: command ? [{ kind: 'run', command: sequence([command, reportStat(target.path)]) }] : [],
    result: fields(target.stat),
    finish: (results) => fields(finalStat(results.at(-1)?.stdout) ?? target.stat),
  };
}

/** Only after the download it shows whether the file differs from what was there. */
function fetching(
  given: GetUrlArguments,
  { state, wanted, since, fresh }: Asked & { wanted: Checksum | undefined },
  context: ModuleContext,
): Plan {
  const to = context.temporaryPath(endOf(given, state));
  const files = { to, head: context.temporaryPath(), cookies: context.temporaryPath() };
  const script = fetchScript(requestOf(given, { fresh }), { ...files, since });
  const finish = cleanly(to, [...(wanted ? [checksumTest(to, wanted)] : []), placing(given, state, to)]).text;
  const clear = `rm -f ${quote(to)}`;
  const accepted = /^https?:/i.test(given.url) ? "*'stars-http 200'" : '*';
  const text = `said=$( umask 077; ${exported(context)}${script}
); code=$?; printf '%s\\n' "$said"; { [ $code = 0 ] || { ${clear}; ( exit $code ); }; } && case $said in
*'stars-http ${NOT_MODIFIED}') ${clear};;
${accepted}) ${finish};;
*) ${clear}; false;; esac`;
  return {
    actions: [{ kind: 'run', command: { text } }],
    result: dict({
      url: given.url,
      dest: state.path,
      ...(context.checkMode ? fileFields(resolved(state).stat ? state.stat : undefined) : {}),
    }),
    finish: (results) => outcome(given, state, results.at(-1)),
  };
}

function endOf({ follow }: GetUrlArguments, state: FileState): string {
  return follow ? resolved(state).path : state.path;
}

function placing(given: GetUrlArguments, state: FileState, temporary: string): ShellCommand {
  const [target, end] = [resolved(state), endOf(given, state)];
  const { command: attributes } = attributeChanges(target.path, target.stat, given);
  const unchanged = sequence([
    sh`rm -f ${temporary}`,
    ...(attributes ? [attributes, sh`echo stars-attributes`] : []),
    sh`echo stars-same`,
    reportStat(target.path),
  ]);
  const replace = sequence([
    ...moveIntoPlace(temporary, end, { state, wanted: given, backup: given.backup }),
    reportStat(end),
  ]);
  const sums = sh`printf 'stars-sum ' && sha1sum <${temporary} && printf 'stars-md5 ' && md5sum <${temporary} && if [ -f ${target.path} ]; then printf 'stars-old ' && sha1sum <${target.path}; fi`;
  return sh`${sums} && if [ -f ${target.path} ] && cmp -s ${temporary} ${target.path}; then ${unchanged}; else ${replace}; fi`;
}

function outcome(given: GetUrlArguments, state: FileState, last: ExecResult | undefined): Dict {
  const { url } = given;
  const fields = { url, dest: state.path };
  const answer = last && answerOf(last, url);
  if (!last || !answer || !isAccepted(url, answer) || last.code !== 0) {
    if (answer?.status === NOT_MODIFIED && last?.code === 0) return unmodifiedResult(given, state);
    return dict({ ...fields, ...(last && !(answer && isAccepted(url, answer)) ? failureOf(last, url) : {}) });
  }
  const { stdout } = last;
  const stat = finalStat(stdout);
  const sum = (name: string) => new RegExp(`^stars-${name} (\\w+)`, 'm').exec(stdout)?.[1];
  return dict({
    ...fields,
    changed: !stdout.includes('stars-same') || stdout.includes('stars-attributes'),
    checksum_src: sum('sum'),
    checksum_dest: sum('old') ?? null,
    md5sum: sum('md5'),
    status_code: answer.status === 0 ? null : answer.status,
    msg: `OK (${answer.length ?? (answer.status === 0 ? stat?.size : undefined) ?? 'unknown'} bytes)`,
    backup_file: backupName(stdout),
    ...fileFields(stat),
  });
}
