import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { untilde, type Variables } from '../config.js';
import { StarsError, type Position } from '../errors.js';
import { Secret, type Redactor } from '../secret.js';
import { problem } from './checked-file.js';

/** Where a secret is kept: an environment variable, a file, or a variable of the vault. */
export type SecretReference = { env: string } | { file: string } | { vault: string };

export const SecretReference = z.unknown().transform((value, context): SecretReference => {
  const known = Reference.safeParse(value);
  if (known.success) return known.data;
  const plain = typeof value === 'string' || typeof value === 'number';
  context.issues.push({
    ...problem(
      plain ? '{name} is a secret and must not stand here in plain text.' : '{name} must say where the secret is kept.',
      'Write {env: NAME} for an environment variable, {file: PATH}, or {vault: variable}.',
    ),
    // The value itself stays out of the error: it may be the secret.
    input: undefined,
  });
  return z.NEVER;
});

const Name = z.string().min(1);
const Reference = z.union([
  z.strictObject({ env: Name }),
  z.strictObject({ file: Name }),
  z.strictObject({ vault: Name }),
]);

export type SecretSources = {
  env: Variables;
  /** What relative paths start from. */
  folder: string;
  redactor?: Redactor | undefined;
  /** A variable of the environment's vault, or undefined when there is none. */
  vaultVariable: (name: string) => Promise<string | undefined>;
};

/** The secret that is referred to, known to the redactor from now on. Throws CONFIG or VAULT, saying what to provide. */
export async function resolveSecret(
  reference: SecretReference,
  sources: SecretSources,
  where: Position,
): Promise<Secret> {
  const text = await textOf(reference, sources, where);
  if (!text) {
    throw new StarsError('CONFIG', `The secret ${describe(reference)} is empty or does not exist.`, {
      where,
      hint: remedy(reference),
    });
  }
  const secret = new Secret(text);
  sources.redactor?.add(secret);
  return secret;
}

async function textOf(
  reference: SecretReference,
  { env, folder, vaultVariable }: SecretSources,
  where: Position,
): Promise<string | undefined> {
  if ('vault' in reference) return vaultVariable(reference.vault);
  if ('file' in reference) return readSecretFile(resolve(folder, untilde(reference.file, env)), where);
  const file = env[`${reference.env}_FILE`];
  return env[reference.env] || (file ? readSecretFile(untilde(file, env), where) : undefined);
}

async function readSecretFile(file: string, where: Position): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    throw new StarsError('CONFIG', `The file ${file} that holds a secret cannot be read.`, {
      where,
      hint: 'Check that it exists and that Stars may read it.',
      cause,
    });
  }
}

function describe(reference: SecretReference): string {
  if ('env' in reference) return `in the environment variable ${reference.env}`;
  return 'file' in reference ? `in ${reference.file}` : `${reference.vault} of the vault`;
}

function remedy(reference: SecretReference): string {
  if ('env' in reference)
    return `Set ${reference.env} for the process of Stars, or ${reference.env}_FILE with the path of a file.`;
  if ('file' in reference) return `Write the secret into ${reference.file}.`;
  return `Add ${reference.vault} to an encrypted file in group_vars/all of the environment, or correct its name.`;
}
