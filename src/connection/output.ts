/** Keeps what a stream says within a limit: the beginning and the end stay, the middle is counted and dropped. */
export function createOutput(limitBytes: number) {
  const headLimit = Math.ceil(limitBytes / 2);
  const tailLimit = Math.floor(limitBytes / 2);
  let head: Buffer[] = [];
  let headBytes = 0;
  let tail: Buffer[] = [];
  let tailBytes = 0;
  let droppedBytes = 0;

  function push(chunk: Buffer): void {
    const toHead = chunk.subarray(0, headLimit - headBytes);
    if (toHead.length > 0) {
      head.push(toHead);
      headBytes += toHead.length;
    }
    const toTail = chunk.subarray(toHead.length);
    if (toTail.length === 0) return;
    tail.push(toTail);
    tailBytes += toTail.length;
    // Many small pieces would cost more than their bytes.
    if (tail.length > 256) tail = [Buffer.concat(tail)];
    while (tail[0] && tailBytes - tail[0].length >= tailLimit) dropFirst(tail[0].length);
  }

  function dropFirst(length: number): void {
    tail.shift();
    tailBytes -= length;
    droppedBytes += length;
  }

  function text(): string {
    const surplus = Math.max(0, tailBytes - tailLimit);
    const left = droppedBytes + surplus;
    if (left === 0) return Buffer.concat([...head, ...tail]).toString('utf8');
    const end = Buffer.concat(tail).subarray(surplus);
    return `${wholeStart(Buffer.concat(head))}\n[… ${left} bytes left out …]\n${wholeEnd(end)}`;
  }

  return {
    push,
    text,
    /** Whether something had to be left out. */
    truncated: () => droppedBytes > 0 || tailBytes > tailLimit,
    clear() {
      head = [];
      tail = [];
      headBytes = tailBytes = droppedBytes = 0;
    },
  };
}

export type Output = ReturnType<typeof createOutput>;

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** Without a UTF-8 character that the cut split at the end. */
function wholeStart(bytes: Buffer): string {
  let end = bytes.length;
  while (end > 0 && bytes.length - end < 3 && isContinuation(bytes[end - 1])) end--;
  const lead = bytes[end - 1] ?? 0;
  const needs = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  const complete = bytes.length - end + 1 >= needs;
  return bytes.subarray(0, complete ? bytes.length : end - 1).toString('utf8');
}

/** Without a UTF-8 character that the cut split at the beginning. */
function wholeEnd(bytes: Buffer): string {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start++;
  return bytes.subarray(start).toString('utf8');
}
