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
  const user = pythonText(variable('ansible_become_user') ?? keyword('become_user') ?? 'root');
  const login = variable('ansible_user') ?? variable('ansible_ssh_user') ?? keyword('remote_user');
  if (login !== undefined && pythonText(login) === user) return undefined;
  const method = pythonText(variable('ansible_become_method') ?? keyword('become_method') ?? 'sudo');
  if (method !== 'sudo' && method !== 'su')
    throw new StarsError('UNSUPPORTED', `become_method ${method} is not run by Stars.`, { hint: 'Use sudo or su.' });
  const password =
    variable('ansible_become_password') ?? variable('ansible_become_pass') ?? variable('ansible_sudo_pass');
  return { user, method, ...(password === undefined ? {} : { password: pythonText(password) }) };
}
