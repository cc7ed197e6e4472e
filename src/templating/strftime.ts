import { DateTime } from 'luxon';

const FORMATS: Record<string, (time: DateTime) => string> = {
  Y: (time) => String(time.year),
  y: (time) => two(time.year % 100),
  m: (time) => two(time.month),
  d: (time) => two(time.day),
  e: (time) => String(time.day).padStart(2),
  H: (time) => two(time.hour),
  I: (time) => two(time.hour % 12 || 12),
  k: (time) => String(time.hour).padStart(2),
  l: (time) => String(time.hour % 12 || 12).padStart(2),
  M: (time) => two(time.minute),
  S: (time) => two(time.second),
  f: (time) => String(time.millisecond).padStart(3, '0').padEnd(6, '0'),
  p: (time) => (time.hour < 12 ? 'AM' : 'PM'),
  P: (time) => (time.hour < 12 ? 'am' : 'pm'),
  r: (time) => time.setLocale('en-US').toFormat('hh:mm:ss a'),
  a: (time) => english(time, 'ccc'),
  A: (time) => english(time, 'cccc'),
  b: (time) => english(time, 'LLL'),
  h: (time) => english(time, 'LLL'),
  B: (time) => english(time, 'LLLL'),
  j: (time) => String(time.ordinal).padStart(3, '0'),
  u: (time) => String(time.weekday),
  w: (time) => String(time.weekday % 7),
  s: (time) => String(Math.floor(time.toSeconds())),
  z: (time) => time.toFormat('ZZZ'),
  Z: (time) => (time.zoneName === 'UTC' ? 'UTC' : (time.offsetNameShort ?? '')),
  G: (time) => String(time.weekYear),
  g: (time) => two(time.weekYear % 100),
  V: (time) => two(time.weekNumber),
  U: (time) => two(Math.floor((time.ordinal + 6 - (time.weekday % 7)) / 7)),
  W: (time) => two(Math.floor((time.ordinal + 6 - ((time.weekday + 6) % 7)) / 7)),
  C: (time) => two(Math.floor(time.year / 100)),
  F: (time) => time.toFormat('yyyy-LL-dd'),
  T: (time) => time.toFormat('HH:mm:ss'),
  R: (time) => time.toFormat('HH:mm'),
  D: (time) => time.toFormat('LL/dd/yy'),
  x: (time) => time.toFormat('LL/dd/yy'),
  X: (time) => time.toFormat('HH:mm:ss'),
  c: (time) => `${english(time, 'ccc LLL')} ${String(time.day).padStart(2)} ${time.toFormat('HH:mm:ss yyyy')}`,
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};

/** C's `strftime` in the C locale, in local time or UTC. Unknown letters stay as they are. */
export function formatTime(format: string, time: Date, utc: boolean): string {
  const moment = DateTime.fromJSDate(time, { zone: utc ? 'utc' : 'local' });
  return format.replace(/%([-_0^]?)([a-zA-Z%])/g, (all, flag: string, letter: string) => {
    const text = FORMATS[letter]?.(moment);
    return text === undefined ? all : flagged(text, flag);
  });
}

function flagged(text: string, flag: string): string {
  if (flag === '^') return text.toUpperCase();
  const padded = /^[0 ]+(?=\d)/;
  if (flag === '-') return text.replace(padded, '');
  if (flag === '_') return text.replace(padded, (zeros) => ' '.repeat(zeros.length));
  return flag === '0' ? text.replace(padded, (spaces) => '0'.repeat(spaces.length)) : text;
}

/** A moment as Python prints a datetime without zone. */
export function timeText(time: Date, utc: boolean): string {
  const moment = DateTime.fromJSDate(time, { zone: utc ? 'utc' : 'local' });
  return moment.toFormat(moment.millisecond === 0 ? 'yyyy-LL-dd HH:mm:ss' : "yyyy-LL-dd HH:mm:ss.SSS'000'");
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function english(time: DateTime, format: string): string {
  return time.setLocale('en-US').toFormat(format);
}
