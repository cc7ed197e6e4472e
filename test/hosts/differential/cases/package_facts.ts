import type { DifferentialCase } from '../case.js';
import { withPackages } from '../package-setups.js';

const facts = (name: string, tasks: string, setup?: string): DifferentialCase => ({
  name,
  tasks,
  ...(setup === undefined ? {} : { setup }),
});

export const cases: DifferentialCase[] = [
  facts('all packages', '- package_facts:\n'),
  facts('by its manager', '- package_facts: {manager: apt, strategy: all}\n'),
  facts(
    'as variables',
    `- package_facts: {manager: [auto]}
- debug: var=ansible_facts.packages.openssh-server
- debug: msg="{{ packages['sudo'][0].version }} {{ ansible_facts.packages | length }} {{ 'nginx' in packages }}"
`,
  ),
  facts('by the first manager', '- package_facts: {strategy: first}\n'),
  facts('a manager that nobody knows', '- package_facts: {manager: nix}\n'),
  facts('a manager that the host lacks', '- package_facts: {manager: pacman}\n'),
  facts(
    'packages on hold and removed with their configuration kept',
    `- package_facts:\n- debug: msg="{{ packages | select('match', 'facts-') | sort }}"\n`,
    // What is known and on hold without being installed has an entry of its own in dpkg's status.
    withPackages(`for name in onhold kept known; do deb facts-$name 1.0; done; index
apt-get install -y -qq facts-onhold facts-kept >/dev/null
apt-get remove -y -qq facts-kept >/dev/null
dpkg --record-avail /srv/own/facts-known_1.0_all.deb
printf '%s hold\\n' facts-onhold facts-known | dpkg --set-selections
dpkg -l 'facts-*' | grep -c '^\\(hi\\|rc\\|hn\\) ' | grep -qx 3`),
  ),
];
