import { expect, test } from '@jest/globals';
import { applySymbolic, formatMode } from '../../src/provision/file-mode.js';

test.each([
  ['u=rwX', '600', false, '600'],
  ['u=rwX', '600', true, '700'],
  ['g+X', '700', false, '710'],
  ['go-w', '666', false, '644'],
  ['u=rwx,go=rx', '600', false, '755'],
  ['o=u', '640', false, '646'],
])('%s makes of %s, of a folder: %s, %s', (symbolic, mode, directory, expected) => {
  expect(formatMode(applySymbolic(symbolic, { mode: Number.parseInt(mode, 8), directory }))).toBe(`0${expected}`);
});
