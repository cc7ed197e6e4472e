import type { Dict, Value } from '../../jinja/value.js';
import { Float } from '../../jinja/value.js';

/** `ansible_local`: the files of /etc/ansible/facts.d, each JSON or INI, under their names. */
export function localFacts(text: string): Dict {
  return new Map(
    text
      .split(/^@fact /m)
      .slice(1)
      .map((part): [Value, Value] => {
        const end = part.indexOf('\n');
        return [part.slice(0, end), factOf(part.slice(end + 1).trim())];
      }),
  );
}

function factOf(text: string): Value {
  try {
    return fromJson(JSON.parse(text));
  } catch {
    return iniOf(text);
  }
}

function fromJson(value: unknown): Value {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'number') return Number.isInteger(value) ? value : new Float(value);
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  return new Map(Object.entries(value as Record<string, unknown>).map(([key, inner]) => [key, fromJson(inner)]));
}

function iniOf(text: string): Dict {
  const sections: Dict = new Map();
  let current: Dict | undefined;
  for (const line of text.split('\n')) {
    const header = /^\s*\[([^\]]+)\]/.exec(line)?.[1];
    const [, key, value] = /^\s*([^#;=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (header !== undefined) {
      current = new Map();
      sections.set(header, current);
    } else if (current && key !== undefined && value !== undefined) {
      current.set(key.toLowerCase(), value);
    }
  }
  return sections;
}
