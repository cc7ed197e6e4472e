/** A program on the machine of Stars that a lookup wants the answer of. */
export type OutsideCall = {
  /** For messages: `lookup pipe(date)`. */
  what: string;
  program: string;
  args: readonly string[];
  input: string;
  environment?: Readonly<Record<string, string>>;
  timeoutMs: number;
};

/** What it wrote, and its exit code. */
export type OutsideAnswer = { code: number; stdout: string; stderr: string };

/** Throws TEMPLATE when there is no answer. */
export type AskOutside = (call: OutsideCall) => OutsideAnswer;
