import { expect, test } from '@jest/globals';
import { userInfo } from 'node:os';
import { becomeOf } from '../../src/provision/become.js';

function become(keywords: Record<string, string | boolean>, variables: Record<string, string | boolean>) {
  return becomeOf(
    (name) => keywords[name],
    (name) => variables[name],
  );
}

test.each([
  ['the keyword says so', { become: true }, {}, { user: 'root', method: 'sudo' }],
  [
    'the variable says so against the keyword',
    { become: false },
    { ansible_become: true },
    { user: 'root', method: 'sudo' },
  ],
  ['the variable says no against the keyword', { become: true }, { ansible_become: 'no' }, undefined],
  ['nobody says so', {}, { ansible_become_user: 'web' }, undefined],
  [
    'variables name another user and method than the keywords',
    { become: true, become_user: 'web', become_method: 'sudo' },
    { ansible_become_user: 'db', ansible_become_method: 'su' },
    { user: 'db', method: 'su' },
  ],
  [
    'keywords name flags and a program',
    { become: true, become_flags: '-H -E', become_exe: 'doas' },
    {},
    { user: 'root', method: 'sudo', flags: '-H -E', exe: 'doas' },
  ],
  [
    'variables name flags and a program against the keywords',
    { become: true, become_flags: '-H', become_exe: 'sudo' },
    { ansible_become_flags: '-E', ansible_sudo_exe: '/opt/sudo' },
    { user: 'root', method: 'sudo', flags: '-E', exe: '/opt/sudo' },
  ],
  [
    'the old variables of the method say how',
    { become: true, become_method: 'su' },
    { ansible_su_user: 'db', ansible_su_pass: 'secret', ansible_sudo_user: 'web', ansible_sudo_pass: 'other' },
    { user: 'db', method: 'su', password: 'secret' },
  ],
  [
    'both the old variables and those of today say it',
    { become: true },
    { ansible_sudo_user: 'db', ansible_become_user: 'web', ansible_sudo_pass: 'a', ansible_become_password: 'b' },
    { user: 'db', method: 'sudo', password: 'a' },
  ],
  [
    'the password has two names',
    { become: true },
    { ansible_become_pass: 'a', ansible_become_password: 'b' },
    { user: 'root', method: 'sudo', password: 'a' },
  ],
  [
    'this machine is worked on as that user anyway, whatever user variables name',
    { become: true, become_user: userInfo().username },
    { ansible_connection: 'local', ansible_user: 'somebody' },
    undefined,
  ],
  [
    'a keyword says that it is this machine',
    { become: true, become_user: userInfo().username, connection: 'ansible.builtin.local' },
    {},
    undefined,
  ],
  [
    'this machine is to be worked on as another user, that its variables name',
    { become: true, become_user: 'somebody' },
    { ansible_connection: 'local', ansible_user: 'somebody' },
    { user: 'somebody', method: 'sudo' },
  ],
  ['the user is the login user anyway', { become: true, become_user: 'web' }, { ansible_user: 'web' }, undefined],
])('who a task runs as when %s', (_title, keywords, variables, expected) => {
  expect(become(keywords, variables)).toEqual(expected);
});
