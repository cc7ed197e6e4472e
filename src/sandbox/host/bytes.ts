/**
 * Inside a simulated host every text is a byte string: one character per byte (latin1), so that no script, path or file is ever
 * changed by an encoding. These two translate at the border to the rest of the program, where texts are Unicode.
 */
export function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

export function fromByteString(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
