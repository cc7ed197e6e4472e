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

export type RunError = { code: string; message: string; hint?: string | undefined };

/** What was asked, by whom and from where. */
export type RunRequest = {
  command: string;
  /** The words as typed after normalisation, secrets redacted. */
  text: string;
  args: Record<string, unknown>;
  environment: string | null;
  person: Person;
  source: RunSource;
};

/** What happens in a run, without the envelope that every event has. */
export type RunEventBody =
  | ({ type: 'run.requested' } & RunRequest)
  | {
      type: 'run.queued' | 'run.approved' | 'run.denied' | 'run.started' | 'run.interrupted' | 'run.resumed';
      reason?: string;
      by?: Person;
    }
  | { type: 'play.started'; play: string; hosts: string[] }
  | { type: 'task.started'; play: string; role: string | null; task: string }
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
    }
  | { type: 'step.started'; step: string }
  | { type: 'step.finished'; step: string; ok: boolean; message?: string | undefined }
  /** A remark for the person: a deprecation, something left out. */
  | { type: 'note'; message: string }
  | {
      type: 'run.finished';
      state: RunState;
      ms: number;
      /** The closing words of the command. */
      summary?: string | undefined;
      error?: RunError | undefined;
      hosts?: Record<string, HostRecap> | undefined;
    };

/** `seq` counts from 1 without gaps within a run; `at` is ISO UTC with milliseconds. */
export type RunEvent = { run: string; seq: number; at: string } & RunEventBody;

export type Emit = (event: RunEventBody) => void;
