import { readExtraVars } from '../../src/provision/extra-vars.js';
import { createVariablesReader } from '../../src/provision/variables-reader.js';

const readVariables = createVariablesReader({ decrypt: (text) => text });
const chat = { folder: '/nowhere', trusted: false, readVariables };
const terminal = { folder: '/nowhere', trusted: true, readVariables };

test.each([
  'ansible_connection=local',
  '{"ansible_host": "10.0.0.1"}',
  'ansible_become_user=root',
  'ansible_su_user=root',
  'ansible_ssh_common_args=x',
])('a chat may not say how hosts are reached: %s', (text) => {
  expect(() => readExtraVars([text], chat)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(readExtraVars([text], terminal).size).toBe(1);
});

test('other variables may be given in a chat', () => {
  expect([...readExtraVars(['mesos_version=1.4 ansible_note=x'], chat)]).toEqual([
    ['mesos_version', '1.4'],
    ['ansible_note', 'x'],
  ]);
});
