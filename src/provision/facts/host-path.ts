import { quote } from '../../shell/command.js';
import type { Fact, ModuleContext } from '../module.js';

/** A path as the host means it: `~`, `~user` and `$VARIABLES` expanded there; a read only where one of them occurs. */
export async function hostPath(context: ModuleContext, path: string): Promise<string> {
  if (/^~|\$\w|\$\{\w/.test(path)) return context.fact(expandedPath(path));
  return path.startsWith('-') ? `./${path}` : path;
}

function expandedPath(path: string): Fact<string> {
  return { script: `printf '%s' ${expandingWord(path)}`, parse: ({ stdout }) => stdout };
}

/** One shell word in which only a leading `~name` and `$NAME` mean something; an unset variable stays as it is written. */
export function expandingWord(path: string): string {
  const tilde = /^~[\w.-]*/.exec(path)?.[0] ?? '';
  const parts = path.slice(tilde.length).split(/(\$\w+|\$\{\w+\})/);
  const rest = parts.map((part, index) => (index % 2 === 0 ? quoteIfAny(part) : variable(part))).join('');
  // `~"$x"` would not expand, but `~/"$x"` does: the slash must stay outside the quotes.
  return rest.startsWith("'/") ? `${tilde}/'${rest.slice(2)}` : `${tilde}${rest}`;
}

function variable(reference: string): string {
  const name = reference.replaceAll(/[${}]/g, '');
  return `"\${${name}-${reference.includes('{') ? `\\$\\{${name}\\}` : `\\$${name}`}}"`;
}

function quoteIfAny(text: string): string {
  return text === '' ? '' : quote(text);
}
