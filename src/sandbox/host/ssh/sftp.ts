import ssh2 from 'ssh2';
import type { Attributes, FileEntry, SFTPWrapper } from 'ssh2';
import { fromByteString, toByteString } from '../bytes.js';
import { Errno } from '../fs/errno.js';
import { fullMode, sizeOf } from '../fs/inode.js';
import type { Inode } from '../fs/inode.js';
import { openFile } from '../kernel/open.js';
import { RegularFile } from '../kernel/open-file.js';
import type { OpenFile } from '../kernel/open-file.js';
import { absolutePath, normalPath } from '../kernel/path.js';
import type { Process } from '../kernel/process.js';
import { listedDate } from '../commands/dates.js';
import { modeText } from '../commands/modes.js';
import type { Machine } from '../machine.js';
import type { Login } from './login.js';

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;
const MAX_HANDLES = 100;
const LIST_AT_ONCE = 100;

type Handle = { file: OpenFile } | { path: string; names: string[] };

/** SFTP version 3 over the host's file system, with the rights of the user who logged in. */
export function serveSftp(sftp: SFTPWrapper, login: Login): void {
  const { machine, user } = login;
  const { fs, kernel } = machine;
  const proc = kernel.fork(kernel.init, ['/usr/libexec/openssh/sftp-server']);
  proc.session = proc.group = proc.pid;
  proc.user = machine.users.credentials(user);
  proc.cwd = user.home;
  const handles = new Map<number, Handle>();
  const working = new Set<Promise<void>>();
  let nextHandle = 0;
  let over: () => void = () => {};
  void kernel.run(proc, async () => {
    await proc.wait((wake) => {
      over = wake;
      return () => {};
    });
    return 0;
  });
  const end = () => {
    for (const handle of handles.values()) if ('file' in handle) handle.file.close();
    handles.clear();
    over();
  };
  // What was asked before the client's end is still done and answered.
  const finish = async () => {
    await Promise.all(working);
    end();
    reportSuccess(sftp);
    sftp.end();
  };
  sftp.on('close', end);
  sftp.on('end', () => void finish());
  sftp.on('error', end);

  const path = (text: string) => absolutePath(toByteString(text) || '.', proc.cwd);

  /** Does the work of one request; what it throws becomes the status. */
  function handled(id: number, work: () => void | Promise<void>): void {
    const answered = Promise.resolve()
      .then(work)
      .catch((thrown: unknown) => {
        const code = thrown instanceof Errno ? statusOf(thrown) : STATUS_CODE.FAILURE;
        sftp.status(id, code, thrown instanceof Error ? thrown.message : 'Failure');
      })
      .finally(() => working.delete(answered));
    working.add(answered);
  }
  const done = (id: number) => sftp.status(id, STATUS_CODE.OK);

  function keep(handle: Handle): Buffer {
    if (handles.size >= MAX_HANDLES) throw new Errno('EAGAIN');
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(++nextHandle);
    handles.set(nextHandle, handle);
    return bytes;
  }

  function handleOf(bytes: Buffer): Handle {
    const handle = bytes.length === 4 ? handles.get(bytes.readUInt32BE()) : undefined;
    if (!handle) throw new Errno('EBADF');
    return handle;
  }

  function regular(bytes: Buffer): RegularFile {
    const handle = handleOf(bytes);
    if (!('file' in handle) || !(handle.file instanceof RegularFile)) throw new Errno('EBADF');
    return handle.file;
  }

  sftp.on('OPEN', (id, name, flags, attrs) =>
    handled(id, () => {
      const read = (flags & OPEN_MODE.READ) !== 0;
      const write = (flags & OPEN_MODE.WRITE) !== 0;
      const file = openFile(proc, fs, path(name), {
        read,
        write,
        append: (flags & OPEN_MODE.APPEND) !== 0,
        create: (flags & OPEN_MODE.CREAT) !== 0,
        truncate: (flags & OPEN_MODE.TRUNC) !== 0,
        exclusive: (flags & OPEN_MODE.EXCL) !== 0,
        mode: attrs.mode === undefined ? 0o666 : attrs.mode & 0o7777,
      });
      sftp.handle(id, keep({ file }));
    }),
  );
  sftp.on('READ', (id, handle, offset, length) =>
    handled(id, async () => {
      const file = regular(handle);
      file.offset = offset;
      const bytes = await file.read(Math.min(length, 262_144));
      if (bytes.length === 0) sftp.status(id, STATUS_CODE.EOF);
      else sftp.data(id, bytes);
    }),
  );
  sftp.on('WRITE', (id, handle, offset, data) =>
    handled(id, async () => {
      const file = regular(handle);
      file.offset = offset;
      await file.write(Buffer.from(data));
      done(id);
    }),
  );
  sftp.on('CLOSE', (id, bytes) =>
    handled(id, () => {
      const handle = handleOf(bytes);
      if ('file' in handle) handle.file.close();
      handles.delete(bytes.readUInt32BE());
      done(id);
    }),
  );
  sftp.on('FSTAT', (id, handle) => handled(id, () => sftp.attrs(id, attributes(fs.current(regular(handle).node)))));
  sftp.on('STAT', (id, name) => handled(id, () => sftp.attrs(id, attributes(fs.stat(path(name), proc.user)))));
  sftp.on('LSTAT', (id, name) => handled(id, () => sftp.attrs(id, attributes(fs.stat(path(name), proc.user, false)))));
  sftp.on('SETSTAT', (id, name, attrs) =>
    handled(id, () => (change(login, proc, fs.stat(path(name), proc.user), attrs), done(id))),
  );
  sftp.on('FSETSTAT', (id, handle, attrs) =>
    handled(id, () => (change(login, proc, fs.current(regular(handle).node), attrs), done(id))),
  );
  sftp.on('OPENDIR', (id, name) =>
    handled(id, () => {
      const names = ['.', '..', ...fs.list(path(name), proc.user)];
      sftp.handle(id, keep({ path: path(name), names }));
    }),
  );
  sftp.on('READDIR', (id, bytes) =>
    handled(id, () => {
      const handle = handleOf(bytes);
      if (!('names' in handle)) throw new Errno('EBADF');
      const names = handle.names.splice(0, LIST_AT_ONCE);
      if (names.length === 0) return sftp.status(id, STATUS_CODE.EOF);
      sftp.name(
        id,
        names.flatMap((name) => entry(login, `${handle.path}/${name}`, name)),
      );
    }),
  );
  sftp.on('MKDIR', (id, name, attrs) =>
    handled(id, () => (fs.mkdir(path(name), (attrs.mode ?? 0o777) & 0o777 & ~proc.umask, proc.user), done(id))),
  );
  sftp.on('RMDIR', (id, name) => handled(id, () => (fs.rmdir(path(name), proc.user), done(id))));
  sftp.on('REMOVE', (id, name) => handled(id, () => (fs.unlink(path(name), proc.user), done(id))));
  sftp.on('RENAME', (id, from, to) =>
    handled(id, () => {
      // Version 3 does not replace what is there.
      if (fs.find(path(to), proc.user, false)) throw new Errno('EEXIST');
      fs.rename(path(from), path(to), proc.user);
      done(id);
    }),
  );
  sftp.on('EXTENDED', (id, name, data) =>
    handled(id, () => {
      if (name !== 'posix-rename@openssh.com') return sftp.status(id, STATUS_CODE.OP_UNSUPPORTED);
      const [from, to] = twoTexts(data);
      fs.rename(path(from), path(to), proc.user);
      done(id);
    }),
  );
  sftp.on('REALPATH', (id, name) =>
    handled(id, () => {
      const full = path(name);
      const real = fs.find(full, proc.user) ? fs.realpath(full, proc.user) : normalPath(full);
      sftp.name(id, [{ filename: fromByteString(real), longname: fromByteString(real), attrs: {} as Attributes }]);
    }),
  );
  sftp.on('READLINK', (id, name) =>
    handled(id, () => {
      const node = fs.stat(path(name), proc.user, false);
      if (node.kind !== 'symlink') throw new Errno('EINVAL');
      sftp.name(id, [
        { filename: fromByteString(node.target), longname: fromByteString(node.target), attrs: {} as Attributes },
      ]);
    }),
  );
  // OpenSSH sends the target first, whatever the draft says.
  sftp.on('SYMLINK', (id, target, link) =>
    handled(id, () => (fs.symlink(toByteString(target), path(link), proc.user), done(id))),
  );
}

type Internals = {
  _protocol: { exitStatus(channel: number, status: number): void };
  outgoing: { id: number; state: string };
};

/** OpenSSH's scp wants an exit status of the subsystem; ssh2 has no public way to send one for SFTP. */
function reportSuccess(sftp: SFTPWrapper): void {
  const { _protocol, outgoing } = sftp as unknown as Internals;
  if (outgoing.state === 'open') _protocol.exitStatus(outgoing.id, 0);
}

function statusOf({ code }: Errno): number {
  if (code === 'ENOENT' || code === 'ENOTDIR') return STATUS_CODE.NO_SUCH_FILE;
  return code === 'EACCES' || code === 'EPERM' ? STATUS_CODE.PERMISSION_DENIED : STATUS_CODE.FAILURE;
}

function attributes(node: Inode): Attributes {
  return {
    mode: fullMode(node),
    uid: node.uid,
    gid: node.gid,
    size: sizeOf(node),
    atime: Math.floor(node.atimeMs / 1000),
    mtime: Math.floor(node.mtimeMs / 1000),
  };
}

function change({ machine: { fs } }: Login, { user }: Process, node: Inode, attrs: Partial<Attributes>): void {
  if (attrs.size !== undefined && node.kind === 'file') fs.truncate(node, attrs.size);
  if (attrs.uid !== undefined && attrs.gid !== undefined && (attrs.uid !== node.uid || attrs.gid !== node.gid))
    fs.chown(fs.current(node), attrs.uid, attrs.gid, user);
  if (attrs.mode !== undefined) fs.chmod(fs.current(node), attrs.mode & 0o7777, user);
  if (attrs.atime !== undefined && attrs.mtime !== undefined)
    fs.utimes(fs.current(node), attrs.atime * 1000, attrs.mtime * 1000);
}

function entry({ machine }: Login, path: string, name: string): FileEntry[] {
  const node = machine.fs.find(path, undefined, false);
  if (!node) return [];
  const filename = fromByteString(name);
  return [
    {
      filename,
      longname: `${listed(machine, node)} ${filename}`,
      attrs: attributes(node),
    },
  ];
}

/** All of a line of `ls -l` but the name, in the columns of OpenSSH's server. */
function listed({ users, clock }: Machine, node: Inode): string {
  const owner = (users.userName(node.uid) ?? String(node.uid)).padEnd(8);
  const group = (users.groupName(node.gid) ?? String(node.gid)).padEnd(8);
  const size = String(sizeOf(node)).padStart(8);
  const date = listedDate(node.mtimeMs, clock.now());
  return `${modeText(node)} ${String(node.nlink).padStart(3)} ${owner} ${group} ${size} ${date}`;
}

function twoTexts(data: Buffer): [string, string] {
  const length = data.readUInt32BE(0);
  const second = data.readUInt32BE(4 + length);
  return [
    data.subarray(4, 4 + length).toString('utf8'),
    data.subarray(8 + length, 8 + length + second).toString('utf8'),
  ];
}
