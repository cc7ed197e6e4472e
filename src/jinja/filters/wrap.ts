type WrapOptions = { width: number; breakLongWords: boolean; breakOnHyphens: boolean };

/** Python's `textwrap.wrap` of one line, without expanding tabs. */
export function wrapText(line: string, { width, breakLongWords, breakOnHyphens }: WrapOptions): string[] {
  const chunks = (breakOnHyphens ? line.split(/(\s+|(?<=[\p{L}\d_]{2}-)(?=[\p{L}_]))/u) : line.split(/(\s+)/)).filter(
    (chunk) => chunk,
  );
  const lines: string[] = [];
  let current: string[] = [];
  let used = 0;
  const flush = () => {
    if (current.at(-1)?.trim() === '') current.pop();
    if (current.length > 0) lines.push(current.join(''));
    current = [];
    used = 0;
  };
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
    if (chunk.trim() === '' && current.length === 0 && lines.length > 0) continue;
    if (used + chunk.length <= width) {
      current.push(chunk);
      used += chunk.length;
    } else if (chunk.length > width && breakLongWords) {
      const room = Math.max(1, width - used);
      current.push(chunk.slice(0, room));
      chunks.unshift(chunk.slice(room));
      flush();
    } else if (current.length > 0) {
      flush();
      chunks.unshift(chunk);
    } else {
      current.push(chunk);
      flush();
    }
  }
  flush();
  return lines;
}
