import type { Report } from './report.js';
import type { Choice } from '../errors.js';

/** Ansible's recap of one host, counted as ansible-playbook counts. */
export type HostRecap = {
  ok: number;
  changed: number;
  unreachable: number;
  failed: number;
  skipped: number;
  rescued: number;
  ignored: number;
};

export type RunState =
  | 'awaiting-approval'
  | 'queued'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'denied'
  | 'expired'
  | 'interrupted';

export type RunSource = 'slack' | 'console' | 'terminal' | 'schedule';

/** Who asked. `id` is a Slack user id or `terminal:<login>`; names are for showing only. */
export type Person = { id: string; name: string };

export type TaskStatus = 'ok' | 'skipped' | 'failed' | 'unreachable' | 'ignored';

export type RunError = {
  code: string;
  message: string;
  hint?: string | undefined;
  /** What may be done next, as buttons. */
  choices?: readonly Choice[] | undefined;
};

/** What was asked, by whom and from where. */
export type RunRequest = {
  command: string;
  /** The words as typed after normalisation, secrets redacted. */
  text: string;
  args: Record<string, unknown>;
  environment: string | null;
  person: Person;
  source: RunSource;
  /** False when words of it once came from a chat, from wherever it was asked now. */
  trusted?: boolean | undefined;
} & TakesUp;

/** The ended run that is gone on with, or done again from its start. */
export type TakesUp = { resumes?: string | undefined; retries?: string | undefined };

/** What happens in a run, without the envelope that every event has. */
export type RunEventBody =
  | ({ type: 'run.requested' } & RunRequest)
  | {
      type: 'run.denied' | 'run.started' | 'run.interrupted' | 'run.resumed';
      reason?: string;
      by?: Person;
    }
  /** `holder`: the run that holds what it waits for. */
  | { type: 'run.queued'; reason?: string; by?: Person; holder?: string | undefined }
  /** `given`: how many people have approved so far, of those `needed`. */
  | { type: 'run.approved'; reason?: string; by?: Person; given?: number; needed?: number }
  /** The run waits until so many people other than the asker have approved what it would do. */
  | { type: 'approval.asked'; hash: string; text: string; needed: number; until: string }
  | { type: 'play.started'; play: string; hosts: string[] }
  | {
      type: 'task.started';
      play: string;
      role: string | null;
      task: string;
      /** It is a handler, or stands in a file or role that a task included: a run cannot start at it. */
      handler?: true;
      included?: true;
      /** It stands there in a block: a run cannot start at what rescues. */
      part?: 'rescue' | 'always';
      /** Those that take part, when they are not all hosts of the play. */
      hosts?: string[];
    }
  | {
      type: 'task.result';
      play: string;
      role: string | null;
      task: string;
      host: string;
      item?: string | undefined;
      status: TaskStatus;
      changed: boolean;
      ms: number;
      message?: string | undefined;
      diff?: string | undefined;
      /** Handlers that the host owes because of it, by name. */
      notified?: string[] | undefined;
    }
  /** A part of a run that was split by its hosts: a run of its own, with these hosts. `part` counts from 1. */
  | { type: 'part.made'; part: number; id: string; hosts: string[] }
  /** How it stands by now. `process`: who performs it; `doing`: the task it is at; `lost`: its hosts that failed so far. */
  | {
      type: 'part.changed';
      part: number;
      state: RunState;
      process?: string | undefined;
      doing?: string | undefined;
      lost?: string[] | undefined;
    }
  | { type: 'step.started'; step: string }
  /** `result`: what the step gave, noted so that it need not be done again. */
  | { type: 'step.finished'; step: string; ok: boolean; message?: string | undefined; result?: unknown }
  /** What a run in check mode would do, so that exactly this can be applied; texts are sealed with a key that is not recorded. */
  | {
      type: 'plan.made';
      hash: string;
      /** Which key sealed it. */
      key: string;
      /** By host: its changes. */
      hosts: Record<string, string[]>;
      /** Files of the project and of the inventory. */
      files: Record<string, string>;
      inventory: Record<string, string>;
      /** What `-e` said. */
      extraVars: string;
    }
  /** What the command reports; people see it in the run's message. */
  | ({ type: 'report.made' } & Report)
  /** A file for people; `path`: where it was put for whoever has no chat. */
  | { type: 'file.attached'; name: string; bytes: number; alt?: string | undefined; path?: string | undefined }
  /** A remark for the person: a deprecation, something left out. */
  | { type: 'note'; message: string }
  /** Something that a person may want next, by the words that do it. */
  | ({ type: 'offer' } & Choice)
  | {
      type: 'run.finished';
      state: RunState;
      ms: number;
      /** The closing words of the command. */
      summary?: string | undefined;
      error?: RunError | undefined;
      hosts?: Record<string, HostRecap> | undefined;
      /** Set when the playbook was left before its end, so that no host is through. */
      brokenOff?: true | undefined;
    };

/** `seq` counts from 1 without gaps within a run; `at` is ISO UTC with milliseconds. */
export type RunEvent = { run: string; seq: number; at: string } & RunEventBody;

export type Emit = (event: RunEventBody) => void;
