import { z } from 'zod';
import { StarsError } from '../../errors.js';
import { quote } from '../../shell/command.js';
import type { Fact } from '../module.js';
import { curlText, type Download, downloadScript, withoutLogin } from './download.js';

/** How Jenkins is reached; the login goes to it at once, as it wants from programs. */
export type Jenkins = Pick<Download, 'url' | 'user' | 'password' | 'timeoutSeconds' | 'validateCerts' | 'useProxy'>;

export type InstalledPlugin = { installed: boolean; pinned: boolean; enabled: boolean };
export type JenkinsState = { usesCrumbs: boolean; plugin: InstalledPlugin };

const MARK = 'stars-jenkins';

/** Whether Jenkins wants crumbs, and what it says of a plugin. */
export function jenkinsState(jenkins: Jenkins, name: string): Fact<JenkinsState> {
  const get = (path: string) => downloadScript({ ...jenkins, url: `${jenkins.url}/${path}`, to: undefined });
  return {
    script: `{ ${get('api/json')}\n} || exit 3\necho; echo ${MARK}\n{ ${get('pluginManager/api/json?depth=1&tree=plugins[shortName,pinned,enabled]')}\n} || exit 4`,
    parse({ code, stdout, stderr }) {
      if (code !== 0) throw failed(code === 3 ? 'Cannot get CSRF' : 'Cannot get list of plugins', stderr.trim());
      const [root = '', plugins = ''] = stdout.split(`\n${MARK}\n`);
      const { useCrumbs } = parsed(root, Root, 'CSRF');
      const list = parsed(plugins, PluginList, 'list of plugins').plugins;
      const found = list.find(({ shortName }) => shortName === name);
      const plugin = {
        installed: found !== undefined,
        pinned: found?.pinned === true,
        enabled: found?.enabled === true,
      };
      return { usesCrumbs: useCrumbs, plugin };
    },
  };
}

const Root = z.object({ useCrumbs: z.boolean() });
const PluginList = z.object({
  plugins: z.array(
    z.object({ shortName: z.string(), pinned: z.boolean().optional(), enabled: z.boolean().optional() }),
  ),
});

function parsed<T>(json: string, schema: z.ZodType<T>, what: string): T {
  try {
    return schema.parse(JSON.parse(json));
  } catch {
    throw failed(`Cannot parse ${what} JSON data.`, json);
  }
}

function failed(message: string, details: string): StarsError {
  return new StarsError('HOSTS_FAILED', details === '' ? message : `${message} ${details.slice(0, 500)}`, {
    hint: 'Check that Jenkins runs on the host, and url, url_username and url_password of the task.',
  });
}

/** Something to send, with the crumb of a session where Jenkins wants one. `folder` is a name for a private folder. */
export type Post = { path: string; data?: string; crumb: boolean; folder: string };

/**
 * Shell that sends it and fails when Jenkins does not take it. A crumb only counts in the session that got it, so both requests
 * share cookies. Login and crumb reach the program by its standard input or a private file.
 */
export function postScript(jenkins: Jenkins, { path, data = '', crumb, folder }: Post): string {
  const word = quote(folder);
  const send = (target: string, body: string | undefined) => request(jenkins, { target, body, folder: word });
  const part = (name: string) => `$(printf '%s' "$said" | sed -n 's/.*"${name}" *: *"\\([^"]*\\)".*/\\1/p')`;
  const getCrumb = `said=$(${send('crumbIssuer/api/json', undefined)}) || exit
crumb="${part('crumbRequestField')}: ${part('crumb')}"`;
  return `( mkdir -m 700 ${word} || exit; trap ${quote(`rm -rf ${word}`)} EXIT; trap 'exit 143' HUP INT TERM
crumb=
${crumb ? `${getCrumb}\n` : ''}${send(path, data)} )`;
}

type Request = { target: string; body: string | undefined; folder: string };

function request(jenkins: Jenkins, given: Request): string {
  return `if command -v curl >/dev/null; then ${curl(jenkins, given)}
elif command -v wget >/dev/null; then ${wget(jenkins, given)}
else echo 'neither curl nor wget is installed' >&2; false; fi`;
}

function curl(jenkins: Jenkins, { target, body, folder }: Request): string {
  const { url, user, password } = withoutLogin({ ...jenkins, url: `${jenkins.url}/${target}` });
  const config = [
    `url = ${curlText(url)}`,
    ...(user === undefined ? [] : [`user = ${curlText(`${user}:${password ?? ''}`)}`]),
    ...(body === undefined ? [] : [`data = ${curlText(body)}`]),
    ...(jenkins.validateCerts ? [] : ['insecure']),
    ...(jenkins.useProxy === false ? ['noproxy = "*"'] : []),
    `max-time = ${Math.max(jenkins.timeoutSeconds, 300)}`,
    `connect-timeout = ${jenkins.timeoutSeconds}`,
  ];
  const lines = config.map((line) => quote(line)).join(' ');
  return `{ printf '%s\\n' ${lines}; [ -z "$crumb" ] || printf 'header = "%s"\\n' "$crumb"; } | curl -fsSL --globoff -b ${folder}/cookies -c ${folder}/cookies -K -`;
}

function wget(jenkins: Jenkins, { target, body, folder }: Request): string {
  const { url, user, password } = withoutLogin({ ...jenkins, url: `${jenkins.url}/${target}` });
  const settings = [
    'auth_no_challenge = on',
    'keep_session_cookies = on',
    ...(user === undefined ? [] : [`http_user = ${user}`, `http_password = ${password ?? ''}`]),
    ...(jenkins.validateCerts ? [] : ['check_certificate = off']),
    ...(jenkins.useProxy === false ? ['use_proxy = off'] : []),
  ];
  const lines = settings.map((line) => quote(line)).join(' ');
  const post = body === undefined ? '' : ` --post-data=${quote(body)}`;
  return `{ printf '%s\\n' ${lines}; [ -z "$crumb" ] || printf 'header = %s\\n' "$crumb"; } >${folder}/wgetrc; : >>${folder}/cookies; WGETRC=${folder}/wgetrc wget -q -t 1 -T ${jenkins.timeoutSeconds}${post} --load-cookies ${folder}/cookies --save-cookies ${folder}/cookies -O - ${quote(url)}`;
}
