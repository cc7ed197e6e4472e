import type { Definition } from '../cluster/normalise.js';
import type { Redactor } from '../secret.js';
import { SOUNDS_SECRET } from './typed-secrets.js';

export { withoutNamedSecrets } from './named-secrets.js';

/** Tells the redactor the values of an app's or job's environment whose names sound secret, and passwords in its addresses. */
export function registerDefinitionSecrets(definition: Definition, redactor: Redactor): void {
  for (const [name, value] of pairsIn(definition)) {
    if (SOUNDS_SECRET.test(name)) redactor.add(value);
    const [, password] = /:\/\/[^\s:/@]*:([^\s/@]+)@/.exec(value) ?? [];
    if (password !== undefined) redactor.add(password);
  }
}

/** `env` of an app, `environmentVariables` of a job. */
function pairsIn({ env, environmentVariables }: Definition): [string, string][] {
  const ofApp = typeof env === 'object' && env !== null ? Object.entries(env) : [];
  const ofJob = Array.isArray(environmentVariables)
    ? environmentVariables.map(({ name, value }: { name?: unknown; value?: unknown }) => [String(name), value] as const)
    : [];
  return [...ofApp, ...ofJob].flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
}
