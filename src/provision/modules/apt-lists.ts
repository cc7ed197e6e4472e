import { sh, type ShellCommand } from '../../shell/command.js';

const NEW_LISTS = 'stars-new-lists';

/** How often the lists are asked for, and how many seconds lie at most between two attempts. */
export type Attempts = { attempts: number; maxDelaySeconds: number };

/** As the modules' arguments say it. */
export function attemptsOf(given: { update_cache_retries: number; update_cache_retry_max_delay: number }): Attempts {
  return { attempts: given.update_cache_retries, maxDelaySeconds: given.update_cache_retry_max_delay };
}

/** Fetches the lists of packages; fails when one source of them cannot be reached, where apt-get itself only warns. */
export function fetchLists(
  lockTimeoutSeconds: number,
  { attempts, maxDelaySeconds }: Attempts = { attempts: 1, maxDelaySeconds: 0 },
): ShellCommand {
  const once = fetchOnce(lockTimeoutSeconds).text;
  if (attempts <= 1) return { text: once };
  const pause = `sleep "$pause"; pause=$((pause * 2)); [ "$pause" -le ${maxDelaySeconds} ] || pause=${maxDelaySeconds}`;
  return {
    text: `left=${attempts} pause=${Math.min(1, maxDelaySeconds)}; until ${once}
do left=$((left - 1)); [ "$left" -gt 0 ] || break; ${pause}; done; [ "$left" -gt 0 ]`,
  };
}

function fetchOnce(lockTimeoutSeconds: number): ShellCommand {
  const time = (format: string) =>
    `stat -c ${format} /var/lib/apt/periodic/update-success-stamp 2>/dev/null || stat -c ${format} /var/lib/apt/lists 2>/dev/null`;
  const fetch = sh`apt-get -q ${['-o', `DPkg::Lock::Timeout=${lockTimeoutSeconds}`]} update`;
  const problems = `{ printf '%s\\n' "$said" | grep '^[EW]:' >&2; false; }`;
  return {
    text: `before=$(${time('%y')}); said=$(${fetch.text} 2>&1); code=$?; printf '%s\\n' "$said"
case $code$said in 0*'Failed to fetch'*|[1-9]*) ${problems};; *) [ "$before" = "$(${time('%y')})" ] || echo ${NEW_LISTS} $(${time('%Y')});; esac`,
  };
}

/** Whether `fetchLists` said that the lists are other ones than before, by the time that Ansible looks at. */
export function hasNewLists(stdout: string | undefined): boolean {
  return stdout?.includes(NEW_LISTS) === true;
}

/** When the lists are of, as `fetchLists` said it, in seconds; 0 where it did not. */
export function listsTime(stdout: string | undefined): number {
  return Number(new RegExp(`^${NEW_LISTS} (\\d+)$`, 'm').exec(stdout ?? '')?.[1] ?? 0);
}
