import type { Value } from '../../jinja/value.js';
import { pythonText } from '../python-text.js';

/** Why there was no answer, from what `COMPLAINTS` said. In Python's words where they say what curl's do not; newer versions of curl tell the reason of the system only aside. */
export function reasonOf(said: string): string {
  const because = /^because: (.*)$/m.exec(said)?.[1] ?? '';
  const [, code = '', words = said.trim()] = /^curl: \((\d+)\) (.*)$/m.exec(said) ?? [];
  if (code === '') return words;
  const reason = because || (/; (Connection refused|No route to host)$/.exec(words)?.[1] ?? '');
  const number = ERRNO.get(reason);
  if (code === '7' && number !== undefined) return `Request failed: <urlopen error [Errno ${number}] ${reason}>`;
  if (code === '52') return 'Connection failure: Remote end closed connection without response';
  return code === '28' && words.startsWith('Operation')
    ? 'Connection failure: timed out'
    : `Request failed: curl: (${code}) ${words}`;
}

const ERRNO = new Map([
  ['Network is unreachable', 101],
  ['Connection timed out', 110],
  ['Connection refused', 111],
  ['No route to host', 113],
]);

/** The headers of the last answer under Ansible's names: small letters, with `_` for `-`; and the cookies of all of them. */
export function headersIn(heads: string, url: string): { fields: Record<string, Value>; reason: string } {
  const answers = heads
    .replaceAll('\r', '')
    .trim()
    .split(/\n\s*\n/);
  const cookies = cookiesIn(answers, url);
  const last = answers.at(-1) ?? '';
  const fields: Record<string, Value> = {};
  for (const [name, value] of pairsIn(last))
    fields[name] = name in fields ? `${pythonText(fields[name])}, ${value}` : value;
  if (typeof fields.location === 'string') fields.location = absolute(fields.location, url);
  fields.cookies = cookies;
  fields.cookies_string = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return { fields, reason: /^HTTP\/\S+ \d+ ?(.*)$/m.exec(last)?.[1] ?? '' };
}

function pairsIn(answer: string): [string, string][] {
  return answer
    .split('\n')
    .slice(1)
    .flatMap((line): [string, string][] => {
      const [, name, value = ''] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name.toLowerCase().replaceAll('-', '_'), value]];
    });
}

function absolute(location: string, url: string): string {
  return location.includes('://') || !URL.canParse(location, url) ? location : new URL(location, url).href;
}

/** By the path they are for, in the order in which the paths came, as Python keeps them. */
function cookiesIn(answers: readonly string[], url: string): Map<string, string> {
  const usual = /^\w+:\/\/[^/]*(\/[^?#]*)\/[^/]*$/.exec(url)?.[1] ?? '/';
  const paths = new Map<string, [string, string][]>();
  for (const [header, value] of answers.flatMap(pairsIn)) {
    const [, name = '', text = ''] = /^([^=;]+)=([^;]*)/.exec(value) ?? [];
    if (header !== 'set_cookie' || name === '') continue;
    const path = /;\s*path=([^;\s]+)/i.exec(value)?.[1] ?? usual;
    paths.set(path, [...(paths.get(path) ?? []), [name.trim(), text.trim()]]);
  }
  return new Map([...paths.values()].flat());
}
