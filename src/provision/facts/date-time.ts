import type { Dict } from '../../jinja/value.js';
import { dict } from './facts-dict.js';

/** `ansible_date_time` from `date '+%Y %m %d %H %M %S %s %Z %z %A %w %W'`. */
export function dateTimeFacts(line: string): Dict {
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
  ] = line.split(' ');
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
    iso8601_micro: iso.replace(/\.(\d{3})Z$/, '.$1000Z'),
    iso8601: iso.replace(/\.\d{3}Z$/, 'Z'),
    iso8601_basic: `${compact}000000`,
    iso8601_basic_short: compact,
    tz: zone,
    tz_dst: zone,
    tz_offset: offset,
  });
}
