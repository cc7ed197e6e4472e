import { z } from 'zod';

/** What a command left behind on a host; `exit` is undefined when it did not come to its end. */
export type HostOutput = { host: string; exit: number | undefined; output: string };

/** What the modules command and shell register. */
const Registered = z.object({
  rc: z.number().nullish(),
  stdout: z.string().default(''),
  stderr: z.string().default(''),
});

export function outputOf(host: string, message: string | undefined, result: unknown): HostOutput {
  const { success, data } = Registered.safeParse(result);
  if (!success || typeof data.rc !== 'number') return { host, exit: undefined, output: message ?? 'gave no answer' };
  return { host, exit: data.rc, output: [data.stdout, data.stderr].filter((text) => text.trim() !== '').join('\n') };
}

/** At most so many characters: the beginning and the end stay, the middle is counted. */
export function bounded(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const half = Math.floor(maxChars / 2);
  return `${text.slice(0, half)}\n[… ${text.length - 2 * half} characters left out …]\n${text.slice(-half)}`;
}

export type Room = { chars: number; linesEach: number };

/** Hosts that said the same stand together, the ones in trouble first. `cut`: not everything is there. */
export function outputText(outputs: readonly HostOutput[], room: Room): { text: string; cut: boolean } {
  const groups = grouped(outputs);
  const charsEach = Math.max(120, Math.floor(room.chars / Math.max(1, groups.length)) - 60);
  const parts: string[] = [];
  let left = room.chars;
  let cut = false;
  for (const { hosts, exit, output } of groups) {
    const shown = lastLines(output, { lines: room.linesEach, chars: charsEach });
    const part = [headOf(hosts, exit, output), ...(output === '' ? [] : [fenced(shown)])].join('\n');
    if (part.length > left) return { text: [...parts, `… ${groups.length - parts.length} more`].join('\n'), cut: true };
    left -= part.length;
    cut ||= shown !== output;
    parts.push(part);
  }
  return { text: parts.join('\n'), cut };
}

/** Everything, host by host, for a file. */
export function wholeOutput(outputs: readonly HostOutput[]): string {
  return outputs.map(({ host, exit, output }) => `== ${host}: ${endOf(exit)}\n${output}`).join('\n\n');
}

type Group = { hosts: string[]; exit: number | undefined; output: string };

function grouped(outputs: readonly HostOutput[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { host, exit, output } of outputs) {
    const key = JSON.stringify([exit, output]);
    const group = groups.get(key);
    if (group) group.hosts.push(host);
    else groups.set(key, { hosts: [host], exit, output });
  }
  return [...groups.values()].sort((a, b) => Number(a.exit === 0) - Number(b.exit === 0));
}

function headOf(hosts: readonly string[], exit: number | undefined, output: string): string {
  const names = hosts.length > 6 ? `${hosts.slice(0, 5).join(', ')} and ${hosts.length - 5} more` : hosts.join(', ');
  return `${exit === 0 ? '•' : '❌'} *${names}* · ${endOf(exit)}${output === '' ? ', said nothing' : ''}`;
}

function endOf(exit: number | undefined): string {
  return exit === undefined ? 'did not come to its end' : `exit ${exit}`;
}

/** The end of an output tells most. */
function lastLines(output: string, { lines, chars }: { lines: number; chars: number }): string {
  const all = output.split('\n');
  let shown = all.slice(-lines).join('\n');
  if (shown.length > chars) shown = shown.slice(-chars);
  return shown === output ? output : `…\n${shown}`;
}

function fenced(text: string): string {
  return `\`\`\`\n${text.replaceAll('```', '`\u200b`\u200b`')}\n\`\`\``;
}
