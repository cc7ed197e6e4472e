import type { Clock } from '../../../clock.js';

const MAX_LINES = 500;

export type JournalLine = { at: Date; unit: string; source: string; text: string };

/** The last lines of every unit of a host. */
export class Journal {
  readonly #lines: JournalLine[] = [];

  constructor(
    readonly clock: Clock,
    readonly hostname: () => string,
  ) {}

  add(unit: string, source: string, text: string): void {
    this.#lines.push({ at: this.clock.now(), unit, source, text });
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  /** Oldest first; of one unit or of all. */
  lines(unit?: string): string[] {
    return this.#lines.filter((line) => unit === undefined || line.unit === unit).map((line) => this.#format(line));
  }

  #format({ at, source, text }: JournalLine): string {
    return `${syslogTime(at)} ${this.hostname()} ${source}: ${text}`;
  }
}

/** `Jan 02 15:04:05` */
function syslogTime(at: Date): string {
  const month = at.toUTCString().slice(8, 11);
  return `${month} ${String(at.getUTCDate()).padStart(2, '0')} ${at.toISOString().slice(11, 19)}`;
}
