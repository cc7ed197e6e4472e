import { quote, sequence } from '../../shell/command.js';
import { resolved, type FileState } from '../facts/file-state.js';
import type { ModuleContext } from '../module.js';
import { exported } from './environment.js';
import { curlLines, type RequestBody } from './http-request.js';
import { asking, COMPLAINTS, followed, withLoginApart } from './http-script.js';
import { moveIntoPlace, reportStat } from './place-file.js';
import type { UriArguments } from './uri-arguments.js';

const NOT_MODIFIED = 304;

/** Says the headers of all answers, the last one's status, address, time and body; puts the body in its place when the status is a wanted one. */
export function requestScript(
  asGiven: UriArguments,
  body: RequestBody,
  dest: FileState | undefined,
  context: ModuleContext,
): string {
  const given = withLoginApart(asGiven);
  const answer = context.temporaryPath(dest && resolved(dest).path);
  const head = context.temporaryPath();
  const cookies = followed(given) === undefined ? undefined : context.temporaryPath();
  const modified = dest && resolved(dest).stat?.kind === 'file' ? resolved(dest).stat?.modifyTime : undefined;
  const since = modified === undefined ? {} : { since: new Date(modified * 1000) };
  const lines = curlLines(given, body, { answer, head, cookies, ...since });
  const files = [answer, head, ...(cookies === undefined ? [] : [cookies])].map((file) => quote(file)).join(' ');
  return `command -v curl >/dev/null || { echo 'uri needs curl on the host' >&2; false; } && {
${exported(context)}umask 077; started=$(date +%s)
${asking(given, lines, { answer, head, sends: body !== undefined })}
printf 'stars-status %s %s %s\\n' "\${status:-000}" "$method" "$url"; echo "stars-elapsed $(( $(date +%s) - started ))"; echo stars-headers-end
{ [ "$code" = 0 ] || { ${COMPLAINTS}; ( exit "$code" ); }; } && ${placing(given, answer, dest)}
code=$?; rm -f ${files}; ( exit "$code" )
}`;
}

function placing(given: UriArguments, answer: string, dest: FileState | undefined): string {
  const file = quote(answer);
  const show = `echo stars-body; if [ -f ${file} ]; then cat ${file}; `;
  if (dest === undefined) return `{ ${show}fi; }`;
  const end = resolved(dest).path;
  const place = sequence([...moveIntoPlace(answer, end, { state: dest, wanted: given }), reportStat(end)]).text;
  const elsewhere = given.return_content ? `else cat ${quote(end)}; ` : '';
  return `{ ( umask 022; case ${quote(` ${given.status_code.filter((code) => Number(code) !== NOT_MODIFIED).join(' ')} `)} in *" $status "*) ${place};; esac ) && ${show}${elsewhere}fi; }`;
}
