import type { Home } from '../home/home.js';
import type { Person, RunSource } from '../model/run.js';
import type { AnyCommand } from './command.js';
import { type Permission, PERMISSIONS } from './permission.js';
import type { Reach, Rights } from './rights.js';

type Asker = { person: Person; source: RunSource };
type Asked = Asker & { commands: readonly AnyCommand[]; home: Home; rights: Rights };

/** `permission`: the right by which they may, which is that to read where only some of the command is theirs. */
export type Permitted = { command: AnyCommand; permission: Permission; reach: Exclude<Reach, 'none'> };

/** The commands of one environment that a person may run there; with null, those of none. Throws CONFIG or SYNTAX. */
export async function permittedIn(name: string | null, asked: Asked): Promise<Permitted[]> {
  const { commands, home, rights, person, source } = asked;
  const environment = name === null ? undefined : await home.environment(name);
  const there = commands.filter((command) => isOfEnvironments(command) === (name !== null));
  const permitted = await Promise.all(
    there.map(async (command) => {
      const by = async (permission: Permission) => {
        const called = { name: command.standsForCommand ?? command.name, permission };
        return { command, permission, reach: await rights.reach({ person, source, command: called, environment }) };
      };
      const whole = await by(command.permission);
      // Some of it may be looked at by whoever may read.
      return whole.reach === 'none' && command.reads ? by('read') : whole;
    }),
  );
  return permitted.flatMap(({ reach, ...one }) => (reach === 'none' ? [] : [{ ...one, reach }]));
}

/** The commands that a person may run in some environment or in none; in a home without environments, what stars.yml says of them. */
export async function permittedSomewhere(asked: Asked): Promise<AnyCommand[]> {
  const names = asked.home.environments();
  // What a file that cannot be read would say is told when somebody runs a command there.
  const inThem = names.map((name) => permittedIn(name, asked).catch((): Permitted[] => []));
  const found = new Set(
    (await Promise.all([permittedIn(null, asked), ...inThem])).flat().map(({ command }) => command),
  );
  return asked.commands.filter((command) => found.has(command) || (names.length === 0 && isOfEnvironments(command)));
}

/** The commands for which rights can be given; the others go by those of the command they stand for. */
export function namesWithRights(commands: readonly AnyCommand[]): string[] {
  return commands.filter(({ standsForCommand }) => standsForCommand === undefined).map(({ name }) => name);
}

/** The rights that a person has to all of an environment. Throws CONFIG or SYNTAX. */
export async function rightsIn(name: string, { home, rights, person, source }: Asked): Promise<Permission[]> {
  const environment = await home.environment(name);
  const held: Permission[] = [];
  for (const permission of PERMISSIONS) {
    // No command is called so: what a rule says of a right counts, and what it says of a command does not.
    const reach = await rights.reach({ person, source, command: { name: '', permission }, environment });
    if (reach === 'all') held.push(permission);
  }
  return held;
}

/** Whether rights for it are asked of an environment. */
function isOfEnvironments({ environment, standsFor }: AnyCommand): boolean {
  return environment === 'required' || standsFor !== undefined;
}
