import { z } from 'zod';
import { auditJson, auditText, withheldJson } from '../src/bot/audit-text.js';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { StarsError } from '../src/errors.js';
import { AUDIT_KINDS, type AuditHead, shortHead } from '../src/model/audit.js';
import { Since } from './since.js';

const Head = z.string().transform((text, context): AuditHead => {
  const [, seq, hash] = /^(\d{1,9}):([\da-f]{12,64})$/i.exec(text.trim()) ?? [];
  if (hash !== undefined) return { seq: Number(seq), hash: hash.toLowerCase() };
  context.addIssue({ code: 'custom', message: 'is a head as it was posted, such as 1042:9f3c0d6a51be' });
  return z.NEVER;
});

const AuditArgs = z.strictObject({
  what: z.enum(['search', 'verify', 'export'], { error: 'what must be search, verify or export' }).default('search'),
  head: Head.optional(),
  // In Slack a person is written as a mention.
  person: z
    .string()
    .transform((id) => id.replace(/^<@(.*)>$/, '$1'))
    .optional(),
  run: z.string().optional(),
  kind: z.enum(AUDIT_KINDS, { error: `must be one of ${AUDIT_KINDS.join(', ')}` }).optional(),
  since: Since.optional(),
  text: z.string().min(1).optional(),
  lines: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a number from 1 to 999')
    .default('20')
    .transform(Number),
});

type AuditArgs = z.infer<typeof AuditArgs>;
type Context = CommandContext<AuditArgs>;

export const audit = defineCommand({
  name: 'audit',
  summary: 'Search, verify or export the record of who asked, decided and did what.',
  words: ['[what]'],
  environment: 'none',
  flags: {
    head: {
      takes: 'SEQ:HASH',
      says: 'verify: also that the chain still holds this head, which was posted in a channel.',
    },
    person: { takes: 'ID', says: 'search: only what this person did.' },
    run: { takes: 'RUN', says: 'search: only what belongs to this run.' },
    kind: { takes: 'KIND', says: `search: only ${AUDIT_KINDS.join(', ')}.` },
    text: { takes: 'TEXT', says: 'search: only entries with this text in them.' },
    lines: { takes: 'N', says: 'search: so many entries, 20 when not said.' },
    since: { takes: 'TIME', says: 'search, export: from then on: 12h, 2d, 2026-11-01.' },
  },
  args: AuditArgs,
  permission: 'read',
  kind: 'answer',
  examples: [
    'audit search --kind refusal --since 2d',
    'audit verify --head 1042:9f3c0d6a51be',
    'audit export --since 4w',
  ],

  async run(context) {
    const { what } = context.args;
    requireFlagsOf(context.args);
    if (what === 'verify') return verified(context);
    if (what === 'export') return exported(context);
    const { head: _head, since, lines: limit, what: _what, ...filter } = context.args;
    return auditText(
      await context.audit.search({ ...filter, since: since?.(context.clock.now()), limit }, context.signal),
    );
  },
});

const FLAGS_OF: Record<AuditArgs['what'], readonly string[]> = {
  search: ['person', 'run', 'kind', 'text', 'since', 'lines'],
  verify: ['head'],
  export: ['since'],
};

/** A flag that would do nothing is more likely a misunderstanding than a wish. */
function requireFlagsOf({ what, lines: _lines, ...flags }: AuditArgs): void {
  for (const [name, value] of Object.entries(flags)) {
    if (value === undefined || FLAGS_OF[what].includes(name)) continue;
    throw new StarsError('USAGE', `audit: --${name} does not belong to ${what}.`, {
      hint: `audit ${what} knows ${FLAGS_OF[what].map((flag) => `--${flag}`).join(', ')}.`,
    });
  }
}

async function verified({ args: { head: posted }, audit: chain, signal }: Context): Promise<string> {
  const { rows, head, broken } = await chain.verify({ posted, signal });
  if (broken) {
    throw new StarsError('AUDIT', `The audit is broken at row ${broken.seq}. ${broken.says}`, {
      hint: 'What stands before that row is as it was written. Compare with an export or a backup, and ask who may write to the database.',
    });
  }
  if (!head) return 'The audit is whole: it has no entries yet.';
  const since = posted ? ` It still holds the head ${shortHead(posted)}.` : '';
  return `The audit is whole: ${rows} ${rows === 1 ? 'entry' : 'entries'}, none changed, none missing.${since} Its head is \`${shortHead(head)}\`.`;
}

const SHOWN_IN_CHAT = 5;

async function exported({ args, audit: chain, clock, signal, print }: Context): Promise<string> {
  let entries = 0;
  const shown: string[] = [];
  for await (const record of chain.records({ since: args.since?.(clock.now()), signal })) {
    const line = record.withheld ? withheldJson(record) : jsonOf(record);
    entries += 1;
    if (print) print(line);
    else shown.push(line);
    if (shown.length > SHOWN_IN_CHAT) shown.shift();
  }
  if (print) return '';
  if (entries === 0) return 'The audit has no such entry.';
  return [
    `${entries} ${entries === 1 ? 'entry' : 'entries'}. A chat is too small for an export: \`stars audit export > audit.jsonl\` in a terminal writes all of them. The last ${shown.length}:`,
    '```',
    ...shown.map((line) => (line.length > 400 ? `${line.slice(0, 400)}…` : line)),
    '```',
  ].join('\n');
}

function jsonOf({ withheld: _withheld, ...record }: Parameters<typeof auditJson>[0] & { withheld: boolean }): string {
  return auditJson(record);
}
