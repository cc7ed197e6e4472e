import { StarsError } from '../errors.js';

const WHO_SHIFT = { u: 6, g: 3, o: 0 } as const;
type Who = keyof typeof WHO_SHIFT;

/** `0644` as Ansible writes a file's permissions. */
export function formatMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

/** The permissions after a symbolic change such as `u=rwX,go-w`; throws PLAYBOOK when it makes no sense. */
export function applySymbolic(
  symbolic: string,
  { mode, directory, umask = 0o022 }: { mode: number; directory: boolean; umask?: number },
): number {
  let next = mode & 0o7777;
  for (const clause of symbolic.split(',')) {
    const [, who = '', rest = ''] = /^([ugoa]*)(.*)$/.exec(clause) ?? [];
    const steps = [...rest.matchAll(/([-+=])([rwxXst]*|[ugo])(?=[-+=]|$)/g)];
    if (steps.length === 0 || steps.map(([all]) => all).join('') !== rest) {
      throw new StarsError('PLAYBOOK', `bad symbolic permission for mode: ${clause}`);
    }
    const users = (who === '' || who.includes('a') ? ['u', 'g', 'o'] : who.split('')) as Who[];
    for (const [, operator = '', permissions = ''] of steps) {
      // `X` and copied permissions look at the file as it was, as Ansible does.
      for (const user of users) {
        const bits = wantedBits(permissions, user, mode, directory) & (who === '' ? ~umask : 0o7777);
        next = operate(next, operator, user, bits);
      }
    }
  }
  return next;
}

function operate(mode: number, operator: string, user: Who, bits: number): number {
  if (operator === '+') return mode | bits;
  if (operator === '-') return mode & ~bits;
  return (mode & ~ownBits(user)) | bits;
}

/** Every bit that `who=` resets. */
function ownBits(user: Who): number {
  const special = { u: 0o4000, g: 0o2000, o: 0o1000 }[user];
  return (0o7 << WHO_SHIFT[user]) | special;
}

function wantedBits(permissions: string, user: Who, mode: number, directory: boolean): number {
  const shift = WHO_SHIFT[user];
  if (permissions === 'u' || permissions === 'g' || permissions === 'o') {
    return ((mode >> WHO_SHIFT[permissions]) & 0o7) << shift;
  }
  let bits = 0;
  for (const letter of permissions) {
    if (letter === 'r') bits |= 4 << shift;
    if (letter === 'w') bits |= 2 << shift;
    if (letter === 'x' || (letter === 'X' && (directory || (mode & 0o111) !== 0))) bits |= 1 << shift;
    if (letter === 's' && user !== 'o') bits |= user === 'u' ? 0o4000 : 0o2000;
    if (letter === 't' && user === 'o') bits |= 0o1000;
  }
  return bits;
}
