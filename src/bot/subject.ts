import type { Target } from '../home/home.js';

/** What a request is about, as far as rights look at it. */
export type Subject = {
  /** Targets, apps and jobs, all of which have to be allowed; none for a command that is about nothing of that kind. */
  targets?: readonly SubjectTarget[] | undefined;
  /** The hosts it can touch; none for a command that is not about hosts. */
  hosts?: SubjectHosts | undefined;
  /** Why it could not be found out: then no rule that narrows covers it. */
  unknown?: string | undefined;
};

export type SubjectTarget = Pick<Target, 'kind' | 'name'>;

export type SubjectHosts = {
  selected: readonly string[];
  /** The hosts that patterns stand for in the same inventory. */
  matched(patterns: readonly string[]): readonly string[];
};

/** Globs of a rule's `targets`: whether each target is matched by one of them. About nothing means not. */
export function isAbout(globs: readonly string[], targets: readonly SubjectTarget[] = []): boolean {
  const patterns = globs.map((glob) => bare(glob));
  return targets.length > 0 && targets.every((target) => isMatched(target, patterns));
}

/** Patterns of a rule's `hosts`: whether all hosts are within them. No hosts means not. */
export function isWithin(patterns: readonly string[], hosts: SubjectHosts | undefined): boolean {
  if (!hosts || hosts.selected.length === 0) return false;
  const allowed = new Set(hosts.matched(patterns));
  return hosts.selected.every((host) => allowed.has(host));
}

/** As a person can write it: `role:zookeeper`, `zeppelin`. */
export function spelled({ kind, name }: SubjectTarget): string {
  return kind === 'role' || kind === 'job' ? `${kind}:${name}` : bare(name);
}

function isMatched(target: SubjectTarget, patterns: readonly string[]): boolean {
  const spellings = [spelled(target), `${target.kind}:${bare(target.name)}`];
  return patterns.some((pattern) => spellings.some((spelling) => matchesGlob(pattern, spelling)));
}

/** Marathon's ids with and without the slash at the start are the same. */
function bare(name: string): string {
  return name.replace(/^(app:)?\/+/, '$1').replace(/\/+$/, '');
}

/** `*` stands for any text, `?` for one character; without backtracking over more than the last `*`. */
export function matchesGlob(glob: string, text: string): boolean {
  let [at, here] = [0, 0];
  let [star, from] = [-1, 0];
  while (here < text.length) {
    if (glob[at] === '*') {
      [star, from] = [at, here];
      at += 1;
    } else if (at < glob.length && (glob[at] === '?' || glob[at] === text[here])) {
      at += 1;
      here += 1;
    } else if (star === -1) {
      return false;
    } else {
      at = star + 1;
      from += 1;
      here = from;
    }
  }
  while (glob[at] === '*') at += 1;
  return at === glob.length;
}
