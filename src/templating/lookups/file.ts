import { str } from '../../jinja/python-text.js';
import { dictGet, isText, truthy } from '../../jinja/python-value.js';
import { toJsRegExp } from '../../jinja/python-regex.js';
import { templateError } from '../../jinja/template-error.js';
import type { Value } from '../../jinja/value.js';
import { evaluatingConcat } from '../concat.js';
import { parseCsv } from './csv.js';
import { parameters } from './parameters.js';
import { passwordFile } from './password.js';
import type { LookupPlugin, LookupSurroundings, Options } from './plugin.js';

/** Lookups that read files on the machine Stars runs on. */
export function fileLookups({ files, renderTemplate }: LookupSurroundings): Record<string, LookupPlugin> {
  return { file, unvault, template, fileglob, first_found: firstFound, csvfile, ini, password };

  function found(name: string, kind: 'files' | 'templates' = 'files'): string {
    const path = files.find(name, kind);
    if (path === undefined)
      throw templateError(
        `The file ${name} was not found.`,
        `It is looked for in the ${kind} folders of the role and the playbook.`,
      );
    return path;
  }

  function file(terms: readonly Value[], options: Options): Value[] {
    return terms.map((term) => {
      const text = files.read(found(str(term)));
      const left = truthy(options.get('lstrip') ?? false) ? text.trimStart() : text;
      return truthy(options.get('rstrip') ?? true) ? left.trimEnd() : left;
    });
  }

  function unvault(terms: readonly Value[]): Value[] {
    return terms.map((term) => files.read(found(str(term))));
  }

  function template(terms: readonly Value[], options: Options): Value[] {
    const locals = options.get('template_vars');
    const variables = locals instanceof Map ? new Map([...locals].map(([key, value]) => [str(key), value])) : undefined;
    return terms.map((term) => {
      const path = found(str(term), 'templates');
      const text = renderTemplate(files.read(path), path, variables);
      return truthy(options.get('convert_data') ?? true) ? evaluatingConcat([text]) : text;
    });
  }

  /** As in Ansible a pattern with a folder in it is looked for in the first such folder alone, be there a match or not. */
  function fileglob(terms: readonly Value[]): Value[] {
    return terms.flatMap((term) => {
      const [, folder, name = ''] = /^(?:(.*)\/)?([^/]*)$/s.exec(str(term)) ?? [];
      if (folder === undefined) return files.glob(name, 'files');
      const first = files.find(folder || '/', 'files');
      return first === undefined ? [] : files.glob(`${first}/${name}`, 'files');
    });
  }

  function firstFound(terms: readonly Value[], options: Options): Value[] {
    const kind = KINDS.find((one) => one === options.get(OF_KIND)) ?? 'files';
    const { wanted, skip } = search(terms, options);
    const path = wanted.map((name) => files.find(name, kind)).find((candidate) => candidate !== undefined);
    if (path !== undefined) return [path];
    if (skip) return [];
    throw templateError('No file was found when using first_found.', `Looked for: ${wanted.join(', ')}`);
  }

  function csvfile(terms: readonly Value[], options: Options): Value[] {
    return terms.flatMap((term): Value[] => {
      const { words, settings } = parameters(term, options);
      const delimiter = settings.get('delimiter') ?? 'TAB';
      const rows = parseCsv(
        files.read(found(settings.get('file') ?? 'ansible.csv')),
        delimiter === 'TAB' || delimiter === 't' ? '\t' : delimiter,
      );
      const column = Number(settings.get('col') ?? '1');
      const row = rows.find(([key]) => key === words);
      if (row && row[column] === undefined) throw templateError(`The CSV file has no column ${column}.`);
      return [row?.[column] ?? settings.get('default') ?? []];
    });
  }

  function ini(terms: readonly Value[], options: Options): Value[] {
    return terms.flatMap((term): Value[] => {
      const { words, settings } = parameters(term, options);
      const section = settings.get('section') ?? 'global';
      const text = files.read(found(settings.get('file') ?? 'ansible.ini'));
      const entries = iniSection(settings.get('type') === 'properties' ? `[${section}]\n${text}` : text, section);
      if (settings.get('re')?.toLowerCase() === 'true') {
        return [...entries].filter(([key]) => toJsRegExp(words, 'y').test(key)).map(([, value]) => value);
      }
      return [entries.get(words.toLowerCase()) ?? settings.get('default') ?? ''];
    });
  }

  function password(terms: readonly Value[], options: Options): Value[] {
    return terms.map((term) => {
      const { words, settings } = parameters(term, options);
      if (settings.get('encrypt'))
        throw templateError(
          'The lookup "password" does not encrypt.',
          'Put its value through the filter password_hash.',
        );
      const length = Number(settings.get('length') ?? '20');
      return passwordFile(words, { length, chars: settings.get('chars'), seed: settings.get('seed') });
    });
  }
}

/** The option of first_found that names the folders to look in, as Ansible chooses them by the module of a task's loop. */
export const OF_KIND = '_kind';
const KINDS = ['files', 'templates', 'vars'] as const;

type Search = { wanted: string[]; skip: boolean };

/** The names to look for, as Ansible puts them together: a mapping of files without paths replaces what stood before it. */
function search(terms: readonly Value[], options: Options): Search {
  // Ansible wants a term where the options say it all.
  const all = terms.length === 0 && options.has('files') ? [''] : terms;
  return all.reduce<Search>(
    ({ wanted }, term) => {
      if (Array.isArray(term)) {
        const inner = search(term, options);
        return { wanted: [...wanted, ...inner.wanted], skip: inner.skip };
      }
      const option = (name: string) => (term instanceof Map ? dictGet(term, name) : options.get(name));
      const names = texts(option('files'), /[,;]/);
      const paths = texts(option('paths'), /[,:;]/);
      const skip = truthy(option('skip') ?? false);
      if (paths.length > 0)
        return { wanted: [...wanted, ...paths.flatMap((path) => names.map((name) => joined(path, name)))], skip };
      return { wanted: names.length > 0 ? names : [...wanted, str(term)], skip };
    },
    { wanted: [], skip: false },
  );
}

function joined(path: string, name: string): string {
  return name.startsWith('/') ? name : `${path.replace(/\/$/, '')}/${name}`;
}

function texts(value: Value | undefined, between: RegExp): string[] {
  if (value === undefined || value === null) return [];
  if (isText(value))
    return str(value)
      .split(between)
      .map((part) => part.trim())
      .filter(Boolean);
  return Array.isArray(value) ? [...value].flatMap((one) => texts(one, between)) : [str(value)];
}

function iniSection(text: string, section: string): Map<string, string> {
  const entries = new Map<string, string>();
  let current = '';
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\[(.+)\]\s*$/.exec(line)?.[1];
    const [, key, value] = /^\s*([^#;=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (heading !== undefined) current = heading;
    else if (current === section && key !== undefined) entries.set(key.toLowerCase(), value ?? '');
  }
  return entries;
}
