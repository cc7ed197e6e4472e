import type { DifferentialCase } from '../case.js';

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
    '- package_facts:\n',
    `echo hello hold | dpkg --set-selections
apt-get install -y -qq redis-server tree >/dev/null && apt-get remove -y -qq redis-server && rm -f /var/lib/redis/dump.rdb && echo tree hold | dpkg --set-selections`,
  ),
];
