import { createHmac } from 'node:crypto';
import { hostKeyProblem, parseKnownHosts, preferredAlgorithms } from '../../src/connection/known-hosts.js';
import { newKey, publicKey } from './ssh-server.js';

const [key, other, rsa] = [publicKey(newKey()), publicKey(newKey()), publicKey(newKey('rsa'))];

function blob(line: string): Buffer {
  return Buffer.from(line.split(' ')[1] ?? '', 'base64');
}

function problem(text: string, { address = 'alpha.example', port = 22, shown = key } = {}) {
  return hostKeyProblem(parseKnownHosts(text, '/k'), { host: 'alpha', address, port, key: blob(shown) }, ['/k']);
}

function hashed(name: string): string {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

test.each([
  ['a plain name', `alpha.example ${key}`, {}],
  ['one name of several', `beta,alpha.example,10.0.0.1 ${key}`, {}],
  ['a name in another case', `Alpha.EXAMPLE ${key}`, {}],
  ['a host that is named in another case', `alpha.example ${key}`, { address: 'ALPHA.example' }],
  ['a name with its port', `[alpha.example]:2222 ${key}`, { port: 2222 }],
  ['the same key under the plain name, on another port', `alpha.example ${key}`, { port: 2222 }],
  ['a hashed name', `${hashed('alpha.example')} ${key}`, {}],
  ['a hashed name with its port', `${hashed('[alpha.example]:2222')} ${key}`, { port: 2222 }],
  ['a wildcard', `*.example ${key}`, {}],
  ['a wildcard for one character', `alph?.example ${key}`, {}],
  ['a comment behind the key', `alpha.example ${key} made by hand`, {}],
  ['the second line for the host', `alpha.example ${other}\nalpha.example ${key}`, {}],
  ['a key next to a revoked other one', `@revoked alpha.example ${other}\nalpha.example ${key}`, {}],
  ['a key that is revoked for another host', `@revoked beta.example ${key}\nalpha.example ${key}`, {}],
  ['lines around that make no sense', `nonsense\n\n# alpha.example\n@new x y z\nalpha.example ${key}\r\n`, {}],
])('accepts %s', (_title, text, where) => {
  expect(problem(text, where)).toBeUndefined();
});

test.each([
  ['nothing is known', '', {}, 'is unknown'],
  ['only other hosts are known', `beta.example ${key}`, {}, 'is unknown'],
  ['the name is a mere part', `alpha.example.com,xalpha.example ${key}`, {}, 'is unknown'],
  ['a wildcard names a mere beginning', `*.exam ${key}`, {}, 'is unknown'],
  ['a wildcard names a mere end', `*lpha.example ${key}`, { address: 'alpha.example.org' }, 'is unknown'],
  ['a question mark stands for two characters', `alp?.example ${key}`, {}, 'is unknown'],
  ['a plain name has another key, on another port', `alpha.example ${other}`, { port: 2222 }, 'is unknown'],
  ['a dot stands for any character', `alpha-example ${key}`, { address: 'alpha.example' }, 'is unknown'],
  ['the pattern excludes the host', `*.example,!alpha.example ${key}`, {}, 'is unknown'],
  ['the port is another', `[alpha.example]:2222 ${key}`, {}, 'is unknown'],
  ['another hash', `${hashed('beta')} ${key}`, {}, 'is unknown'],
  ['a broken hash', `|1|abc ${key}`, {}, 'is unknown'],
  ['the key is another', `alpha.example ${other}`, {}, 'has changed'],
  ['the key is another on its port', `[alpha.example]:2222 ${other}`, { port: 2222 }, 'has changed'],
  ['the key is revoked for its plain name', `@revoked alpha.example ${key}\nalpha.example ${key}`, {}, 'is revoked'],
  ['the key is revoked on its port', `@revoked [alpha.example]:2222 ${key}`, { port: 2222 }, 'is revoked'],
  ['the key is revoked', `alpha.example ${key}\n@revoked * ${key}`, {}, 'is revoked'],
])('refuses when %s', (_title, text, where, words) => {
  expect(problem(text, where)).toMatchObject({ code: 'HOST_KEY', message: expect.stringContaining(words) });
});

test('a key of another type than the known one is unknown, and said to be so', () => {
  expect(problem(`alpha.example ${rsa}`)?.hint).toContain('Only keys of other types (ssh-rsa) are known.');
});

test('a host known by a certificate authority only is refused in words', () => {
  expect(problem(`@cert-authority *.example ${key}`)?.hint).toContain(
    'certificate authority only, which Stars does not support',
  );
});

test('a changed key says where the old one stands and what to put there', () => {
  const refusal = problem(`# one\nalpha.example ${other}`);
  expect(refusal?.where).toEqual({ file: '/k', line: 2 });
  expect(refusal?.hint).toContain(`replace line 2 of /k by:\nalpha.example ${key}`);
});

test('known key types are asked for first', () => {
  expect(preferredAlgorithms(parseKnownHosts(`alpha ${rsa}`, '/k'), 'alpha', 22).slice(0, 3)).toEqual([
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-ed25519',
  ]);
});

test('so are those that are known under the plain name, on another port', () => {
  const known = parseKnownHosts(`alpha ${rsa}\n@revoked alpha ${key}`, '/k');
  expect(preferredAlgorithms(known, 'alpha', 2222)[0]).toBe('rsa-sha2-512');
});
