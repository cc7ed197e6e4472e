/**
 * Every error that reaches a person, by a stable code, with the exit status a terminal gets for it
 * (1 the run failed, 2 bad usage or configuration, 3 not permitted or denied, 4 locked, 130 cancelled).
 */
const EXIT_STATUS = {
  USAGE: 2,
  UNCONFIRMED: 2,
  UNKNOWN_COMMAND: 2,
  UNKNOWN_TARGET: 2,
  UNKNOWN_ENVIRONMENT: 2,
  UNKNOWN_HOST_PATTERN: 2,
  UNKNOWN_RUN: 2,
  CONFIG: 2,
  SYNTAX: 2,
  INVENTORY: 2,
  PLAYBOOK: 2,
  UNSUPPORTED: 2,
  // In a task they fail a host; as the end of a run they are a mistake in the project that was found before any host.
  TEMPLATE: 2,
  UNDEFINED_VARIABLE: 2,
  VAULT: 2,
  NOT_PERMITTED: 3,
  DENIED: 3,
  LOCKED: 4,
  APP_LOCKED: 4,
  LOCK_LOST: 1,
  CANCELLED: 130,
  INTERRUPTED: 1,
  TIMEOUT: 1,
  HOSTS_FAILED: 1,
  PLAN_STALE: 1,
  DRIFT: 1,
  UNREACHABLE: 1,
  HOST_KEY: 1,
  AUTHENTICATION: 1,
  BECOME: 1,
  API_UNREACHABLE: 1,
  API_ANSWER: 1,
  API_REFUSED: 1,
  APP_NOT_FOUND: 2,
  UNHEALTHY: 1,
  BACKUP: 1,
  STORE: 1,
  AUDIT: 1,
  SLACK: 1,
  INTERNAL: 1,
} as const;

export type ErrorCode = keyof typeof EXIT_STATUS;

/** Where in a file an error stands; line and column count from 1. */
export type Position = { file: string; line?: number; column?: number };

/** A name that there is nothing of, which a project may have defined itself. */
export type MissingName = { kind: 'filter' | 'test' | 'lookup' | 'module'; name: string };

/** What a person may do next, as a button; `words` is the command that it stands for, `asks` what is asked before it counts. */
export type Choice = { words: string; label: string; style?: 'primary' | 'danger'; asks?: string };

export type ErrorDetails = {
  hint?: string;
  where?: Position;
  cause?: unknown;
  missing?: MissingName;
  choices?: readonly Choice[];
};

/** What failed, in one sentence; where; and what to do next. Programs read `code`, people read `describe()`. */
export class StarsError extends Error {
  override readonly name = 'StarsError';
  readonly hint: string | undefined;
  readonly where: Position | undefined;
  readonly missing: MissingName | undefined;
  readonly choices: readonly Choice[] | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    { hint, where, cause, missing, choices }: ErrorDetails = {},
  ) {
    super(message, { cause });
    this.hint = hint;
    this.where = where;
    this.missing = missing;
    this.choices = choices;
  }

  get exitStatus(): number {
    return EXIT_STATUS[this.code];
  }

  /** The same with other details. */
  with(details: ErrorDetails): StarsError {
    const { code, message, hint, where, cause, missing, choices } = this;
    const own = {
      ...(hint ? { hint } : {}),
      ...(where ? { where } : {}),
      ...(missing ? { missing } : {}),
      ...(choices ? { choices } : {}),
    };
    return new StarsError(code, message, { ...own, cause, ...details });
  }

  /** `file:line:column: message` and the hint below it. */
  describe(): string {
    const place = this.where ? `${formatPosition(this.where)}: ` : '';
    return `${place}${this.message}${this.hint ? `\n${this.hint}` : ''}`;
  }
}

export function formatPosition({ file, line, column }: Position): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

/** Any thrown value as a StarsError: ours as it is, others as INTERNAL with their message and no stack trace. */
export function asStarsError(thrown: unknown): StarsError {
  if (thrown instanceof StarsError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new StarsError('INTERNAL', message || 'Something went wrong inside Stars.', {
    hint: 'This is a fault in Stars: please report it with the log of this run.',
    cause: thrown,
  });
}
