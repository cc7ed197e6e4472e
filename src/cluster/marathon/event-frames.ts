/** An event of Marathon's stream; `type` is its `eventType`. */
export type MarathonEvent = { type: string; data: Record<string, unknown> };

// A deployment's event carries all apps twice in 1.4; what is longer than any of those is passed over.
const LONGEST_LINE = 64 * 1024 * 1024;

/**
 * Takes the text of an event stream in pieces as they come, and hands on each event when its line of data is whole. Blank lines and
 * comments keep the connection alive and may stand anywhere; what is no event is passed over.
 */
export function createFrames(onEvent: (event: MarathonEvent) => void): (text: string) => void {
  let pieces: string[] = [];
  let length = 0;
  let name = '';

  function line(text: string): void {
    if (text.startsWith('event:')) name = text.slice('event:'.length).trim();
    if (!text.startsWith('data:')) return;
    const data = parsed(text.slice('data:'.length));
    const type = typeof data?.['eventType'] === 'string' ? data['eventType'] : name;
    name = '';
    if (data && type !== '') onEvent({ type, data });
  }

  function keep(piece: string): void {
    length += piece.length;
    if (length <= LONGEST_LINE) pieces.push(piece);
    else pieces = [];
  }

  return (text) => {
    let from = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', from)) {
      keep(text.slice(from, end));
      const whole = pieces.join('');
      pieces = [];
      length = 0;
      from = end + 1;
      line(whole.endsWith('\r') ? whole.slice(0, -1) : whole);
    }
    keep(text.slice(from));
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
