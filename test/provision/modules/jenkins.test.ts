import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jenkinsPlugin } from '../../../src/provision/modules/jenkins-plugin.js';
import { type LocalHost, localHost } from '../support/local-host.js';

// A curl or wget that notes its arguments and its settings apart, and answers as Jenkins does by the address in them.
const ANSWER = `case $said in
*crumbIssuer*) echo '{"crumb": "c1", "crumbRequestField": "X-Crumb"}';;
*pluginManager/api*) echo '{"plugins": [{"shortName": "git", "pinned": false, "enabled": true}]}';;
*/api/json*) echo '{"useCrumbs": true}';;
*/latest/*|*/1.2/*) printf new;;
esac`;
const CURL = `#!/bin/sh
echo "curl $*" >>@/arguments; said=$(cat); printf '%s\\n' "$said" >>@/settings
out=$(printf '%s\\n' "$said" | sed -n 's/^output = "\\(.*\\)"/\\1/p'); [ "$out" ] && exec >"$out"
${ANSWER}`;

let host: LocalHost;
beforeEach(() => {
  host = localHost();
  mkdirSync(join(host.folder, 'bin'));
  mkdirSync(join(host.folder, 'plugins'));
  writeFileSync(join(host.folder, 'bin/curl'), CURL.replaceAll('@', host.folder), { mode: 0o755 });
});
afterEach(() => host.remove());

const read = (name: string) =>
  existsSync(join(host.folder, name)) ? readFileSync(join(host.folder, name), 'utf8') : '';
const owner = { owner: String(process.getuid?.() ?? 0), group: String(process.getgid?.() ?? 0) };
const apply = (args: Record<string, unknown>) => {
  const other = localHost({ environment: { PATH: `${host.folder}/bin:${process.env.PATH}` } });
  const given = {
    name: 'git',
    jenkins_home: host.folder,
    url_username: 'me',
    url_password: 'hunter"2',
    ...owner,
    ...args,
  };
  return other.apply(jenkinsPlugin, given).finally(() => other.remove());
};

test('the login and the crumb of Jenkins are no arguments of a program', async () => {
  expect(await apply({ state: 'disabled' })).toMatchObject({ changed: true, plugin: 'git', state: 'disabled' });
  expect(read('arguments')).not.toMatch(/hunter|c1/);
  expect(read('settings')).toContain(String.raw`user = "me:hunter\"2"`);
  expect(read('settings')).toMatch(/header = "X-Crumb: c1"\n?/);
  expect(read('settings')).toContain('pluginManager/plugin/git/makeDisabled');
});

test('a certain version replaces another, and only once', async () => {
  writeFileSync(join(host.folder, 'plugins/git.jpi'), 'old');
  expect(await apply({ version: '1.2' })).toMatchObject({ changed: true, state: 'present' });
  expect(read('plugins/git.jpi')).toBe('new');
  expect(await apply({ version: '1.2' })).toMatchObject({ changed: false });
  expect(await apply({ state: 'latest' })).toMatchObject({ changed: false, state: 'present' });
});

test('a plugin that is there in any version is left alone but for its owner and permissions', async () => {
  writeFileSync(join(host.folder, 'plugins/git.jpi'), 'old', { mode: 0o600 });
  expect(await apply({})).toMatchObject({ changed: true });
  expect(await apply({})).toMatchObject({ changed: false });
  expect(read('plugins/git.jpi')).toBe('old');
});

test('what params says counts more than the rest, and a name that is none is refused', async () => {
  const params = new Map([['state', 'absent']]);
  expect(await apply({ params })).toMatchObject({ changed: true, state: 'absent' });
  expect(await apply({ name: 'git"); x("' })).toMatchObject({ failed: true });
});
