import { describe, expect, test } from '@jest/globals';
import { checkBlocks, checkMessage } from '../../../src/slack/messages/limits.js';

const text = (chars: number, type = 'plain_text') => ({ type, text: 'x'.repeat(chars) });
const section = (chars = 1) => ({ type: 'section', text: text(chars, 'mrkdwn') });
const button = (more: object = {}) => ({ type: 'button', text: text(5), ...more });
const times = <T>(n: number, make: (at: number) => T): T[] => Array.from({ length: n }, (_, at) => make(at));
const cell = { type: 'raw_text', text: 'x' };
const option = (at: number) => ({ text: text(3), value: String(at) });

describe('blocks', () => {
  test.each([
    ['fifty blocks', times(50, () => section())],
    ['a section of 3,000 characters', [section(3_000)]],
    ['ten fields of 2,000', [{ type: 'section', fields: times(10, () => text(2_000, 'mrkdwn')) }]],
    ['a header of 150', [{ type: 'header', text: text(150) }]],
    ['25 buttons', [{ type: 'actions', elements: times(25, (at) => button({ action_id: `a${at}` })) }]],
    ['ten elements of context', [{ type: 'context', elements: times(10, () => text(1, 'mrkdwn')) }]],
    [
      'a button text of 75 and a value of 2,000',
      [{ type: 'actions', elements: [{ ...button({ value: 'x'.repeat(2_000) }), text: text(75) }] }],
    ],
    ['a block_id of 255', [{ ...section(), block_id: 'x'.repeat(255) }]],
    ['a table of 100 by 20', [{ type: 'table', rows: times(100, () => times(20, () => cell)) }]],
    [
      'a select of 100 options',
      [{ type: 'actions', elements: [{ type: 'static_select', options: times(100, option) }] }],
    ],
    ['a divider', [{ type: 'divider' }]],
    [
      'preformatted rich text',
      [{ type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: 'x' }] }] }],
    ],
  ])('%s are fine', (_title, blocks) => {
    expect(checkBlocks(blocks)).toEqual([]);
  });

  test.each([
    ['51 blocks', times(51, () => section()), '/blocks', 'no more than 50 items allowed'],
    ['a section of 3,001', [section(3_001)], '/blocks/0/text/text', 'must be less than 3001 characters'],
    ['an empty section text', [section(0)], '/blocks/0/text/text', 'must be more than 0 characters'],
    [
      'a section with neither text nor fields',
      [{ type: 'section' }],
      '/blocks/0',
      'must define either `text` or `fields`',
    ],
    [
      'eleven fields',
      [{ type: 'section', fields: times(11, () => text(1)) }],
      '/blocks/0/fields',
      'no more than 10 items allowed',
    ],
    [
      'a field of 2,001',
      [{ type: 'section', fields: [text(2_001)] }],
      '/blocks/0/fields/0/text',
      'must be less than 2001 characters',
    ],
    [
      'a header of 151',
      [{ type: 'header', text: text(151) }],
      '/blocks/0/text/text',
      'must be less than 151 characters',
    ],
    ['a header in mrkdwn', [{ type: 'header', text: text(5, 'mrkdwn') }], '/blocks/0/text/type', 'invalid value'],
    [
      '26 buttons',
      [{ type: 'actions', elements: times(26, () => button()) }],
      '/blocks/0/elements',
      'no more than 25 items allowed',
    ],
    [
      'eleven elements of context',
      [{ type: 'context', elements: times(11, () => text(1)) }],
      '/blocks/0/elements',
      'no more than 10 items allowed',
    ],
    [
      'a button text of 76',
      [{ type: 'actions', elements: [button({ text: text(76) })] }],
      '/blocks/0/elements/0/text/text',
      'must be less than 76 characters',
    ],
    [
      'a button value of 2,001',
      [{ type: 'actions', elements: [button({ value: 'x'.repeat(2_001) })] }],
      '/blocks/0/elements/0/value',
      'must be less than 2001 characters',
    ],
    [
      'a button style of its own',
      [{ type: 'actions', elements: [button({ style: 'green' })] }],
      '/blocks/0/elements/0/style',
      'must be primary or danger',
    ],
    [
      'an action_id of 256',
      [{ type: 'actions', elements: [button({ action_id: 'x'.repeat(256) })] }],
      '/blocks/0/elements/0/action_id',
      'must be less than 256 characters',
    ],
    [
      'a repeated action_id',
      [{ type: 'actions', elements: [button({ action_id: 'a' }), button({ action_id: 'a' })] }],
      '/blocks/0/elements/1/action_id',
      '`action_id` must be unique: a',
    ],
    [
      'a repeated block_id',
      [
        { ...section(), block_id: 'a' },
        { ...section(), block_id: 'a' },
      ],
      '/blocks/1/block_id',
      '`block_id` must be unique: a',
    ],
    ['an unknown block', [{ type: 'hologram' }], '/blocks/0/type', 'unsupported type'],
    ['an unknown property', [{ type: 'divider', colour: 'red' }], '/blocks/0', 'invalid additional property: colour'],
    [
      'a table of 101 rows',
      [{ type: 'table', rows: times(101, () => [cell]) }],
      '/blocks/0/rows',
      'no more than 100 items allowed',
    ],
    [
      'a table of 21 columns',
      [{ type: 'table', rows: [times(21, () => cell)] }],
      '/blocks/0/rows/0',
      'no more than 20 items allowed',
    ],
    ['no list', 'blocks', '/blocks', 'must be an array'],
  ])('%s are refused where it is', (_title, blocks, pointer, message) => {
    expect(checkBlocks(blocks)).toEqual([{ pointer, message }]);
  });
});

describe('messages', () => {
  test.each([
    ['text alone', { text: 'x' }, undefined],
    ['blocks alone', { blocks: [section()] }, undefined],
    ['nothing', {}, 'no_text'],
    ['an empty list of blocks and no text', { text: ' ', blocks: [] }, 'no_text'],
    ['40,000 characters', { text: 'x'.repeat(40_000) }, undefined],
    ['40,001 characters', { text: 'x'.repeat(40_001) }, 'msg_too_long'],
    ['too much in all blocks together', { blocks: times(5, () => section(3_000)) }, 'msg_blocks_too_long'],
    ['bad blocks', { blocks: [{ type: 'hologram' }] }, 'invalid_blocks'],
  ])('%s: %j', (_title, message, error) => {
    expect(checkMessage(message)?.error).toBe(error);
  });
});
