import { route, type Handler, type Route } from '../http.js';
import type { HttpReply } from '../reply.js';
import { seconds } from './json.js';
import type { MesosTask, SandboxFile } from './task.js';

/** 16 memory pages: what one read returns at most, in bytes. */
const MAX_READ_BYTES = 65_536;

export type FileDeps = {
  tasks: () => MesosTask[];
  directory: (task: MesosTask) => string;
  /** The log of the process itself, by the path that it gives it. */
  own: { path: string; file: () => SandboxFile };
};
export type Files = ReturnType<typeof createFiles>;

/** Its own log, and what it knows of its tasks' sandboxes; what lies above them is not its to show. */
export function createFiles({ tasks, directory, own }: FileDeps) {
  function at(path: string): SandboxFile | 'directory' | undefined {
    if (path === own.path) return own.file();
    for (const task of tasks()) {
      const root = directory(task);
      if (path === root) return 'directory';
      const file = path.startsWith(`${root}/`) ? task.files.get(path.slice(root.length + 1)) : undefined;
      if (file) return file;
    }
    return undefined;
  }

  function list(path: string): FileInfo[] | undefined {
    const task = tasks().find((one) => directory(one) === path);
    return (
      task &&
      [...task.files]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([name, { bytes, modifiedMs }]) => ({ path: `${path}/${name}`, size: bytes.length, modifiedMs }))
    );
  }

  return { at, list, roots: () => [own.path, ...tasks().map(directory)] };
}

type FileInfo = { path: string; size: number; modifiedMs: number };

export function fileRoutes(files: Files): Route[] {
  const withPath =
    (answer: (path: string, query: URLSearchParams) => HttpReply): Handler =>
    ({ query }) => {
      const path = query.get('path')?.replace(/(?<=.)\/$/, '');
      return path ? answer(path, query) : { status: 400, text: 'Expecting "path=value" in query.' };
    };

  const browse = withPath((path) => {
    const entries = files.list(path);
    if (!entries) return { status: 404 };
    return { json: entries.map(({ modifiedMs, ...entry }) => ({ ...OWNER, ...entry, mtime: seconds(modifiedMs) })) };
  });

  const read = withPath((path, query) => {
    const offset = integer(query.get('offset'), -1);
    const length = integer(query.get('length'), -1);
    if (offset === undefined)
      return { status: 400, text: `Failed to parse offset: Failed to convert '${query.get('offset')}' to number` };
    if (length === undefined)
      return { status: 400, text: `Failed to parse length: Failed to convert '${query.get('length')}' to number` };
    if (offset < -1) return { status: 400, text: `Negative offset provided: ${offset}` };
    if (length < -1) return { status: 400, text: `Negative length provided: ${length}` };
    const file = files.at(path);
    if (file === undefined) return { status: 404 };
    if (file === 'directory') return { status: 400, text: 'Cannot read a directory' };
    return readFrom(file.bytes, offset, length);
  });

  const download = withPath((path) => {
    const file = files.at(path);
    if (file === undefined) return { status: 404 };
    if (file === 'directory') return { status: 400, text: 'Cannot download a directory' };
    return { bytes: file.bytes, headers: { 'Content-Disposition': `attachment; filename=${path.split('/').at(-1)}` } };
  });

  return [
    route('GET', /^\/files\/browse(?:\.json)?$/, browse),
    route('GET', /^\/files\/read(?:\.json)?$/, read),
    route('GET', /^\/files\/download(?:\.json)?$/, download),
    route('GET', /^\/files\/debug$/, () => ({ json: Object.fromEntries(files.roots().map((root) => [root, root])) })),
  ];
}

/** The bytes that one read gives: no more than the cap, whatever `length` says; undefined = to the end. */
export function piece(bytes: Buffer, offset: number, length: number | undefined): Buffer {
  return bytes.subarray(offset, offset + Math.min(length ?? MAX_READ_BYTES, MAX_READ_BYTES));
}

const OWNER = { mode: '-rw-r--r--', nlink: 1, uid: 'root', gid: 'root' };

function integer(text: string | null, fallback: number): number | undefined {
  if (text === null || text === '') return fallback;
  const value = Number(text);
  return Number.isInteger(value) ? value : undefined;
}

/** Offset -1 asks for the size alone. The bytes come as they are, so that a cut inside a character is no more UTF-8, as in Mesos. */
function readFrom(bytes: Buffer, offset: number, length: number): HttpReply {
  if (offset === -1) return { json: { data: '', offset: bytes.length } };
  if (offset >= bytes.length) return { json: { data: '', offset } };
  const data = piece(bytes, offset, length === -1 ? undefined : length).toString('latin1');
  return {
    bytes: Buffer.from(JSON.stringify({ data, offset }), 'latin1'),
    headers: { 'Content-Type': 'application/json' },
  };
}
