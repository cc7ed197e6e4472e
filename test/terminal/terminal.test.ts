import { EventEmitter } from 'node:events';
import { createTerminal, printable, type TerminalStream } from '../../src/terminal/terminal.js';

test.each([
  ['colours', '\u001b[31mred\u001b[0m', 'red'],
  ['a title for the window', '\u001b]0;mine\u0007text', 'text'],
  ['bells and backspaces', 'a\u0007b\u0008c', 'abc'],
  ['a return to the start of the line', 'done\rfailed', 'donefailed'],
  ['a return before a line end', 'one\r\ntwo', 'one\ntwo'],
])('%s do not reach the terminal', (_what, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('line ends, tabs and every alphabet stay', () => {
  expect(printable('ä\t日本\n✅ 👩‍🚀')).toBe('ä\t日本\n✅ 👩‍🚀');
});

test('nothing is written any more once the reader has gone', () => {
  const written: string[] = [];
  const stream = Object.assign(new EventEmitter(), { write: (text: string) => written.push(text) > 0 });
  const { out } = createTerminal(stream as unknown as TerminalStream, stream as unknown as TerminalStream);
  out('one');
  stream.emit('error', new Error('EPIPE'));
  out('two');
  expect(written).toEqual(['one\n']);
});
