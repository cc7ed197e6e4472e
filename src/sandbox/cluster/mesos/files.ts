import { route, type Handler, type Route } from '../http.js';
import type { HttpReply } from '../reply.js';
import { seconds } from './json.js';
import type { MesosTask, SandboxFile } from './task.js';

/** 16 memory pages: what one read returns at most, in bytes. */
const MAX_READ_BYTES = 65_536;

export type FileDeps = { tasks: () => MesosTask[]; directory: (task: MesosTask) => string };

/** The agent's view of its tasks' sandboxes. */
export function fileRoutes({ tasks, directory }: FileDeps): Route[] {
  function fileAt(path: string): SandboxFile | 'directory' | undefined {
    for (const task of tasks()) {
      const root = directory(task);
      if (path === root) return 'directory';
      const file = path.startsWith(`${root}/`) ? task.files.get(path.slice(root.length + 1)) : undefined;
      if (file) return file;
    }
    return tasks().some((task) => directory(task).startsWith(`${path.replace(/\/$/, '')}/`)) ? 'directory' : undefined;
  }

  const browse: Handler = ({ query }) => {
    const path = wanted(query);
    if (path === undefined) return { status: 400, text: 'Expecting "path=value" in query.' };
    const task = tasks().find((one) => directory(one) === path);
    if (!task) return fileAt(path) === 'directory' ? { json: [] } : { status: 404 };
    const entries = [...task.files].sort(([a], [b]) => a.localeCompare(b));
    return {
      json: entries.map(([name, { bytes, modifiedMs }]) => ({
        ...OWNER,
        path: `${path}/${name}`,
        size: bytes.length,
        mtime: seconds(modifiedMs),
      })),
    };
  };

  const read: Handler = ({ query }) => {
    const path = wanted(query);
    if (path === undefined) return { status: 400, text: 'Expecting "path=value" in query.' };
    const offset = integer(query.get('offset'), -1);
    const length = integer(query.get('length'), -1);
    if (offset === undefined)
      return { status: 400, text: `Failed to parse offset: Failed to convert '${query.get('offset')}' to number` };
    if (length === undefined)
      return { status: 400, text: `Failed to parse length: Failed to convert '${query.get('length')}' to number` };
    if (offset < -1) return { status: 400, text: `Negative offset provided: ${offset}` };
    if (length < -1) return { status: 400, text: `Negative length provided: ${length}` };
    const file = fileAt(path);
    if (file === undefined) return { status: 404 };
    if (file === 'directory') return { status: 400, text: 'Cannot read a directory' };
    return readFrom(file.bytes, offset, length);
  };

  const download: Handler = ({ query }) => {
    const path = wanted(query);
    if (path === undefined) return { status: 400, text: 'Expecting "path=value" in query.' };
    const file = fileAt(path);
    if (file === undefined) return { status: 404 };
    if (file === 'directory') return { status: 400, text: 'Cannot download a directory' };
    return { bytes: file.bytes, headers: { 'Content-Disposition': `attachment; filename=${path.split('/').at(-1)}` } };
  };

  return [
    route('GET', /^\/files\/browse(?:\.json)?$/, browse),
    route('GET', /^\/files\/read(?:\.json)?$/, read),
    route('GET', /^\/files\/download(?:\.json)?$/, download),
    route('GET', /^\/files\/debug$/, () => ({
      json: Object.fromEntries(tasks().map((task) => [directory(task), directory(task)])),
    })),
  ];
}

const OWNER = { mode: '-rw-r--r--', nlink: 1, uid: 'root', gid: 'root' };

function wanted(query: URLSearchParams): string | undefined {
  return query.get('path')?.replace(/(?<=.)\/$/, '') || undefined;
}

function integer(text: string | null, fallback: number): number | undefined {
  if (text === null || text === '') return fallback;
  const value = Number(text);
  return Number.isInteger(value) ? value : undefined;
}

/** Offset -1 asks for the size alone; a cut inside a character leaves a broken one, as in Mesos. */
function readFrom(bytes: Buffer, offset: number, length: number): HttpReply {
  if (offset === -1) return { json: { data: '', offset: bytes.length } };
  if (offset >= bytes.length) return { json: { data: '', offset } };
  const end = offset + Math.min(length === -1 ? MAX_READ_BYTES : length, MAX_READ_BYTES);
  return { json: { data: bytes.subarray(offset, end).toString('utf8'), offset } };
}
