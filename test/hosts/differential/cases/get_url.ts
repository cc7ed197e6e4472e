import type { DifferentialCase, Intended } from '../case.js';
import { BEFORE_A_FILE } from '../file-setups.js';
import { type Arguments, generated, oneTask } from '../one-task.js';

const SHA256 = 'sha256:c3f9c8c283a2b1f2f1896f27a01cbe3cddc0c9d93f752e4639035a0f5b36f6e8';
const WRONG = 'sha256:0000';
const NOT_PLACED: Intended = {
  lines: /changed: Ansible true, Stars false|: Ansible absent|links, Stars|Ansible file .* Stars file .* links/,
  why: 'A download whose checksum is wrong is never put in place.',
};
const one = (url: string, args: Arguments = {}, setup?: string) =>
  oneTask('get_url', { url: `http://server:8000${url}`, dest: '@/x', ...args }, setup);

/** Tells whose certificate was shown. */
const WHO = 'https://server:8443/who';
const LOGIN = "printf 'machine server\\nlogin me\\npassword secret\\n'";
const withLogin = (args: Arguments) => ({
  ...one('/auth', { dest: '@/x', ...args }, `${LOGIN} >.netrc; chmod 600 .netrc`),
  tasks: JSON.stringify([
    {
      get_url: { url: 'http://server:8000/auth', dest: '@/x', ...args },
      environment: { HOME: '@', NETRC: '@/.netrc' },
    },
  ]),
});

export const intended: readonly Intended[] = [
  { lines: /task \d+ \(\S+ get_url\): src: Ansible/, why: 'No copy stays where the download was.' },
  {
    lines: /^check mode, task \d+ \(\S+ get_url\): (msg|checksum_src|checksum_dest): Ansible/,
    why: 'Check mode downloads nothing, and the sum of nothing tells nobody anything.',
  },
];

export const cases: DifferentialCase[] = [
  one('/file'),
  one('/missing'),
  one('/redirect'),
  one('/moved'),
  one('/gzip'),
  one('/gzip', { decompress: false }),
  one('/broken'),
  one('/empty'),
  one('/auth'),
  one('/auth', { url_username: 'me', url_password: 'secret' }),
  one('/auth', { username: 'me', password: 'secret', force_basic_auth: true }),
  one('/auth', { url_username: 'me', url_password: 'wrong', force_basic_auth: true }),
  one('/echo', { headers: { 'X-Custom': 'a b' } }),
  {
    ...one('/echo', { headers: 'X-Custom:a' }),
    differs: { lines: /status|changed|\/x: Ansible absent/, why: 'Older versions of Ansible know headers as a text.' },
  },
  one('/echo', { http_agent: 'mine', use_proxy: false, validate_certs: false, timeout: 5 }),
  one('/file', { dest: '@/d' }, 'mkdir d'),
  one('/file?a=b', { dest: '@/d' }, 'mkdir d'),
  {
    ...one('/disposition', { dest: '@/d' }, 'mkdir d'),
    differs: { lines: /dest: Ansible|named|disposition/, why: 'In a folder the file is named as the address ends.' },
  },
  one('/file', { dest: '@/d/' }, 'mkdir d'),
  one('/file', { dest: '@/none/x' }),
  one('/file', { dest: '@/none/' }),
  one('/file', { tmp_dest: '@/t' }, 'mkdir t'),
  one('/file', { tmp_dest: '@/t' }),
  one('/file', { checksum: 'sha256:http://server:8000/sums' }),
  one('/plain.txt', { checksum: 'sha256:http://server:8000/sums' }),
  { ...one('/file', { checksum: 'sha1:0000' }), differs: NOT_PLACED },
  { ...one('/file', { checksum: 'md5:5d933eef19aee7da192608de61b6c23d' }), differs: NOT_PLACED },
  one('/file', { checksum: 'nonsense' }),
  one('/file', { dest: '@/d', checksum: SHA256 }, "mkdir d; printf 'one\\ntwo\\n' >d/file"),
  { ...one('/file'), name: 'from nobody', tasks: '- get_url: {url: "http://127.0.0.1:9/x", dest: "@/x", timeout: 2}' },
  { ...one('/file'), name: 'file url', tasks: '- get_url: {url: "file:///etc/hostname", dest: "@/x"}' },
  ...generated(
    'get_url',
    {
      force: [undefined, true],
      checksum: [undefined, SHA256, WRONG],
      backup: [undefined, true],
      mode: [undefined, '0640'],
      owner: [undefined, 'daemon'],
      group: [undefined, 'games'],
    },
    {
      always: { url: 'http://server:8000/file', dest: '@/x' },
      more: ({ checksum }) => (checksum === WRONG ? { differs: NOT_PLACED } : {}),
      before: {
        ...BEFORE_A_FILE,
        wanted: "printf 'one\\ntwo\\n' >x",
        forced: "printf 'other\\n' >y; chmod 640 y; chown 1:2 y; ln -s y x",
        old: "printf 'old\\n' >x; touch -d 2010-01-01 x",
      },
    },
  ),
  one('/file', { unsafe_writes: true }),
  one('/echo', { force: true }),
  one('/enter', { headers: { 'X-Custom': 'a' }, unredirected_headers: ['x-custom'] }),
  withLogin({ use_netrc: true }),
  withLogin({ use_netrc: false }),
  ...generated('get_url', {
    url: [WHO],
    dest: ['@/x'],
    validate_certs: [undefined, false],
    client_cert: [undefined, '/run/tls/both.pem'],
    ciphers: [undefined, ['ECDHE-RSA-AES256-GCM-SHA384', 'AES256-SHA']],
  }),
  one('', { url: WHO, validate_certs: false, client_cert: '/run/tls/cert.pem', client_key: '/run/tls/key.pem' }),
  one('/file', { seuser: 'root', serole: 'object_r', setype: 'etc_t', selevel: 's0' }),
];
