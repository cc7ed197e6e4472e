import { quote } from '../../shell/command.js';
import { withoutLogin } from './download.js';
import { type CurlLines, type HttpRequest } from './http-request.js';

const MOST_REDIRECTS = 10;

/** A login inside the URL goes the way of the other secrets. */
export function withLoginApart<Given extends HttpRequest>(given: Given): Given {
  const { url, user, password } = withoutLogin({
    url: given.url,
    user: given.url_username,
    password: given.url_password,
  });
  const plain = url.replaceAll(/[\n\r\t]/g, encodeURIComponent);
  return { ...given, url: plain, url_username: user, url_password: password };
}

type Asking = { answer: string; head: string; sends: boolean };

/**
 * Shell that asks and follows redirects. It says the headers of all answers, and sets `code` (curl's), `said` (its complaints, for
 * `complaints`), `status`, `url` and `method` of the last request. Redirects are not left to curl, since
 * Ansible's rules for the method and body of the next request are none of curl's.
 */
export function asking(given: HttpRequest, lines: CurlLines, { answer, head, sends }: Asking): string {
  const follow = followed(given);
  const [answerFile, headFile] = [quote(answer), quote(head)];
  return `url=${quote(given.url)}; method=${quote(given.method.toUpperCase())}; sends=${sends ? 'yes' : 'no'}; hops=0; newline='
'
while :; do
: >${answerFile}; : >${headFile}
said=$({ ${configuration(given, lines)}
} | { curl -sSv --globoff -K - -w '\\nstars-said %{http_code} %{redirect_url}\\n' 2>&1; echo "stars-code $?"; } | sed -n -e '/^stars-/p' -e '/^curl: /p' -e '/^\\* *connect to .* failed: /p')
code=\${said##*stars-code }; code=\${code%%"$newline"*}
status=\${said#*stars-said }; next=\${status#* }; status=\${status%% *}; next=\${next%%"$newline"*}
# curl puts a login of ~/.netrc into it.
rest=\${next#*://}; server=\${rest%%[/?#]*}; case $server in *@*) next="\${next%%://*}://\${server##*@}\${rest#"$server"}";; esac
cat ${headFile}
${
  follow === undefined
    ? 'break'
    : `case $status in 301|302|303|307|308) ;; *) break;; esac
case $next in http://*|https://*) ;; *) break;; esac
[ $hops -lt ${MOST_REDIRECTS} ] || break
${follow}
hops=$((hops + 1)); url=$next`
}
done`;
}

function configuration({ url }: HttpRequest, { always, first, login, body }: CurlLines): string {
  const say = (lines: readonly string[]) => `printf '%s\\n' ${lines.map((line) => quote(line)).join(' ')}`;
  const only = (lines: readonly string[], subject: string, pattern: string) =>
    lines.length === 0 ? [] : [`case ${subject} in ${pattern}) ${say(lines)};; esac`];
  return [
    say(always),
    String.raw`printf 'url = "%s"\n' "$(printf %s "$url" | sed 's/["\\]/\\&/g')"`,
    ...only(first, '$hops', '0'),
    ...only(login, '$url', sameServer(url)),
    ...only(body, '$sends', 'yes'),
    `case $method:$sends in
HEAD:no) echo head;; GET:no|POST:yes) ;;
HEAD:yes) printf '%s\\n' 'request = "HEAD"' ignore-content-length;;
POST:no|PUT:no|PATCH:no) printf 'request = "%s"\\nheader = "Content-Length: 0"\\n' "$method";;
*) printf 'request = "%s"\\n' "$method";;
esac`,
  ].join('\n');
}

/** A pattern of addresses to which the login may go: the same server, also where it asks for TLS. */
function sameServer(url: string): string {
  const [origin = url, scheme = '', host = ''] = /^(\w+):\/\/([^/?#]*)/.exec(url) ?? [];
  const starts = [origin, ...(scheme === 'http' ? [`https://${host.replace(/:\d+$/, '')}`] : [])];
  return starts.flatMap((start) => ['', '/*', '?*', '#*'].map((rest) => pattern(start, rest))).join('|');
}

function pattern(start: string, rest: string): string {
  return `${quote(start)}${rest.replace(/^[?#]/, (mark) => quote(mark))}`;
}

/** Shell that ends the loop, or says how the next request is made; undefined where no redirect is followed. */
export function followed({ follow_redirects: wish }: HttpRequest): string | undefined {
  if (['none', 'no', 'false'].includes(wish)) return undefined;
  if (wish === 'urllib2')
    return `case $method/$status in GET/*|HEAD/*|POST/30[123]) ;; *) break;; esac
method=GET; sends=no`;
  const safe = wish === 'safe' ? 'case $method in GET|HEAD) ;; *) break;; esac\n' : '';
  return `${safe}case $status/$method in 307/*|308/*) ;; *) sends=no;; esac
case $status/$method in 30[123]/HEAD) ;; 30[23]/*|301/POST) method=GET;; esac`;
}

/** Shell that says curl's complaints after `asking`; newer versions tell the reason of the system only aside. */
export const COMPLAINTS = String.raw`printf '%s\n' "$said" | sed -n -e '/^curl: /p' -e 's/^\* *connect to .* failed: /because: /p' >&2`;
