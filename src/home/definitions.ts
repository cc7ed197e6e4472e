import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { StarsError } from '../errors.js';
import { AppDefinitionFile } from './app-definition.js';
import { readCheckedList } from './checked-file.js';
import { JobDefinitionFile } from './job-definition.js';
import type { Target } from './stack-targets.js';

/** An app or job as its file has it: with every field, and nothing filled in. */
export type StackDefinition = { name: string; file: string; definition: Readonly<Record<string, unknown>> };

const LARGEST = 4 * 1024 * 1024;

/** The apps or jobs of a target's file, one or a list of them, checked. Throws SYNTAX or CONFIG with file and line. */
export async function readDefinitions({ kind, path: file }: Target): Promise<StackDefinition[]> {
  const text = (await readFile(file, 'utf8').catch((cause: unknown) => unreadable(file, cause))).replace(/^\uFEFF/, '');
  if (text.length > LARGEST)
    throw new StarsError('CONFIG', 'This file is too large for definitions.', { where: { file } });
  const parsed = parseJson(text, file);
  const schema: z.ZodType = kind === 'app' ? AppDefinitionFile : JobDefinitionFile;
  // Checked with the places of its values, but sent as it was written.
  readCheckedList(text, file, { schema, name: kind === 'app' ? 'app' : 'job' });
  const definitions = ([parsed].flat() as Record<string, unknown>[]).map((definition) => ({
    name: kind === 'app' ? absolute(String(definition['id'])) : String(definition['name']),
    file,
    definition,
  }));
  requireSome(definitions, kind, file);
  requireDifferentNames(definitions, file);
  return definitions;
}

function unreadable(file: string, cause: unknown): never {
  const { code } = cause as NodeJS.ErrnoException;
  const why =
    code === 'ENOENT' ? 'it is a link to nothing' : code === 'EACCES' ? 'Stars may not read it' : String(cause);
  throw new StarsError('CONFIG', `This file cannot be read: ${why}.`, { where: { file }, cause });
}

function requireSome(definitions: readonly StackDefinition[], kind: string, file: string): void {
  if (definitions.length === 0)
    throw new StarsError('CONFIG', `This file defines no ${kind}.`, {
      where: { file },
      hint: `Write one into it, or take the file away.`,
    });
}

/** Strictly JSON: what only YAML takes would be refused by other programs that read the file. */
function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StarsError('SYNTAX', `This is not JSON: ${wordsOf(cause)}.`, {
      where: { file, line: lineOf(cause, text) },
      hint: 'Look for a missing or superfluous comma, bracket or quote here or just before.',
      cause,
    });
  }
}

function wordsOf(cause: unknown): string {
  return (cause as Error).message
    .replace(/ in JSON at position.*$/s, '')
    .replace(/, "?[\s\S]*$/, '')
    .replace(/ \(line.*$/s, '');
}

function lineOf(cause: unknown, text: string): number {
  const { message } = cause as Error;
  const line = /\bline (\d+)/.exec(message)?.[1];
  if (line !== undefined) return Number(line);
  const position = Number(/position (\d+)/.exec(message)?.[1] ?? text.length);
  return text.slice(0, position).split('\n').length;
}

function requireDifferentNames(definitions: readonly StackDefinition[], file: string): void {
  const seen = new Set<string>();
  for (const { name } of definitions) {
    if (seen.has(name)) throw new StarsError('CONFIG', `${name} stands here twice.`, { where: { file } });
    seen.add(name);
  }
}

function absolute(id: string): string {
  return `/${id.replace(/^\/+|\/+$/g, '')}`;
}
