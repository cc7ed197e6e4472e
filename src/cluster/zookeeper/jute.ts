/** Writes the fields of a ZooKeeper record, big-endian, one after another. */
export function juteWriter() {
  const parts: Buffer[] = [];

  function int(value: number) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    parts.push(bytes);
    return writer;
  }

  function long(value: bigint) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    parts.push(bytes);
    return writer;
  }

  function bool(value: boolean) {
    parts.push(Buffer.from([value ? 1 : 0]));
    return writer;
  }

  function buffer(value: Buffer) {
    int(value.length);
    parts.push(value);
    return writer;
  }

  function raw(bytes: Buffer) {
    parts.push(bytes);
    return writer;
  }

  const body = () => Buffer.concat(parts);

  const writer = {
    int,
    long,
    bool,
    buffer,
    /** Bytes as they are, without their length. */
    raw,
    body,
    text: (value: string) => buffer(Buffer.from(value, 'utf8')),
    /** Everything so far with its length in front, as it goes over the wire. */
    frame(): Buffer {
      const bytes = body();
      const head = Buffer.alloc(4);
      head.writeInt32BE(bytes.length);
      return Buffer.concat([head, bytes]);
    },
  };
  return writer;
}

/** Reads the fields of a record. Throws RangeError when there are fewer bytes than that. */
export function juteReader(bytes: Buffer) {
  let at = 0;

  function int(): number {
    const value = bytes.readInt32BE(at);
    at += 4;
    return value;
  }

  /** -1 stands for none. */
  function buffer(): Buffer {
    const length = Math.max(0, int());
    if (at + length > bytes.length) throw new RangeError('the record ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  }

  const text = (): string => buffer().toString('utf8');

  return {
    int,
    buffer,
    text,
    long(): bigint {
      const value = bytes.readBigInt64BE(at);
      at += 8;
      return value;
    },
    bool(): boolean {
      at += 1;
      return bytes.readUInt8(at - 1) !== 0;
    },
    texts(): string[] {
      const count = Math.max(0, int());
      // Each has at least its length: a count beyond that is nonsense and must not become a huge list.
      if (count * 4 > bytes.length - at) throw new RangeError('the record ends too early');
      return Array.from({ length: count }, text);
    },
    left: () => bytes.length - at,
  };
}

export type JuteReader = ReturnType<typeof juteReader>;

/** What ZooKeeper knows of a node beside its data. */
export type Stat = { version: number; modifiedMs: number; ephemeral: boolean; bytes: number; children: number };

export function readStat(reader: JuteReader): Stat {
  reader.long();
  reader.long();
  reader.long();
  const modifiedMs = Number(reader.long());
  const version = reader.int();
  reader.int();
  reader.int();
  const ephemeral = reader.long() !== 0n;
  const bytes = reader.int();
  const children = reader.int();
  reader.long();
  return { version, modifiedMs, ephemeral, bytes, children };
}

/** Cuts what comes over the wire into records. Throws RangeError for a length that no server sends. */
export function frameReader(maxBytes: number): (chunk: Buffer) => Buffer[] {
  let chunks: Buffer[] = [];
  let waiting = 0;
  return (chunk) => {
    chunks.push(chunk);
    waiting += chunk.length;
    const frames: Buffer[] = [];
    while (waiting >= 4) {
      if ((chunks[0]?.length ?? 0) < 4) chunks = [Buffer.concat(chunks)];
      const length = chunks[0]!.readInt32BE(0);
      if (length < 0 || length > maxBytes) throw new RangeError(`a record of ${length} bytes`);
      if (waiting < 4 + length) break;
      const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      frames.push(all.subarray(4, 4 + length));
      chunks = [all.subarray(4 + length)];
      waiting -= 4 + length;
    }
    return frames;
  };
}

/** What a request is, by the number it has on the wire. All that is here only reads. */
export const OPERATIONS = { exists: 3, getData: 4, ping: 11, getChildren2: 12, close: -11 } as const;

/** Numbers of answers to nothing that was asked: a ping, and a watch that fired. */
export const PING_XID = -2;

export const NO_NODE = -101;
export const NO_AUTH = -102;
