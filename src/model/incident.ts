export type Severity = 'degraded' | 'down';

/** One thing that is wrong in an environment. */
export type Problem = {
  /** `layer:marathon`, `app:/zeppelin`, `job:reindex`, `host:worker1`, `backup`. */
  key: string;
  /** What it is about, as people call it. */
  title: string;
  severity: Severity;
  /** What is wrong with it: the rest of a sentence that begins with the title. */
  says: string;
  /** Keys of what would explain it, if that were wrong too; the deepest first. */
  needs: readonly string[];
  /** It may well be wrong for so long, such as during a deployment. */
  patienceMs?: number | undefined;
};

/** A problem since it was first seen. Times are ISO UTC. */
export type KnownProblem = Problem & {
  since: string;
  /** Since when it is not seen any more. */
  clearSince?: string | undefined;
};

/** What people are told of: a cause with all that follows from it. */
export type Incident = {
  id: string;
  environment: string;
  openedAt: string;
  /** When people were told; undefined as long as they were not. */
  toldAt?: string | undefined;
  closedAt?: string | undefined;
  escalatedAt?: string | undefined;
  /** When it went down that had been told as less. */
  worseAt?: string | undefined;
  /** Since when everything about it is well. */
  clearSince?: string | undefined;
  /** How often it came back. */
  returns: number;
  /** The worst that it was. */
  severity: Severity;
  /** What it is about now, the causes first; when it is over, what it was about last. */
  causes: { key: string; title: string; says: string; severity: Severity; since: string }[];
  /** What follows from them. */
  dependents: { key: string; title: string }[];
  /** What happened in it, oldest first. */
  history: { at: string; says: string }[];
};

/** Nobody wants to hear of an environment until then. */
export type Mute = {
  environment: string;
  until: string;
  reason: string;
  person: { id: string; name: string };
  since: string;
};
