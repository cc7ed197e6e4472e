import { expect, test } from '@jest/globals';
import { firewalld } from '../../../src/provision/modules/firewalld.js';
import { pythonText } from '../../../src/provision/python-text.js';
import { localHost } from '../support/local-host.js';
import { type Answers, planned } from '../support/planned.js';

const iptables = (args: Record<string, unknown>, answers: Answers = []) => planned('iptables', args, answers);
const PATH = 'PATH=$PATH:/usr/sbin:/sbin; ';

test.each<[string, Record<string, unknown>, string, string[]]>([
  [
    'adds a rule',
    { chain: 'INPUT', protocol: 'tcp', destination_port: 22, jump: 'ACCEPT' },
    'chain',
    ['iptables -t filter -A INPUT -p tcp -j ACCEPT --destination-port 22'],
  ],
  ['leaves a rule', { chain: 'INPUT', protocol: 'tcp', jump: 'ACCEPT' }, 'rule\nchain', []],
  [
    'removes a rule',
    { chain: 'INPUT', source: '!10.0.0.0/8', jump: 'DROP', state: 'absent' },
    'rule\nchain',
    ["iptables -t filter -D INPUT '!' -s 10.0.0.0/8 -j DROP"],
  ],
  [
    'makes the chain first',
    { chain: 'MINE', jump: 'DROP', chain_management: true },
    '',
    ['iptables -t filter -N MINE', 'iptables -t filter -A MINE -j DROP'],
  ],
  [
    'sets a policy',
    { chain: 'INPUT', policy: 'DROP' },
    'Chain INPUT (policy ACCEPT)',
    ['iptables -t filter -P INPUT DROP'],
  ],
  [
    'logs',
    { chain: 'INPUT', log_prefix: 'a b: ' },
    'chain',
    ["iptables -t filter -A INPUT -j LOG --log-prefix 'a b: '"],
  ],
  [
    'works for IPv6',
    { chain: 'INPUT', ip_version: 'ipv6', icmp_type: 'echo-request', jump: 'DROP' },
    'chain',
    ['ip6tables -t filter -A INPUT -j DROP --icmpv6-type echo-request'],
  ],
])('iptables %s', async (_title, args, said, expected) => {
  expect(await iptables(args, [[/./, said]])).toEqual(expected.map((line) => PATH + line));
});

test('iptables says what does not go together', async () => {
  expect(await iptables({ jump: 'DROP' })).toBe('Either chain or flush parameter must be specified.');
  expect(await iptables({ chain: 'INPUT', log_prefix: 'x', jump: 'DROP' })).toContain('LOG jump target');
  await expect(iptables({ chain: 'INPUT', jump: 'DROP' }, [[/./, '', 127]])).rejects.toThrow('"iptables"');
});

const answers = (permanent: string, immediate: string): Answers => [
  [
    /./,
    `stars-firewall running\nstars-firewall zone public\nstars-firewall permanent ${permanent}\nstars-firewall immediate ${immediate}\n`,
  ],
];
const [YES, NO] = ['0 yes', '1 no'];

test.each<[Record<string, unknown>, Answers, string | string[]]>([
  [
    { service: 'https', permanent: true, state: 'enabled' },
    answers(NO, YES),
    ['firewall-cmd --permanent --add-service=https'],
  ],
  [
    { service: 'https', permanent: true, immediate: true, state: 'enabled' },
    answers(NO, NO),
    ['firewall-cmd --permanent --add-service=https', 'firewall-cmd --add-service=https'],
  ],
  [
    { service: 'https', permanent: true, immediate: true, state: 'disabled' },
    answers(YES, NO),
    ['firewall-cmd --permanent --remove-service=https'],
  ],
  [
    { port: '8081/tcp', state: 'enabled', timeout: 60 },
    answers(NO, NO),
    ['firewall-cmd --add-port=8081/tcp --timeout=60'],
  ],
  [{ port: '161-162/udp', zone: 'dmz', state: 'enabled', permanent: true }, answers(YES, NO), []],
  [
    { rich_rule: 'rule service name="ftp" accept', state: 'enabled', permanent: true },
    answers(NO, NO),
    [`firewall-cmd --permanent '--add-rich-rule=rule service name="ftp" accept'`],
  ],
  [
    {
      port_forward: [
        new Map<string, unknown>([
          ['port', 443],
          ['proto', 'tcp'],
          ['toport', 8443],
        ]),
      ],
      state: 'enabled',
      permanent: true,
    },
    answers(NO, NO),
    ['firewall-cmd --permanent --add-forward-port=port=443:proto=tcp:toport=8443'],
  ],
  [
    { interface: 'eth2', zone: 'trusted', state: 'enabled', permanent: true },
    answers(NO, NO),
    ['firewall-cmd --permanent --zone=trusted --change-interface=eth2'],
  ],
  [
    { masquerade: 'no', state: 'enabled', permanent: true, zone: 'dmz' },
    answers(YES, NO),
    ['firewall-cmd --permanent --zone=dmz --remove-masquerade'],
  ],
  [
    { zone: 'custom', state: 'present', permanent: true },
    answers('0 dmz public', YES),
    ['firewall-cmd --permanent --new-zone=custom'],
  ],
  [
    { zone: 'dmz', state: 'absent', permanent: true },
    answers('0 dmz public', YES),
    ['firewall-cmd --permanent --delete-zone=dmz'],
  ],
  [
    { zone: 'dmz', target: 'DROP', state: 'present', permanent: true },
    answers('0 default', YES),
    ['firewall-cmd --permanent --zone=dmz --set-target=DROP'],
  ],
  [
    { service: 'https', permanent: true, state: 'enabled' },
    [[/./, 'stars-firewall zone public\nstars-firewall permanent 1 no\n']],
    ['firewall-offline-cmd --add-service=https'],
  ],
  [
    { service: 'https', state: 'enabled' },
    [[/./, 'stars-firewall zone public\n']],
    'firewall is not currently running, unable to perform immediate actions without a running firewall daemon',
  ],
  [{ port: '80', state: 'enabled' }, [], 'improper port format (missing protocol?)'],
  [{ service: 'a', state: 'present' }, [], 'absent and present state can only be used in zone level operations'],
  [
    { service: 'a', port: '1/tcp', state: 'enabled' },
    [],
    'parameters are mutually exclusive: one task is about one thing',
  ],
  [{ interface: 'eth0', state: 'enabled' }, [], "missing parameter(s) required by 'interface': zone"],
])('firewalld %j', async (args, said, expected) => {
  expect(await planned('firewalld', args, said)).toEqual(expected);
});

test('what firewalld does not know fails with its words', async () => {
  const said = answers('101 Error: INVALID_SERVICE: nope', NO);
  await expect(planned('firewalld', { service: 'nope', state: 'enabled', permanent: true }, said)).rejects.toThrow(
    'INVALID_SERVICE: nope',
  );
});

test('firewalld tells what it changed, and where', async () => {
  const stdout = 'stars-firewall zone public\nstars-firewall permanent 1 no\n';
  const host = localHost({ execute: async () => ({ code: 0, stdout, stderr: '', truncated: false }) });
  const { result } = await host.plan(firewalld, { masquerade: 'yes', state: 'enabled', permanent: true });
  host.remove();
  expect(pythonText(result?.get('msg'))).toBe(
    'Permanent operation, Added masquerade to zone public, (offline operation: only on-disk configs were altered)',
  );
});
