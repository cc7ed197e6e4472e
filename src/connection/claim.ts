import { quote } from '../shell/command.js';

/** In whose name a host is worked on: for one run, on all its hosts. */
export type HostClaim = {
  run: string;
  /** Grows with every run of the same `store`; 0 where nothing counts them. */
  fence: number;
  /** What counted the fence: fences of different stores say nothing about each other. */
  store: string;
  /** Who asked, from which machine, and since when (ISO UTC): for people who find the host locked. */
  person: string;
  from: string;
  since: string;
  /** How long to wait for a host that another run works on. */
  waitMs: number;
  /** Ends the waiting. */
  signal?: AbortSignal | undefined;
  /** Only tests have it elsewhere. */
  folder?: string | undefined;
};

/**
 * Shell that puts the lock's folder on a host into a variable. Every run and every user must come to the same place, so it hangs on nothing
 * that differs between them or changes: memory that anybody may write in, as Linux has it, which no full disk takes away; else /tmp.
 */
export function lockPlace(variable: string, folder: string | undefined): string {
  if (folder !== undefined) return `${variable}=${quote(folder)}`;
  return `${variable}=/dev/shm/.stars-lock;[ -k /dev/shm ]||${variable}=/tmp/.stars-lock`;
}

const KEPT_FENCES = 20;

/**
 * Shell that keeps the highest fence of each store until the next boot: `keep_fence STORE FENCE` fails, with the higher one in `seen`, when the
 * store has been here with a higher one. Root keeps them where root alone can write. Who cannot has a file of its own beside the lock, and
 * believes no file of another user. Wants `d` and `set -C`, by which nothing is made through a link that somebody put there.
 */
export function keepFence(folder: string | undefined): string {
  const [place, file] = folder === undefined ? ['/run', '/run/stars-fences'] : [quote(folder), '$d-fences'];
  return `read_fences() {
kept= count=0
while read -r store fence;do case $fence in ''|*[!0-9]*) continue;;esac
if [ "$store" = "$1" ];then [ "$seen" -ge "$fence" ]||seen=$fence
elif [ $count -lt ${KEPT_FENCES - 1} ];then kept="$kept$store $fence
" count=$((count+1));fi;done <$2
}
keep_fence() {
seen=0 kept= file=${file}
[ ! -f $file ]||read_fences "$1" $file
if [ ! -w ${place} ];then file=$d-fences kept=
if [ -f $file ]&&[ ! -L $file ]&&[ -O $file ];then read_fences "$1" $file;fi;fi
[ "$seen" -le "$2" ]||return 1
seen=
if [ -O $file ]&&[ ! -L $file ];then printf '%s %s\\n%s' "$1" "$2" "$kept" >|$file
else printf '%s %s\\n' "$1" "$2" >$file;fi
return 0
}`;
}

/** What is read and written on the host by a session of the claim's run. */
export type LockWords = ReturnType<typeof lockWords>;

/** The claim in words of shell. The first line of `holder` is the whole identity, and all that an action looks at. */
export function lockWords(claim: HostClaim) {
  const identity = [claim.run, String(claim.fence), claim.store].map(oneWord).join(' ');
  const about = [identity, claim.person, claim.from, claim.since].map(oneLine);
  return { claim, identity: quote(identity), about: about.map(quote).join(' ') };
}

export function oneWord(text: string): string {
  return text.replaceAll(/[^\w.:@/+-]/g, '-').slice(0, 120) || '-';
}

function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200);
}

/** This shell as a line of `holder`: boot, pid, start. `$$` is the session's shell also in its subshells. */
export const SELF = `boot=- start=- line=
{ read -r boot </proc/sys/kernel/random/boot_id;read -r line </proc/$$/stat; } 2>/dev/null
[ -z "$line" ]||{ set -- \${line##*) };start=\${20}; }
self="$boot $$ $start"`;

/**
 * Takes the lock, or joins it where the run has it already, while a session starts: prints ` taken`, ` joined`, ` guest` (it is the
 * run's, and this user cannot write there), ` outrun FENCE` or ` other`, then the shell's line. The only process is mkdir. What decides
 * is that `holder` is made anew, which only one can do.
 */
export function takeScript({ claim, identity, about }: LockWords): string {
  const keep = claim.fence > 0 ? `keep_fence ${quote(oneWord(claim.store))} ${claim.fence}` : ':';
  return `(umask 022;set -C;${lockPlace('d', claim.folder)}
${SELF}
${claim.fence > 0 ? keepFence(claim.folder) : ''}
said=other seen=
if [ ! -d $d ]&&mkdir $d&&printf '%s\\n' ${about} "$self" >$d/holder;then
if ${keep};then said=taken;else rm -rf $d;said=outrun seen="$seen ";fi
elif [ ! -L $d ]&&[ -f $d/holder ]&&read -r line <$d/holder&&[ "$line" = ${identity} ];then
if [ ! -w $d/holder ];then said=guest;elif ${keep};then printf '%s\\n' "$self" >>$d/holder;said=joined;else said=outrun seen="$seen ";fi
fi
[ $said != guest ]||self="$self $(id -u)"
printf ' %s %s%s' $said "$seen" "$self") 2>/dev/null`;
}

/** Whether a shell of `holder` is alive: `alive BOOT PID START`. Where /proc hides others or is not there, a signal tells. */
export const ALIVE = `alive() {
  case $2 in ''|*[!0-9]*) return 1 ;; esac
  [ "$1" = "$boot" ] || return 1
  if [ ! -r /proc/1/stat ]; then
    kill -0 "$2" 2>/dev/null && return
    case $(kill -0 "$2" 2>&1) in *ermi*) return 0 ;; *) return 1 ;; esac
  fi
  wanted=$3 line=
  { read -r line <"/proc/$2/stat"; } 2>/dev/null || return 1
  set -- \${line##*) }
  [ "$1" != Z ] && [ "\${20}" = "$wanted" ]
}`;
