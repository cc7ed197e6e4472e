import { realpathSync } from 'node:fs';
import { posix, win32 } from 'node:path';
import { filter, type Filter } from '../../jinja/filter.js';
import { str } from '../../jinja/python-text.js';
import { isText, requireText, typeName } from '../../jinja/python-value.js';
import { templateError } from '../../jinja/template-error.js';
import { Tuple, type Value } from '../../jinja/value.js';
import type { ControllerFiles } from '../controller-files.js';

type Surroundings = { files: ControllerFiles; environment: Readonly<Record<string, string | undefined>> };

/** Ansible's filters on paths. */
export function pathFilters({ files, environment }: Surroundings): Record<string, Filter> {
  return {
    basename: onText((path) => path.slice(path.lastIndexOf('/') + 1)),
    dirname: onText(dirname),
    splitext: onText(splitExtension),
    expanduser: onText((path) => (path === '~' || path.startsWith('~/') ? files.home() + path.slice(1) : path)),
    expandvars: onText((path) =>
      path.replace(/\$(\w+)|\$\{([^}]*)\}/g, (all, name: string, braced: string) => environment[name ?? braced] ?? all),
    ),
    realpath: onText(realPath),
    relpath: filter(['start'], (value, { start }) => {
      const path = requireText(value);
      if (path === '') throw templateError('There is no path.');
      return posix.relative(start === undefined ? process.cwd() : requireText(start), path) || '.';
    }),
    path_join: filter([], (value) => {
      if (isText(value)) return str(value);
      if (!Array.isArray(value))
        throw templateError(`|path_join expects string or sequence, got ${typeName(value)} instead.`);
      return [...value].map(requireText).reduce(joinPaths);
    }),
    win_basename: onText((path) => win32.basename(path)),
    win_dirname: onText((path) => (/[\\/]/.test(path) || /^\w:/.test(path) ? win32.dirname(path) : '')),
    win_splitdrive: onText((path) => {
      const drive = /^(?:[A-Za-z]:|\\\\[^\\]+\\[^\\]+)/.exec(path)?.[0] ?? '';
      return Tuple.from<Value>([drive, path.slice(drive.length)]);
    }),
    fileglob: onText((pattern) => files.glob(pattern, 'files')),
  };
}

function onText(change: (text: string) => Value): Filter {
  return filter([], (value) => change(requireText(value)));
}

function dirname(path: string): string {
  const head = path.slice(0, path.lastIndexOf('/') + 1);
  return /^\/*$/.test(head) ? head : head.replace(/\/+$/, '');
}

function splitExtension(path: string): Value {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  // Leading dots belong to the name.
  const hasExtension = dot > 0 && /[^.]/.test(name.slice(0, dot));
  const at = path.length - name.length + dot;
  return Tuple.from<Value>(hasExtension ? [path.slice(0, at), path.slice(at)] : [path, '']);
}

/** Python's `os.path.join`: an absolute part starts anew. */
function joinPaths(left: string, right: string): string {
  if (right.startsWith('/')) return right;
  return left === '' || left.endsWith('/') ? left + right : `${left}/${right}`;
}

// Parts that do not exist are kept as they are, as Python does it.
function realPath(path: string): string {
  const absolute = posix.resolve(path);
  let existing = absolute;
  for (;;) {
    try {
      return posix.join(realpathSync(existing), posix.relative(existing, absolute));
    } catch {
      if (existing === '/') return absolute;
      existing = posix.dirname(existing);
    }
  }
}
