import { z } from 'zod';
import { StarsError } from '../errors.js';

/** What came back, header names in lower case. */
export type Answer = { status: number; headers: Record<string, string>; body: string; url: string };

/** What a service said when it refused; the cause of API_REFUSED and APP_LOCKED. */
export type Refusal = { status: number; message: string; deployments: string[] };

const FIRST_WORDS = 120;

const RefusalBody = z.object({
  message: z.string().optional().catch(undefined),
  details: z.unknown().optional(),
  deployments: z
    .array(z.object({ id: z.string() }))
    .optional()
    .catch(undefined),
});
const RefusalDetails = z.array(z.object({ path: z.string().optional(), errors: z.array(z.string()) }));

/** The status and words of a refused call, or undefined for any other error. */
export function refusalOf(error: unknown): Refusal | undefined {
  const cause = error instanceof StarsError ? error.cause : undefined;
  return cause && typeof cause === 'object' && 'status' in cause ? (cause as Refusal) : undefined;
}

/** The body as the schema has it; API_ANSWER that says what came instead and where it differs. */
export function readJson<T>(service: string, answer: Answer, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parse(service, answer));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.slice(0, 3).map(describeIssue).join('; ');
  throw new StarsError(
    'API_ANSWER',
    `${place(service, answer.url)} answered in a shape that Stars does not know: ${wrong}.`,
    {
      hint: `Look whether this address is really ${service}, and which version it has.`,
      cause: parsed.error,
    },
  );
}

function parse(service: string, answer: Answer): unknown {
  const { body, url } = answer;
  if (body.trim() === '') return undefined;
  try {
    return JSON.parse(body);
  } catch (cause) {
    if (isPage(answer)) {
      throw new StarsError(
        'API_ANSWER',
        `${place(service, url)} answered with a web page instead of JSON${wordsOf(answer, ': ')}.`,
        {
          hint: 'A proxy or a login page may stand in front of it.',
          cause,
        },
      );
    }
    throw new StarsError(
      'API_ANSWER',
      `${place(service, url)} answered with something that is not JSON${wordsOf(answer, ': ')}.`,
      {
        hint: 'The answer may have been cut off on its way.',
        cause,
      },
    );
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const path = issue.path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
  return `${path || 'the answer'} ${issueWords(issue)}`;
}

function issueWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return `should be ${article(issue.expected)}`;
  if (issue.code === 'invalid_union') return 'has an unknown form';
  return issue.message.replace(/^Invalid (input|string): ?/, 'is not right: ').replace(/\.$/, '');
}

function article(type: string): string {
  const names: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    object: 'an object',
    array: 'a list',
    boolean: 'true or false',
  };
  return names[type] ?? type;
}

/** A 4xx, 5xx or unwanted redirect as one sentence: the service's own message and details, never its stack trace. */
export function refusal(service: string, answer: Answer): StarsError {
  const { status, url } = answer;
  const { message, deployments } = refusalWords(answer);
  const cause: Refusal = { status, message, deployments };
  if (status === 409 && deployments.length > 0) return locked(service, cause);
  if (status >= 500) {
    return new StarsError(
      'API_ANSWER',
      `${place(service, url)} failed with ${status}${message && `: ${sentence(message)}`}`,
      { cause },
    );
  }
  const code = 'API_REFUSED';
  if (status === 401) {
    return new StarsError(code, `${place(service, url)} wants a login${message && ` (${message})`}.`, {
      hint: 'Give it a username and a password in environment.yml, or check the ones that are there.',
      cause,
    });
  }
  if (status === 403)
    return new StarsError(code, `${place(service, url)} does not allow this: ${sentence(message || '403')}`, { cause });
  return new StarsError(code, `${place(service, url)} refused (${status})${message ? `: ${sentence(message)}` : '.'}`, {
    cause,
  });
}

function locked(service: string, cause: Refusal): StarsError {
  const [ids, noun] = [cause.deployments.join(', '), cause.deployments.length === 1 ? 'deployment' : 'deployments'];
  return new StarsError('APP_LOCKED', `${service} says that it is locked by ${noun} ${ids}.`, {
    hint: 'Wait until it is over, or use --force to cancel it (what it has done so far stays as it is).',
    cause,
  });
}

function refusalWords(answer: Answer): { message: string; deployments: string[] } {
  const parsed = RefusalBody.safeParse(unwrap(answer.body));
  if (!parsed.success) return { message: firstWords(answer), deployments: [] };
  const { message = '', details, deployments = [] } = parsed.data;
  const flat = [firstLine(message), detailWords(details)].filter(Boolean).join(': ');
  return { message: redactUrl(flat), deployments: deployments.map(({ id }) => id) };
}

// Marathon's pods answer with JSON inside a JSON text.
function unwrap(body: string): unknown {
  try {
    const once: unknown = JSON.parse(body);
    return typeof once === 'string' ? JSON.parse(once) : once;
  } catch {
    return undefined;
  }
}

function detailWords(details: unknown): string {
  if (typeof details === 'string') return firstLine(details);
  const parsed = RefusalDetails.safeParse(details);
  if (!parsed.success) return '';
  return parsed.data.map(({ path, errors }) => [path, errors.join(', ')].filter(Boolean).join(' ')).join('; ');
}

export function tooLarge(service: string, url: string, maxBytes: number): StarsError {
  return new StarsError(
    'API_ANSWER',
    `${place(service, url)} answered with more than ${Math.round(maxBytes / 1024 / 1024)} MB.`,
  );
}

type Unanswered = { url: string; reason: string; hint?: string };

/** No instance gave a usable answer. `maybeDone`: a change was sent and nobody knows whether it took place. */
export function unreachable(service: string, failures: Unanswered[], maybeDone: boolean): StarsError {
  const reasons = failures.map(({ url, reason }) => `${shown(url)} ${reason}`).join('; ');
  const usual = failures.find(({ hint }) => hint)?.hint ?? `Check that ${service} runs and that its address is right.`;
  return new StarsError('API_UNREACHABLE', `${service} does not answer: ${sentence(reasons || 'it has no address')}`, {
    hint: maybeDone ? 'The change may have happened all the same: look before you repeat it.' : usual,
    cause: { maybeDone },
  });
}

/** Whether what was asked for may have been done although the call failed: no answer, one that was cut off, or a fault of the service. */
export function mayHaveHappened(error: unknown): boolean {
  if (!(error instanceof StarsError)) return false;
  const { code, cause } = error;
  if (code === 'API_ANSWER') return true;
  return (
    code === 'API_UNREACHABLE' && typeof cause === 'object' && (cause as { maybeDone?: boolean }).maybeDone === true
  );
}

/** The first words of an answer for people, after `before`; empty when there are none. */
export function wordsOf(answer: Answer, before: string): string {
  const words = refusalWords(answer).message;
  return words && `${before}"${words}"`;
}

function firstWords(answer: Answer): string {
  const text = isPage(answer) ? withoutTags(answer.body) : firstLine(answer.body);
  return redactUrl(text.length > FIRST_WORDS ? `${text.slice(0, FIRST_WORDS)}…` : text);
}

function isPage({ body, headers }: Answer): boolean {
  return (
    /^\s*<(!doctype|html|\?xml|head|body)/i.test(body) ||
    (/text\/html/.test(headers['content-type'] ?? '') && /^\s*</.test(body))
  );
}

function withoutTags(page: string): string {
  return page
    .slice(0, 10_000)
    .replace(/<(script|style)\b[^>]*>[\s\S]*?(<\/\1>|$)/gi, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ Powered by Jetty:\/\/.*$/, '')
    .trim();
}

function firstLine(text: string): string {
  return text.trim().split(/\r?\n/, 1)[0]?.slice(0, 500).trim() ?? '';
}

function sentence(text: string): string {
  return /[.!?\u2026]$/.test(text) ? text : `${text}.`;
}

function place(service: string, url: string): string {
  return `${service} at ${shown(url)}`;
}

/** For people, on a phone too: what was asked for in detail says nothing about what is wrong. */
function shown(url: string): string {
  return redactUrl(url.replace(/\?.*$/s, ''));
}

/** The text with the login of any URL in it hidden. */
export function redactUrl(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1[REDACTED]@');
}

/** For a look that is repeated: while the service cannot be reached or chokes, nothing is known. Other errors are thrown. */
export function noAnswerYet(error: unknown): undefined {
  if (error instanceof StarsError && (error.code === 'API_UNREACHABLE' || error.code === 'API_ANSWER'))
    return undefined;
  throw error;
}
