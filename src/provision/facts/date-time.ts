import type { Dict } from '../../jinja/value.js';
import { dict } from './facts-dict.js';

/** `ansible_date_time` from `date '+%Y %m %d %H %M %S %s %Z %z %A %w %W %N'` and the last line of /etc/localtime or TZ. */
export function dateTimeFacts(line: string, zoneRule: string): Dict {
  const [
    year = '',
    month = '',
    day = '',
    hour = '',
    minute = '',
    second = '',
    epoch = '0',
    zone = '',
    offset = '',
    weekday = '',
    number = '',
    week = '',
    nanoseconds = '',
  ] = line.split(' ');
  // busybox has no %N.
  const micro = /^\d{9}$/.test(nanoseconds) ? nanoseconds.slice(0, 6) : '000000';
  const iso = new Date(Number(epoch) * 1000).toISOString();
  const compact = `${year}${month}${day}T${hour}${minute}${second}`;
  return dict({
    year,
    month,
    day,
    hour,
    minute,
    second,
    weekday,
    weekday_number: number,
    weeknumber: week,
    epoch,
    epoch_int: epoch,
    date: `${year}-${month}-${day}`,
    time: `${hour}:${minute}:${second}`,
    iso8601_micro: iso.replace(/\.\d{3}Z$/, `.${micro}Z`),
    iso8601: iso.replace(/\.\d{3}Z$/, 'Z'),
    iso8601_basic: `${compact}${micro}`,
    iso8601_basic_short: compact,
    tz: zone,
    tz_dst: summerName(zoneRule) ?? zone,
    tz_offset: offset,
  });
}

/** What a zone is called in summer, from a rule such as `CET-1CEST,M3.5.0,M10.5.0/3`. */
function summerName(rule: string): string | undefined {
  const name = '(?:[A-Za-z]{3,}|<[^>]+>)';
  const found = new RegExp(`^${name}[-+0-9:]+(${name})`).exec(rule)?.[1];
  return found?.replaceAll(/[<>]/g, '');
}
