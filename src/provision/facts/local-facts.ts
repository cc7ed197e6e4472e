import type { Dict, Value } from '../../jinja/value.js';
import { Float } from '../../jinja/value.js';

/** `ansible_local`: the files of a folder such as /etc/ansible/facts.d, each JSON or INI, under their names. */
export function localFacts(text: string): Dict {
  return new Map(
    text
      .split(/^@fact /m)
      .slice(1)
      .map((part): [Value, Value] => {
        const end = part.indexOf('\n');
        return [part.slice(0, end), factOf(part.slice(end + 1))];
      }),
  );
}

/** What a file says, or, as Ansible has it, a sentence about why it says nothing. */
function factOf(answer: string): Value {
  const failure = /^@failed (\d+) (.*)\n([^]*)$/m.exec(answer);
  if (failure) {
    const [, code = '', file = '', complaint = ''] = failure;
    return `Failure executing fact script (${file}), rc: ${code}, err: ${complaint}`;
  }
  const file = /^@file (.*)\n/.exec(answer);
  const text = answer.slice(file?.[0].length ?? 0).trim();
  try {
    return fromJson(JSON.parse(text));
  } catch {
    return iniOf(text) ?? `error loading facts as JSON or ini - please check content: ${file?.[1] ?? ''}`;
  }
}

function fromJson(value: unknown): Value {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'number') return Number.isInteger(value) ? value : new Float(value);
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  return new Map(Object.entries(value as Record<string, unknown>).map(([key, inner]) => [key, fromJson(inner)]));
}

/** Undefined for text that Python's reader of INI files refuses. */
function iniOf(text: string): Dict | undefined {
  const sections: Dict = new Map();
  let current: Map<Value, string> | undefined;
  let last: string | undefined;
  for (const line of text.split('\n')) {
    if (/^\s*([#;].*)?$/.test(line)) continue;
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    const [, key, value] = /^([^=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (header !== undefined) {
      current = new Map();
      sections.set(header, current);
    } else if (current && /^\s/.test(line) && last !== undefined) {
      current.set(last, `${current.get(last) ?? ''}\n${line.trim()}`);
    } else if (current && key !== undefined && value !== undefined) {
      last = key.toLowerCase();
      current.set(last, value);
    } else {
      return undefined;
    }
  }
  return sections;
}
