import type { DifferentialCase } from '../case.js';
import { oneTask } from '../one-task.js';

const LOOK = 'hostname; hostnamectl --static; hostnamectl --pretty; cat /etc/hostname';
const one = (args: Readonly<Record<string, unknown>>, setup = 'hostnamectl set-hostname web') =>
  oneTask('hostname', args, setup, { probe: LOOK, alone: true });

export const cases: DifferentialCase[] = [
  one({ name: 'web1' }),
  one({ name: 'web1.example.org' }),
  one({ name: 'web1', use: 'systemd' }, 'hostnamectl set-hostname web1'),
  one({ name: 'web2', use: 'debian' }),
  one({ name: 'web3', use: 'systemd' }, 'hostnamectl set-hostname web3; echo other >/etc/hostname'),
  one({ name: 'web' }),
];
