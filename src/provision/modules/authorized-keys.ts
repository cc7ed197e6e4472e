import { linesOf } from './text-file.js';

/** A public key as a line of authorized_keys holds it. */
export type PublicKey = { options: string | undefined; type: string; key: string; comment: string };

const TYPES = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ssh-dss',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
  ...['ssh-rsa', 'ssh-dss', 'ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'].map(
    (type) => `${type}-cert-v01@openssh.com`,
  ),
]);

/** The keys of a text; comments and empty lines are passed over, and what is no key is named. */
export function parseKeys(
  text: string,
  { key_options: options, comment }: { key_options?: string | undefined; comment?: string | undefined },
): PublicKey[] | { invalid: string } {
  const lines = text.split(/\r?\n|\r/).filter((line) => line !== '' && !line.startsWith('#'));
  const keys = lines.map((line) => parseKey(line));
  const invalid = keys.indexOf(undefined);
  if (invalid !== -1) return { invalid: lines[invalid] ?? '' };
  return keys.flatMap((key) =>
    key ? [{ ...key, options: (options ?? key.options) || undefined, comment: comment ?? key.comment }] : [],
  );
}

/** One line's key: options (with quoted texts), type, key and comment; undefined when it is none. */
export function parseKey(line: string): PublicKey | undefined {
  const words = line.trim().match(/(?:[^\s"]|"(?:\\.|[^"\\])*")+/g) ?? [];
  const at = words.findIndex((word) => TYPES.has(word));
  const [type, key, ...comment] = at === -1 ? [] : words.slice(at);
  if (type === undefined || key === undefined) return undefined;
  return { options: at === 0 ? undefined : words.slice(0, at).join(' '), type, key, comment: comment.join(' ') };
}

/** The file with the keys in it, or without them; unchanged when nothing is to be done. */
export function editKeys(
  text: string,
  keys: readonly PublicKey[],
  { state, exclusive }: { state: 'present' | 'absent'; exclusive: boolean },
): string {
  const entries = entriesOf(text);
  const before = [...entries.values()];
  for (const key of keys) {
    const has = entries.get(key.key);
    if (state === 'absent') entries.delete(key.key);
    else if (has === undefined || has !== written(key)) {
      entries.delete(key.key);
      entries.set(key.key, written(key));
    }
  }
  if (exclusive && state === 'present') {
    const wanted = new Set(keys.map(({ key }) => key));
    for (const key of entries.keys()) if (!wanted.has(key)) entries.delete(key);
  }
  const after = [...entries.values()];
  const same = after.length === before.length && after.every((line, index) => line === before[index]);
  return same ? text : after.map((line) => `${line}\n`).join('');
}

/** Lines by their keys; of equal ones the last counts, also of comments and empty lines, as Ansible has it. */
function entriesOf(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of linesOf(text)) {
    const key = line.trim().startsWith('#') ? undefined : parseKey(line);
    const name = key?.key ?? line;
    entries.delete(name);
    entries.set(name, key ? written(key) : line);
  }
  return entries;
}

function written({ options, type, key, comment }: PublicKey): string {
  return `${options === undefined ? '' : `${options} `}${type} ${key} ${comment}`;
}
