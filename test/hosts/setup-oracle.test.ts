import { expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { Float, type Value } from '../../src/jinja/value.js';
import { setupFact } from '../../src/provision/facts/setup.js';
import { pythonText } from '../../src/provision/python-text.js';
import { localHost } from '../provision/support/local-host.js';

// What changes from one second to the next, or is known to be read another way.
const LEFT_OUT = [
  /^ansible_(date_time|env|memfree_mb|memory_mb|loadavg|uptime_seconds|mounts|python|python_version|devices|device_links|lvm)$/,
  /^ansible_(system_capabilities.*|hostnqn|iscsi_iqn|fibre_channel_wwn|form_factor|chassis_(asset_tag|serial|version)|board_(serial|version|asset_tag))$/,
  /^ansible_(selinux(_python_present)?|fqdn|domain|virtualization_tech_guest)$/,
  /^(gather_subset|module_setup)$/,
];

// Interfaces have rarely used details such as features and timestamping.
const DETAILS = new Set([
  'features',
  'hw_timestamp_filters',
  'timestamping',
  'speed',
  'module',
  'pciid',
  'phc_index',
  'id',
  'interfaces',
  'stp',
]);

test('setup gathers what real Ansible gathers from the same host', async () => {
  const host = localHost();
  const ours = plain(setupFact.parse(await host.run(setupFact.script))) as Record<string, unknown>;
  host.remove();
  const said = spawnSync('ansible', ['localhost', '-m', 'setup'], { encoding: 'utf8' }).stdout;
  const theirs = JSON.parse(said.slice(said.indexOf('{'))).ansible_facts as Record<string, unknown>;
  const names = Object.keys(theirs).filter((name) => !LEFT_OUT.some((pattern) => pattern.test(name)));
  expect(pick(ours, names)).toEqual(pick(theirs, names));
});

function pick(facts: Record<string, unknown>, names: string[]) {
  return Object.fromEntries(names.map((name) => [name, withoutDetails(facts[name])]));
}

function withoutDetails(value: unknown): unknown {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'string') ? [...value].sort() : value;
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !DETAILS.has(key))
      .map(([key, inner]) => [key, withoutDetails(inner)]),
  );
}

function plain(value: Value): unknown {
  if (value instanceof Float) return value.value;
  if (Array.isArray(value)) return value.map(plain);
  return value instanceof Map
    ? Object.fromEntries([...value].map(([key, inner]) => [pythonText(key), plain(inner)]))
    : value;
}
