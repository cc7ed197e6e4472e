import { z } from 'zod';

/** One thing Slack would refuse about a message; `pointer` is a JSON pointer into it. */
export type Problem = { pointer: string; message: string };

const most = (chars: number) => z.string('must be a string').max(chars, `must be less than ${chars + 1} characters`);
const some = (chars: number) => most(chars).min(1, 'must be more than 0 characters');
const upTo = <Item extends z.ZodType>(item: Item, n: number) =>
  z.array(item, 'must be an array').min(1, 'no fewer than 1 items allowed').max(n, `no more than ${n} items allowed`);

const blockId = most(255).optional();
const actionId = some(255).optional();

const PlainText = (chars: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: some(chars), emoji: z.boolean().optional() });
const Markdown = (chars: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: some(chars), verbatim: z.boolean().optional() });
const AnyText = (chars: number) =>
  z.discriminatedUnion('type', [PlainText(chars), Markdown(chars)], 'unsupported type');

const Confirm = z.strictObject({
  title: PlainText(100),
  text: AnyText(300),
  confirm: PlainText(30),
  deny: PlainText(30),
  style: z.enum(['primary', 'danger']).optional(),
});
const Option = z.strictObject({
  text: AnyText(75),
  value: some(150),
  description: PlainText(75).optional(),
  url: most(3_000).optional(),
});
const Image = z.looseObject({ type: z.literal('image'), alt_text: some(2_000) });
const Button = z.strictObject({
  type: z.literal('button'),
  text: PlainText(75),
  action_id: actionId,
  value: most(2_000).optional(),
  url: most(3_000).optional(),
  style: z.enum(['primary', 'danger'], 'must be primary or danger').optional(),
  confirm: Confirm.optional(),
  accessibility_label: most(75).optional(),
});
const StaticSelect = z.strictObject({
  type: z.literal('static_select'),
  placeholder: PlainText(150).optional(),
  options: upTo(Option, 100),
  initial_option: Option.optional(),
  action_id: actionId,
  confirm: Confirm.optional(),
  focus_on_load: z.boolean().optional(),
});
const Overflow = z.strictObject({
  type: z.literal('overflow'),
  options: upTo(Option, 5),
  action_id: actionId,
  confirm: Confirm.optional(),
});
const PeopleSelect = z.looseObject({
  type: z.enum(['users_select', 'conversations_select', 'channels_select']),
  action_id: actionId,
});
const Picker = z.looseObject({ type: z.enum(['datepicker', 'timepicker', 'datetimepicker']), action_id: actionId });
const Boxes = z.looseObject({
  type: z.enum(['checkboxes', 'radio_buttons']),
  options: upTo(Option, 10),
  action_id: actionId,
});
const Interactive = z.discriminatedUnion(
  'type',
  [Button, StaticSelect, Overflow, PeopleSelect, Picker, Boxes],
  'unsupported type',
);
const Accessory = z.discriminatedUnion(
  'type',
  [Button, StaticSelect, Overflow, PeopleSelect, Picker, Boxes, Image],
  'unsupported type',
);

const RichText = z.strictObject({
  type: z.literal('rich_text'),
  block_id: blockId,
  elements: z.array(
    z.looseObject({
      type: z.enum(
        ['rich_text_section', 'rich_text_list', 'rich_text_preformatted', 'rich_text_quote'],
        'unsupported type',
      ),
      elements: z.array(z.looseObject({ type: z.string() })),
    }),
  ),
});
const Cell = z.looseObject({ type: z.enum(['raw_text', 'raw_number', 'rich_text'], 'unsupported type') });

const Block = z.discriminatedUnion(
  'type',
  [
    z
      .strictObject({
        type: z.literal('section'),
        block_id: blockId,
        text: AnyText(3_000).optional(),
        fields: upTo(AnyText(2_000), 10).optional(),
        accessory: Accessory.optional(),
        expand: z.boolean().optional(),
      })
      .refine(({ text, fields }) => text ?? fields, 'must define either `text` or `fields`'),
    z.strictObject({ type: z.literal('header'), block_id: blockId, text: PlainText(150) }),
    z.strictObject({ type: z.literal('divider'), block_id: blockId }),
    z.strictObject({
      type: z.literal('context'),
      block_id: blockId,
      elements: upTo(z.discriminatedUnion('type', [PlainText(3_000), Markdown(3_000), Image], 'unsupported type'), 10),
    }),
    z.strictObject({ type: z.literal('actions'), block_id: blockId, elements: upTo(Interactive, 25) }),
    z.looseObject({
      type: z.literal('image'),
      block_id: blockId,
      alt_text: some(2_000),
      title: PlainText(2_000).optional(),
    }),
    z.strictObject({
      type: z.literal('table'),
      block_id: blockId,
      rows: upTo(upTo(Cell, 20), 100),
      column_settings: z.array(z.unknown()).max(20, 'no more than 20 items allowed').optional(),
    }),
    z.strictObject({ type: z.literal('markdown'), block_id: blockId, text: some(12_000) }),
    z.looseObject({ type: z.literal('file'), block_id: blockId }),
    RichText,
  ],
  'unsupported type',
);

const Blocks = z.array(Block, 'must be an array').max(50, 'no more than 50 items allowed');

/** What Slack would refuse about these blocks: `invalid_blocks` when not empty. */
export function checkBlocks(blocks: unknown): Problem[] {
  const parsed = Blocks.safeParse(blocks);
  const shape = parsed.success ? [] : parsed.error.issues.map(toProblem);
  return [...shape, ...(Array.isArray(blocks) ? repeatedIds(blocks) : [])];
}

/** What Slack would refuse about a whole message, as the error code of its answer; undefined when it is fine. */
export function checkMessage(
  { text, blocks }: { text?: string | undefined; blocks?: unknown },
  maxTextChars = 40_000,
): { error: 'no_text' | 'msg_too_long' | 'invalid_blocks' | 'msg_blocks_too_long'; problems: Problem[] } | undefined {
  const noBlocks = blocks === undefined || (Array.isArray(blocks) && blocks.length === 0);
  if (noBlocks && !text?.trim()) return { error: 'no_text', problems: [] };
  if ((text?.length ?? 0) > maxTextChars) return { error: 'msg_too_long', problems: [] };
  const problems = noBlocks ? [] : checkBlocks(blocks);
  if (problems.length > 0) return { error: 'invalid_blocks', problems };
  return !noBlocks && textChars(blocks) > 13_200 ? { error: 'msg_blocks_too_long', problems: [] } : undefined;
}

function toProblem({ path, message, ...issue }: z.core.$ZodIssue): Problem {
  const pointer = `/blocks${path.map((part) => `/${String(part)}`).join('')}`;
  if (issue.code === 'unrecognized_keys') return { pointer, message: `invalid additional property: ${issue.keys[0]}` };
  return { pointer, message: message.startsWith('Invalid input') ? 'invalid value' : message };
}

function repeatedIds(blocks: unknown[]): Problem[] {
  const seen = new Set<string>();
  return blocks.flatMap((block, at) => {
    const id = isRecord(block) && typeof block['block_id'] === 'string' ? block['block_id'] : undefined;
    if (id === undefined || !seen.has(id)) {
      if (id !== undefined) seen.add(id);
      return repeatedActions(block, at);
    }
    return [{ pointer: `/blocks/${at}/block_id`, message: `\`block_id\` must be unique: ${id}` }];
  });
}

function repeatedActions(block: unknown, at: number): Problem[] {
  if (!isRecord(block) || !Array.isArray(block['elements'])) return [];
  const ids = block['elements'].map((element) => (isRecord(element) ? element['action_id'] : undefined));
  return ids.flatMap((id, index) =>
    typeof id === 'string' && ids.indexOf(id) < index
      ? [{ pointer: `/blocks/${at}/elements/${index}/action_id`, message: `\`action_id\` must be unique: ${id}` }]
      : [],
  );
}

function textChars(value: unknown): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textChars(item), 0);
  if (!isRecord(value)) return 0;
  return Object.entries(value).reduce(
    (sum, [key, inner]) => sum + (key === 'text' && typeof inner === 'string' ? inner.length : textChars(inner)),
    0,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
