import { posix } from 'node:path';
import { args, bool, choice, path, text } from '../arguments.js';
import { hostPath } from '../facts/host-path.js';
import { defineModule, type Plan } from '../module.js';
import { backupName } from './place-file.js';
import { dict } from './result.js';
import { asBytes, linesOf, readTextFile, rewriteTextFile } from './text-file.js';

const ITEMS = [
  'core',
  'data',
  'fsize',
  'memlock',
  'nofile',
  'rss',
  'stack',
  'cpu',
  'nproc',
  'as',
  'maxlogins',
  'maxsyslogins',
  'priority',
  'locks',
  'sigpending',
  'msgqueue',
  'nice',
  'rtprio',
  'chroot',
] as const;

const schema = args({
  domain: text().describe('A user, @group, or a wildcard.'),
  limit_type: choice('hard', 'soft', '-').describe('Which of the two limits; - means both.'),
  limit_item: choice(...ITEMS).describe('What is limited.'),
  value: text().describe('The limit: a number, unlimited, infinity or -1.'),
  use_max: bool().default(false).describe('Keep the limit that is there when it is higher.'),
  use_min: bool().default(false).describe('Keep the limit that is there when it is lower.'),
  backup: bool().default(false).describe('Keep a copy of the file before it is changed.'),
  dest: path().default('/etc/security/limits.conf').describe('The file that holds the limit.'),
  comment: text().default('').describe('A comment at the end of a line that is written.'),
});
type Args = ReturnType<typeof schema.parse>;

export const pamLimits = defineModule<Args>({
  name: 'pam_limits',
  collection: 'community.general',
  summary: 'Have a limit for a user or group in limits.conf.',
  args: schema,
  differences: [
    'A line that is changed keeps its own comment and gets no empty line behind it, and its comment does not go over to later lines.',
    'A backup is made only when the file is changed.',
    'Check mode makes no empty file.',
    'A limit added to a file whose last line has no end goes on a line of its own.',
  ],

  async plan(given, context): Promise<Plan> {
    const problem = contradiction(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const dest = await hostPath(context, given.dest);
    const file = await readTextFile(context, dest);
    if (!file.state.parentExists)
      return {
        actions: [],
        failed: `directory ${posix.dirname(dest)} is not writable (check presence, access rights, use sudo)`,
      };
    const { after, message } = editLimits(file.text ?? '', given);
    const rewrite = rewriteTextFile(context, file, after, { backup: given.backup, throughLink: false });
    const fields = (saved?: string) => dict({ msg: message, backup_file: saved });
    return { ...rewrite, result: fields(), finish: (results) => fields(backupName(results.at(-1)?.stdout)) };
  },
});

const NO_LIMIT = new Set(['unlimited', 'infinity', '-1']);

function contradiction({ limit_item: item, value, use_max: max, use_min: min }: Args): string | undefined {
  if (max && min) return 'Cannot use use_min and use_max at the same time.';
  const number = /^-?\d+$/.test(value) ? Number(value) : undefined;
  if (item === 'nice' || item === 'priority')
    return number !== undefined && number >= -20 && number <= 19
      ? undefined
      : `Value of '${value}' for item '${item}' is invalid. It must be a number from -20 to 19.`;
  return NO_LIMIT.has(value) || (number !== undefined && number >= 0)
    ? undefined
    : `Value of '${value}' for item '${item}' is invalid. It must be unlimited, infinity or -1, which mean no limit, or 0 or more.`;
}

/** The file with the limit changed where it stands, or added at the end, and the line that counts. */
function editLimits(text: string, given: Omit<Args, 'dest' | 'backup'>): { after: string; message: string } {
  const { domain, limit_type: type, limit_item: item } = given;
  const key = [asBytes(domain), type, item].join(' ');
  let message: string | undefined;
  const lines = linesOf(text).map((line) => {
    const [words = '', ...comment] = line.split('#');
    const fields = words.trim().split(/\s+/);
    if (fields.length !== 4 || fields.slice(0, 3).join(' ') !== key) return line;
    const [, , , has = ''] = fields;
    const wanted = wantedValue(given, has);
    message = wanted === has ? line : lineOf(given, wanted, comment.join('#'));
    return message;
  });
  if (message !== undefined) return { after: sameEnd(text, lines), message: `${message}\n` };
  const added = lineOf(given, given.value, '');
  return { after: [...lines, added].map((line) => `${line}\n`).join(''), message: `${added}\n` };
}

function sameEnd(text: string, lines: string[]): string {
  const after = lines.map((line) => `${line}\n`).join('');
  return `${text}\n` === after ? text : after;
}

function wantedValue({ value, use_max: max, use_min: min }: Pick<Args, 'value' | 'use_max' | 'use_min'>, has: string) {
  if (!max && !min) return value;
  const [size, other] = [sizeOf(value), sizeOf(has)];
  const replace = max ? size > other : size < other;
  return replace ? value : has;
}

function sizeOf(value: string): number {
  return NO_LIMIT.has(value) ? Number.POSITIVE_INFINITY : Number(value);
}

function lineOf(
  { domain, limit_type: type, limit_item: item, comment }: Omit<Args, 'dest' | 'backup'>,
  value: string,
  old: string,
) {
  const words = comment === '' ? old : asBytes(comment);
  return [asBytes(domain), type, item, value, ...(words === '' ? [] : [`#${words}`])].join('\t');
}
