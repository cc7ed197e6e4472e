import { readFileSync } from 'node:fs';
import { registerValues } from '../inventory/variables-file.js';
import type { Value } from '../jinja/value.js';
import type { Redactor } from '../secret.js';
import { loadYaml } from '../yaml/load-yaml.js';

/** The content of a file of variables; what was encrypted as a whole is kept out of everything shown. Throws SYNTAX or VAULT. */
export type ReadVariables = (file: string) => Value;

type Tools = { decrypt(text: string, file: string): string; redactor?: Redactor | undefined };

export function createVariablesReader({ decrypt, redactor }: Tools): ReadVariables {
  return (file) => {
    const text = readFileSync(file, 'utf8');
    const plain = decrypt(text, file);
    const value = loadYaml(plain, { file });
    if (plain !== text && redactor) registerValues(value, redactor);
    return value;
  };
}
