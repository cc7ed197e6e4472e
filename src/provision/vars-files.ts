import { join } from 'node:path';
import { StarsError } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { looksLikeTemplate } from '../templating/unsafe.js';
import { positionOf } from '../yaml/position.js';
import { isFile } from '../path-kind.js';
import { playbookError } from './playbook-error.js';
import type { Play } from './playbook.js';
import { pythonText } from './python-text.js';
import type { ReadVariables } from './variables-reader.js';

/** The variables of a play's `vars_files`, per host where a file's name depends on the host. */
export type VarsFiles = {
  /** What is known now for this host. */
  of(host: string): Dict;
  /** The same for no host: what depends on none. */
  ofAll(): Dict;
  /**
   * Reads the files whose names can be templated by now; once facts are there (`complete`) a name that cannot is an error.
   * Throws PLAYBOOK or SYNTAX with file and line.
   */
  read(host: string, templar: Templar, complete: boolean): void;
};

/** Files with fixed names are read at once, so that a mistake in them shows before any host is touched. */
export function createVarsFiles(play: Play, readVariables: ReadVariables): VarsFiles {
  const entries = play.varsFiles.map((entry) => {
    const names = (Array.isArray(entry) ? entry : [entry]).map(String);
    return { names, fixed: names.some(looksLikeTemplate) ? undefined : readFirst(names) };
  });
  const perHost = new Map<string, Map<number, Dict>>();
  const merged = new Map<string, Dict>();

  function of(host: string): Dict {
    const known = merged.get(host);
    if (known) return known;
    const own = perHost.get(host);
    const all: Dict = new Map(entries.flatMap(({ fixed }, index) => [...(fixed ?? own?.get(index) ?? [])]));
    merged.set(host, all);
    return all;
  }

  function ofAll(): Dict {
    return new Map(entries.flatMap(({ fixed }) => [...(fixed ?? [])]));
  }

  function read(host: string, templar: Templar, complete: boolean): void {
    const own = perHost.get(host) ?? new Map<number, Dict>();
    perHost.set(host, own);
    for (const [index, { names, fixed }] of entries.entries()) {
      if (fixed || own.has(index)) continue;
      const known = templated(names, templar, complete);
      if (!known) continue;
      own.set(index, readFirst(known));
      merged.delete(host);
    }
  }

  function templated(names: readonly string[], templar: Templar, complete: boolean): string[] | undefined {
    try {
      return names.map((name) => pythonText(templar.template(name, play.where)));
    } catch (error) {
      if (!complete && error instanceof StarsError && error.code === 'UNDEFINED_VARIABLE') return undefined;
      throw error;
    }
  }

  function readFirst(names: readonly string[]): Dict {
    const candidates = names.flatMap((name) =>
      name.startsWith('/') ? [name] : [join(play.folder, 'vars', name), join(play.folder, name)],
    );
    const file = candidates.find(isFile);
    if (file === undefined)
      throw playbookError(
        `The variables file ${names.join(' or ')} was not found.`,
        positionOf(play.varsFiles) ?? play.where,
        `It was looked for as ${candidates.join(', ')}.`,
      );
    return mapping(readVariables(file), file);
  }

  return { of, ofAll, read };
}

function mapping(value: Value, file: string): Dict {
  if (value === null) return new Map();
  if (value instanceof Map) return value;
  throw playbookError(
    'A variables file must hold a mapping of names to values.',
    positionOf(value) ?? { file, line: 1, column: 1 },
  );
}
