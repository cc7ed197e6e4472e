import { userInfo } from 'node:os';
import { isLocal } from '../connection/target.js';
import type { Become } from '../connection/connection.js';
import { StarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';
import { isTrue } from './task-result.js';
import { pythonText } from './python-text.js';

type Look = (name: string) => Value | undefined;

/** The user a task runs as: `ansible_become*` variables win over keywords; nothing when it is the login user anyway. */
export function becomeOf(keyword: Look, variable: Look): Become | undefined {
  const wanted = variable('ansible_become') ?? keyword('become');
  if (!isTrue(wanted)) return undefined;
  const method = textOr(variable('ansible_become_method') ?? keyword('become_method')) ?? 'sudo';
  if (method !== 'sudo' && method !== 'su')
    throw new StarsError('UNSUPPORTED', `become_method ${method} is not run by Stars.`, { hint: 'Use sudo or su.' });
  // As in Ansible the name of the method counts more than the general one.
  const given = (...what: string[]) =>
    [...what.map((one) => `ansible_${method}_${one}`), ...what.map((one) => `ansible_become_${one}`)]
      .map((name) => textOr(variable(name)))
      .find((value) => value !== undefined);
  const user = given('user') ?? textOr(keyword('become_user')) ?? 'root';
  if (loginOf(keyword, variable) === user) return undefined;
  const more = {
    password: given('pass', 'password'),
    flags: given('flags') ?? textOr(keyword('become_flags')),
    exe: given('exe') ?? textOr(keyword('become_exe')),
  };
  return { user, method, ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)) };
}

/** On this machine that is who Stars runs as, whatever a variable says. */
function loginOf(keyword: Look, variable: Look): string | undefined {
  if (isLocal(textOr(variable('ansible_connection') ?? keyword('connection')))) return userInfo().username;
  return textOr(variable('ansible_ssh_user') ?? variable('ansible_user') ?? keyword('remote_user'));
}

function textOr(value: Value | undefined): string | undefined {
  return value === undefined || value === null ? undefined : pythonText(value);
}
