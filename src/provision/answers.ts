import { posix } from 'node:path';
import type { ExecResult } from '../connection/connection.js';
import { foldersAbove, type Ground, groundScript, isWithin, parseGround } from './ground.js';
import type { Question } from './joint-questions.js';

/** A change of these paths alone, on the file systems that its user sees. */
export type Touched = {
  paths: readonly string[];
  ground: Ground;
  /** Whether folders above a path are missing, so that the change may make them too. */
  makesFoldersAbove: boolean;
  /** To be told, after the last `forget`, that the path has become an empty folder: what is below it needs not be asked then. */
  becameFolder(): void;
};

/** What a host said to one user, and for how long it holds. */
export type Answers = {
  get(script: string): Promise<ExecResult> | undefined;
  set(question: Question, answer: Promise<ExecResult>): void;
  /** The script to be asked together with these questions, so that their answers may outlive changes elsewhere; undefined when it is not needed. */
  groundOf(questions: readonly Question[]): GroundQuestion | undefined;
  /** The paths as a change that leaves the answers about other paths as they are; undefined when it cannot be told what it changes. */
  bounds(paths: readonly string[] | undefined): Touched | undefined;
  /** Drops what the change may have changed; everything when it is not known. */
  forget(touched: Touched | undefined): void;
  /** Drops what a change on another host may have changed: nothing of the host's own, unless it is this one under another name. */
  forgetShared(touched: Touched | undefined): void;
};

export type GroundQuestion = { script: string; learn(result: ExecResult | undefined): void };

type Entry = { question: Question; answer: Promise<ExecResult>; settled: ExecResult | undefined; isFirm: boolean };

/** Files by which the names of owners are found, and the packages: who touches them touches what is said of others. */
const TELLS_OF_OTHERS =
  /^\/var\/lib\/dpkg|^\/etc\/(passwd|group|shadow|gshadow|nsswitch\.conf)|userdb|extrausers|nss|^\/(usr\/)?lib/;

/** Before it begins and when it has ended. */
const FORGOTTEN_BY_ONE_ACTION = 2;

export function createAnswers(): Answers {
  let entries = new Map<string, Entry>();
  let ground: Ground | undefined;
  let hasGround = true;
  /** Folders that are no links, as far as that was asked since they could have changed. */
  let folders = new Set<string>();
  /** What was asked before a change may be answered after it: then nothing is learned from it. */
  let age = 0;

  function isFirm(entry: Entry): boolean {
    entry.isFirm ||= foundFirm(entry);
    return entry.isFirm;
  }

  function foundFirm({ question: { about, together }, settled }: Entry): boolean {
    if (about === undefined || settled === undefined || !leadsAlone(about)) return false;
    // What is in a file is as firm as what stands there.
    return together
      ? isFirmState(together.kind, settled)
      : [...entries.values()].some((other) => tellsOf(other, about));
  }

  function tellsOf({ question: { about, together }, settled }: Entry, path: string): boolean {
    return about === path && together !== undefined && settled !== undefined && isFirmState(together.kind, settled);
  }

  /** A path by which nothing else can be reached and which is reached by nothing else. */
  function leadsAlone(path: string): boolean {
    return isPlain(path) && ground?.isOwn(path) === true && foldersAbove(path).every((folder) => folders.has(folder));
  }

  function keep(stays: (entry: Entry) => boolean): void {
    const firm = [...entries].filter(([, entry]) => isFirm(entry));
    entries = new Map(firm.filter(([, entry]) => stays(entry)));
  }

  /** Nothing is there yet; what was said of paths below stays as it was, but that the folder of some is there now. */
  function learningBelow([folder = '']: readonly string[], asked: number): () => void {
    const below = [...entries.values()].filter((entry) => isBelow(entry, folder) && isLost(entry) && isFirm(entry));
    const ways = [...folders].filter((way) => isWithin(way, folder));
    return () => {
      // Something else changed the host meanwhile.
      if (age !== asked + FORGOTTEN_BY_ONE_ACTION) return;
      for (const way of ways) folders.add(way);
      for (const { question, settled } of below) {
        const stdout = posix.dirname(question.about ?? '') === folder ? question.together?.kind.inNewFolder : '';
        if (settled && stdout !== undefined) set(question, Promise.resolve({ ...settled, stdout }));
      }
    };
  }

  function set(question: Question, answer: Promise<ExecResult>): void {
    const { script } = question;
    const entry: Entry = { question, answer, settled: undefined, isFirm: false };
    entries.set(script, entry);
    answer.then(
      (result) => (entry.settled = result),
      // The failure belongs to whoever asks for this, which may be much later or nobody.
      () => {
        if (entries.get(script) === entry) entries.delete(script);
      },
    );
  }

  function forgetAll(): void {
    age += 1;
    entries = new Map();
    folders = new Set();
    ground = undefined;
  }

  return {
    get: (script) => entries.get(script)?.answer,

    set,

    groundOf(questions) {
      const paths = questions.flatMap(({ about }) => (about !== undefined && isPlain(about) ? [about] : []));
      if (paths.length === 0 || !hasGround) return undefined;
      const unknown = [...new Set(paths.flatMap(foldersAbove))].filter((folder) => !folders.has(folder));
      const isKnown = ground !== undefined;
      if (isKnown && unknown.length === 0) return undefined;
      const asked = age;
      return {
        script: groundScript(unknown, isKnown),
        learn(result) {
          if (asked !== age || !result) return;
          const said = parseGround(result.stdout);
          ground ??= said.ground;
          hasGround = ground !== undefined;
          for (const folder of unknown) if (!said.links.has(folder)) folders.add(folder);
        },
      };
    },

    bounds(paths) {
      const all = [...entries.values()];
      const isAlone = (path: string) => {
        const about = all.filter((entry) => entry.question.about === path && entry.question.together);
        return about.length > 0 && about.every(isFirm);
      };
      const bounded = paths?.every((path) => !TELLS_OF_OTHERS.test(path) && isAlone(path));
      if (!ground || !paths || !bounded) return undefined;
      const makesFoldersAbove = all.some((entry) => paths.includes(entry.question.about ?? '') && isLost(entry));
      return { paths, ground, makesFoldersAbove, becameFolder: learningBelow(paths, age) };
    },

    forget(touched) {
      if (touched?.ground.view !== ground?.view || touched === undefined) return forgetAll();
      age += 1;
      keep(
        (entry) => !touched.paths.some((path) => concerns(path, entry) || (touched.makesFoldersAbove && isLost(entry))),
      );
      folders = new Set([...folders].filter((folder) => !touched.paths.some((path) => isWithin(folder, path))));
    },

    forgetShared(touched) {
      if (touched === undefined || touched.ground.machine === ground?.machine) return forgetAll();
      keep(() => true);
    },
  };
}

function isFirmState(kind: { isFirm?(answer: string): boolean }, { stdout }: ExecResult): boolean {
  return kind.isFirm?.(stdout) === true;
}

/** Whether a change of the path may change the answer. */
function concerns(touched: string, { question: { about = '' } }: Entry): boolean {
  return isWithin(about, touched) || isWithin(touched, about);
}

/** Whether not even the folder is there. */
function isLost({ question: { together }, settled }: Entry): boolean {
  return settled !== undefined && together?.kind.isLost?.(settled.stdout) === true;
}

function isBelow({ question: { about = '', together } }: Entry, folder: string): boolean {
  return together !== undefined && about !== folder && isWithin(about, folder);
}

function isPlain(path: string): boolean {
  return path.startsWith('/') && posix.normalize(path) === path;
}
