import type { Value } from '../jinja/value.js';
import type { Redactor } from '../secret.js';
import type { Templar } from '../templating/templar.js';
import { pythonText } from './python-text.js';

const PASSWORDS = [
  'ansible_become_password',
  'ansible_become_pass',
  'ansible_sudo_pass',
  'ansible_su_pass',
  'ansible_password',
  'ansible_ssh_pass',
  'ansible_ssh_password',
];

/** Registers the passwords among the variables of a host, so that nothing about it shows them. */
export function registerPasswords(templar: Templar, redactor: Redactor | undefined): void {
  for (const name of redactor ? PASSWORDS : []) {
    const value = knownByNow(templar, name);
    if (value !== undefined) redactor?.add(pythonText(value));
  }
}

/** A password that needs what is not known yet cannot be shown yet either. */
function knownByNow(templar: Templar, name: string): Value | undefined {
  try {
    return templar.variable(name);
  } catch {
    return undefined;
  }
}
