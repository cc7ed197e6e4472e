const UNITS: Record<string, number> = {
  second: 1000,
  sec: 1000,
  minute: 60_000,
  min: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
  fortnight: 1_209_600_000,
};
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** Milliseconds of what `date -d` understands: `@seconds`, ISO dates, `now`, `yesterday`, `2 days ago`, `+1 hour`. */
export function parseDate(text: string, now: Date): number | undefined {
  const trimmed = text.trim();
  if (/^@-?\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed.slice(1)) * 1000;
  const words = { '': 0, now: 0, today: 0, yesterday: -86_400_000, tomorrow: 86_400_000 }[trimmed.toLowerCase()];
  if (words !== undefined) return now.getTime() + words;
  const relative = /^(?:now\s*)?([-+]?)\s*(\d+)\s*(second|sec|minute|min|hour|day|week|fortnight)s?(\s+ago)?$/i.exec(
    trimmed,
  );
  if (relative) {
    const amount = Number(relative[2]) * (UNITS[(relative[3] as string).toLowerCase()] ?? 0);
    return now.getTime() + ((relative[1] === '-') !== (relative[4] !== undefined) ? -amount : amount);
  }
  const iso = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?))?\s*(Z|UTC|GMT|[-+]\d\d:?\d\d)?$/.exec(
    trimmed,
  );
  if (!iso) return undefined;
  const zone = iso[3] && /^[-+]/.test(iso[3]) ? iso[3].replace(/^(...)(\d\d)$/, '$1:$2') : 'Z';
  const parsed = Date.parse(
    `${iso[1]}T${(iso[2] ?? '00:00:00')
      .replace(',', '.')
      .replace(/^(\d\d:\d\d)$/, '$1:00')
      .replace(/(\.\d{3})\d+$/, '$1')}${zone}`,
  );
  return Number.isNaN(parsed) ? undefined : parsed;
}

const HALF_A_YEAR_MS = 15_778_476_000;

/** When a file was last changed, as `ls -l` has it: the year instead of the time once that is half a year ago or yet to come. */
export function listedDate(changedMs: number, now: Date): string {
  const age = now.getTime() - changedMs;
  return formatDate(age < 0 || age >= HALF_A_YEAR_MS ? '%b %e  %Y' : '%b %e %H:%M', new Date(changedMs));
}

/** strftime in UTC, with GNU's `%N`, `%s` and padding flags. */
export function formatDate(format: string, at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const startOfYear = Date.UTC(at.getUTCFullYear(), 0, 1);
  const dayOfYear = Math.floor((at.getTime() - startOfYear) / 86_400_000) + 1;
  const hour12 = at.getUTCHours() % 12 || 12;
  const values: Record<string, () => string> = {
    a: () => (DAYS[at.getUTCDay()] as string).slice(0, 3),
    A: () => DAYS[at.getUTCDay()] as string,
    b: () => (MONTHS[at.getUTCMonth()] as string).slice(0, 3),
    h: () => (MONTHS[at.getUTCMonth()] as string).slice(0, 3),
    B: () => MONTHS[at.getUTCMonth()] as string,
    c: () => formatDate('%a %b %e %H:%M:%S %Y', at),
    C: () => two(Math.floor(at.getUTCFullYear() / 100)),
    d: () => two(at.getUTCDate()),
    D: () => formatDate('%m/%d/%y', at),
    e: () => String(at.getUTCDate()).padStart(2),
    F: () => at.toISOString().slice(0, 10),
    g: () => two(isoWeek(at).year % 100),
    G: () => String(isoWeek(at).year),
    H: () => two(at.getUTCHours()),
    I: () => two(hour12),
    j: () => String(dayOfYear).padStart(3, '0'),
    k: () => String(at.getUTCHours()).padStart(2),
    l: () => String(hour12).padStart(2),
    m: () => two(at.getUTCMonth() + 1),
    M: () => two(at.getUTCMinutes()),
    n: () => '\n',
    N: () => `${String(at.getUTCMilliseconds()).padStart(3, '0')}000000`,
    p: () => (at.getUTCHours() < 12 ? 'AM' : 'PM'),
    P: () => (at.getUTCHours() < 12 ? 'am' : 'pm'),
    r: () => formatDate('%I:%M:%S %p', at),
    R: () => formatDate('%H:%M', at),
    s: () => String(Math.floor(at.getTime() / 1000)),
    S: () => two(at.getUTCSeconds()),
    t: () => '\t',
    T: () => at.toISOString().slice(11, 19),
    u: () => String(at.getUTCDay() || 7),
    U: () => two(Math.floor((dayOfYear + 6 - at.getUTCDay()) / 7)),
    V: () => two(isoWeek(at).week),
    w: () => String(at.getUTCDay()),
    W: () => two(Math.floor((dayOfYear + 6 - ((at.getUTCDay() + 6) % 7)) / 7)),
    x: () => formatDate('%m/%d/%y', at),
    X: () => formatDate('%H:%M:%S', at),
    y: () => two(at.getUTCFullYear() % 100),
    Y: () => String(at.getUTCFullYear()),
    z: () => '+0000',
    Z: () => 'UTC',
    '%': () => '%',
  };
  return format.replace(/%([-_0^#:]*)(\d*)([a-zA-Z%])/g, (whole, flags: string, width: string, letter: string) => {
    if (letter === 'z' && flags.includes(':')) return '+00:00';
    let text = values[letter]?.();
    if (text === undefined) return whole;
    if (letter === 'N' && width) text = text.slice(0, Number(width));
    if (flags.includes('-')) text = text.replace(/^[0 ]+(?=\d)/, '');
    if (flags.includes('_')) text = text.replace(/^0+(?=\d)/, (zeros) => ' '.repeat(zeros.length));
    if (flags.includes('^')) text = text.toUpperCase();
    return text;
  });
}

function isoWeek(at: Date): { year: number; week: number } {
  const thursday = new Date(
    Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 4 - (at.getUTCDay() || 7)),
  );
  const year = thursday.getUTCFullYear();
  return { year, week: Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1) / 7) };
}
