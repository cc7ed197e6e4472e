import { expect, test } from '@jest/globals';
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
  ['the user is the login user anyway', { become: true, become_user: 'web' }, { ansible_user: 'web' }, undefined],
])('who a task runs as when %s', (_title, keywords, variables, expected) => {
  expect(become(keywords, variables)).toEqual(expected);
});
