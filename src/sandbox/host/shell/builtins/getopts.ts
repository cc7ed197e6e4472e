import type { Builtin } from './builtin.js';

export const getopts: Builtin = async (shell, args) => {
  const { state } = shell;
  const [options, name, ...given] = args;
  if (options === undefined || name === undefined) {
    await shell.complain('getopts: usage: getopts optstring name [arg]');
    return 2;
  }
  const values = given.length > 0 ? given : state.params;
  const silent = options.startsWith(':');
  let index = Number(state.get('OPTIND') ?? 1) || 1;
  let at = state.getoptsAt;
  const word = values[index - 1];
  const finish = (value: string, argument: string | undefined, status: number) => {
    state.set(name, value);
    if (argument === undefined) state.unset('OPTARG');
    else state.set('OPTARG', argument);
    state.set('OPTIND', String(index));
    state.getoptsAt = at;
    return status;
  };
  if (word === undefined || (at === 1 && (!word.startsWith('-') || word === '-'))) return finish('?', undefined, 1);
  if (at === 1 && word === '--') {
    index++;
    return finish('?', undefined, 1);
  }
  const letter = word[at] as string;
  at++;
  const last = at >= word.length;
  const place = letter === ':' ? -1 : options.indexOf(letter);
  if (place >= 0 && options[place + 1] === ':') {
    const inline = word.slice(at);
    at = 1;
    index++;
    if (inline !== '') return finish(letter, inline, 0);
    const next = values[index - 1];
    if (next !== undefined) {
      index++;
      return finish(letter, next, 0);
    }
    if (silent) return finish(':', letter, 0);
    await shell.complain(`option requires an argument -- ${letter}`);
    return finish('?', undefined, 0);
  }
  if (last) {
    index++;
    at = 1;
  }
  if (place >= 0) return finish(letter, undefined, 0);
  if (silent) return finish('?', letter, 0);
  await shell.complain(`illegal option -- ${letter}`);
  return finish('?', undefined, 0);
};
