import { posix } from 'node:path';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import { quote } from '../shell/command.js';
import { ALIVE, type HostClaim, lockPlace, type LockWords, oneWord, SELF, takeScript } from './claim.js';
import type { ExecResult } from './connection.js';

/** How a session stands to the lock: it can write there, or another one has to note its shell there for it. */
export type Standing = { kind: 'owner' } | { kind: 'guest'; shell: string; user: string };

/** What a session's start, or a closer look, said of the lock. */
type Told =
  | { word: 'taken' | 'joined' | 'other' | 'busy' }
  | { word: 'unwritable'; place: string }
  | { word: 'guest'; standing: Standing }
  | { word: 'held'; holder: Holder }
  | { word: 'outrun'; fence: string }
  | { word: 'foreign' | 'odd' | 'stuck'; what: string; place: string };

/** Who has a host's lock, in the host's words. */
export type Holder = { run: string; fence: number; store: string; person: string; from: string; since: string };

const POLL_MS = 1_000;
const BUSY_MS = 250;
/** A lock that names nobody for so many looks was left behind between its two first steps. */
const BUSY_LOOKS = 8;
const MOST_BUSY_LOOKS = 12;
/** So long a run that is overtaken gets for what it is at. */
const ENDING_MS = 10_000;

export type Contest = {
  host: string;
  words: LockWords;
  clock: Clock;
  /** What the session's start printed. */
  said: string;
  exec(script: string): Promise<ExecResult>;
};

/** How the session stands to the lock, once that is the run's. Rejects with LOCKED, CANCELLED or HOSTS_FAILED. */
export async function contend({ host, words, clock, said, exec }: Contest): Promise<Standing> {
  const { claim } = words;
  const beganMs = clock.now().getTime();
  const mustEnd = beganMs + claim.waitMs;
  let told = toldBy(said);
  let busy = 0;
  for (;;) {
    if (told.word === 'taken' || told.word === 'joined') return { kind: 'owner' };
    if (told.word === 'guest') return told.standing;
    const nowMs = clock.now().getTime();
    const waitMs =
      told.word === 'held' && isOvertaken(told.holder, claim) ? Math.max(claim.waitMs, ENDING_MS) : claim.waitMs;
    if (told.word === 'held' && nowMs + POLL_MS > beganMs + waitMs) throw lockedBy(host, told.holder, waitMs);
    if (told.word === 'outrun') throw outrun(host, told.fence, claim);
    if ('what' in told) throw refusal(host, told);
    busy = told.word === 'busy' || told.word === 'unwritable' ? busy + 1 : 0;
    const late = told.word === 'unwritable' || clock.now().getTime() >= mustEnd;
    if (busy > MOST_BUSY_LOOKS && late) throw notTaken(host, told);
    if (told.word !== 'other') await clock.sleep(told.word === 'held' ? POLL_MS : BUSY_MS, claim.signal);
    claim.signal?.throwIfAborted();
    const { stdout } = await exec(contestScript(words, { force: busy > BUSY_LOOKS }));
    told = toldBy(stdout);
  }
}

/** A run of the same store that this one could only come after: cut off or overtaken, it is ending what it was at. */
function isOvertaken({ store, fence }: Holder, claim: HostClaim): boolean {
  return store === oneWord(claim.store) && fence > 0 && fence < claim.fence;
}

/** Words are checked: another user may have put them there. */
function toldBy(text: string): Told {
  const [first = '', ...lines] = text.trim().split('\n');
  const [word = '', ...rest] = first.split(' ');
  switch (word) {
    case 'taken':
    case 'joined':
    case 'other':
    case 'busy':
      return { word };
    case 'guest':
      return { word, standing: { kind: 'guest', shell: rest.slice(0, 3).join(' '), user: rest[3] ?? '' } };
    case 'held':
      return { word, holder: holderOf(lines) };
    case 'outrun':
      return { word, fence: rest[0] ?? '' };
    case 'foreign':
    case 'odd':
    case 'stuck':
      return { word, what: shown(rest.join(' ')), place: shown(lines[0] ?? '') };
    default:
      return { word: 'unwritable', place: shown(lines[0] ?? '') };
  }
}

/** The first lines of a lock's file. */
export function holderOf([first = '', person = '', from = '', since = '']: readonly string[]): Holder {
  const [run = '', fence = '', store = ''] = first.split(' ').map(shown);
  return { run, fence: Number(fence) || 0, store, person: shown(person), from: shown(from), since: shown(since) };
}

/** What became of an action that came too late. */
export function takenOver(host: string, by: string, claim: HostClaim | undefined): StarsError {
  const { run } = holderOf([by]);
  if (run !== '')
    return new StarsError('LOCK_LOST', `${host}: this run's lock was taken over by run ${run}, so nothing was done.`, {
      hint: `“show ${run}” tells what that run does; when it is through, “resume ${claim?.run ?? 'last'}” goes on here.`,
    });
  return new StarsError('LOCK_LOST', `${host}: this run's lock is gone, so nothing was done: somebody took it away.`, {
    hint: `“resume ${claim?.run ?? 'last'}” takes it anew and goes on here.`,
  });
}

function shown(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200);
}

function lockedBy(host: string, { run, person, from, since }: Holder, waitMs: number): StarsError {
  const waited = waitMs > 0 ? ` It did not get free within ${waitMs / 1000} s.` : '';
  return new StarsError(
    'LOCKED',
    `${host} is locked by run ${run} of ${person} (since ${since}, from ${from}).${waited}`,
    {
      hint: `Wait for that run, or give --wait 10m. “verify ${run}” tells, where that run is known, what it does there; a lock whose commands have all ended is free by itself.`,
    },
  );
}

function outrun(host: string, later: string, { fence }: HostClaim): StarsError {
  return new StarsError(
    'LOCKED',
    `${host}: a later run (fence ${later}) has worked here, so this one (fence ${fence}) may not any more.`,
    { hint: 'Its lock was taken over meanwhile, or what it did here was ended by hand. Start the command again.' },
  );
}

function refusal(host: string, { word, what, place }: Extract<Told, { what: string }>): StarsError {
  const remove = `sudo rm -r ${place}`;
  switch (word) {
    case 'foreign':
      return new StarsError('LOCKED', `${host}: ${place} belongs to ${what}, and is no lock that can be read.`, {
        hint: `See what it is. When nothing of Stars runs as ${what}, remove it on the host: ${remove}`,
      });
    case 'stuck':
      return new StarsError(
        'LOCKED',
        `${host}: ${place} was left behind by a run as ${what}, and this login may not remove it.`,
        { hint: `Remove it on the host: ${remove}` },
      );
    case 'odd':
      return new StarsError('LOCKED', `${host}: ${what} lies where the lock of the host belongs, ${place}.`, {
        hint: `See who put it there, then remove it: sudo rm ${place}`,
      });
  }
}

function notTaken(host: string, told: Told): StarsError {
  if (told.word !== 'unwritable')
    return new StarsError('LOCKED', `${host}: others are about to take the lock of the host.`, { hint: 'Try again.' });
  const folder = posix.dirname(told.place);
  return new StarsError(
    'HOSTS_FAILED',
    `${host}: the lock of the host, ${told.place}, cannot be written, so nothing was done.`,
    {
      hint: `See whether ${folder} is full, read-only or not writable for this login: df ${folder}; ls -ld ${folder}; touch ${folder}/x`,
    },
  );
}

/** How much of a lock's file is looked at: another user may have written it. */
export const HOLDER_BYTES = 8192;

/**
 * Looks closely at a lock that could not be had, and takes it over when none of its shells lives. Prints one word, and what belongs to
 * it. With `force`, what has been busy for long counts as left behind.
 */
function contestScript(words: LockWords, { force }: { force: boolean }): string {
  const { claim, identity } = words;
  return `${lockPlace('d', claim.folder)}
force=${force ? 'yes' : ''}
${SELF}
${ALIVE}
take() {
  said=$(
${takeScript(words)}
  )
  case $said in
    ' other '*)
      if [ -s $d/holder ]; then echo busy; exit 0; fi
      [ -z "$force" ] || { rm -f $d/holder; rmdir $d; } 2>/dev/null
      echo unwritable; echo $d ;;
    *) echo \${said# } ;;
  esac
  exit 0
}
odd() { echo odd "$1"; echo $d; exit 0; }
[ ! -L $d ] || odd 'a link'
[ -e $d ] || take
[ -d $d ] || odd 'a file'
complain() { set -- "$1" $(ls -ld $d); echo "$1" "$4"; echo $d; exit 0; }
set -- $(ls -ldn $d)
number=$3 uid=$(id -u) text=
case $number in '') echo busy; exit 0 ;; 0 | $uid) foreign= ;; *) foreign=yes ;; esac
[ ! -f $d/holder ] || [ -r $d/holder ] || complain foreign
[ ! -f $d/holder ] || text=$(head -c ${HOLDER_BYTES} $d/holder 2>/dev/null)
first=\${text%%
*}
[ "$first" != ${identity} ] || take
if [ -z "$text" ]; then
  [ -z "$foreign" ] || complain foreign
  [ "$force" ] || { echo busy; exit 0; }
fi
state=$(printf '%s\\n' "$text" | {
  read -r line; read -r line; read -r line; read -r line
  while read -r a b c; do if alive "$a" "$b" "$c"; then echo held; exit; fi; done
})
if [ "$state" ]; then
  echo held
  printf '%s\\n' "$text" | { for number in 1 2 3 4; do read -r line; printf '%s\\n' "$line"; done; }
  exit 0
fi
set -f
set -- $first
set +f
${outrunBefore(claim)}
if [ "$foreign" ] && { [ "$uid" != 0 ] || [ $# != 3 ]; }; then complain foreign; fi
as=
if [ ! -w $d ]; then
  as='sudo -n'
  if ! $as true 2>/dev/null; then
    # Others may have removed it and taken it anew meanwhile.
    if [ -w $d ] || [ ! -e $d ]; then echo busy; exit 0; fi
    complain stuck
  fi
fi
if $as mkdir $d/taken 2>/dev/null; then
  $as sh -c 'echo "$1" >"$2"' sh "$self" $d/taken/by 2>/dev/null
elif [ -z "$force" ] || { { read -r a b c <$d/taken/by; } 2>/dev/null && alive "$a" "$b" "$c"; }; then
  echo busy
  exit 0
fi
now=
[ ! -f $d/holder ] || now=$(head -c ${HOLDER_BYTES} $d/holder 2>/dev/null)
if [ "$now" != "$text" ]; then $as rm -rf $d/taken 2>/dev/null; echo busy; exit 0; fi
$as rm -rf $d
take`;
}

/** What a later run of the same store left behind stands. */
function outrunBefore({ fence, store }: HostClaim): string {
  if (fence <= 0) return '';
  const later = `case $2 in '' | *[!0-9]*) ;; *) [ "$2" -le ${fence} ] || { echo outrun "$2"; exit 0; } ;; esac`;
  return `if [ "$3" = ${quote(oneWord(store))} ]; then ${later}; fi`;
}
