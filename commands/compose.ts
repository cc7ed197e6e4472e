import { join } from 'node:path';
import { z } from 'zod';
import { defineCommand } from '../src/bot/command.js';
import { createComposedRoles, type Fetched } from '../src/compose/composed-roles.js';
import { createGit } from '../src/compose/git.js';
import { readRequirements } from '../src/compose/requirements.js';
import { modules } from '../src/provision/modules/index.js';

export const compose = defineCommand({
  name: 'compose',
  summary: 'Fetch the roles named in the requirements.yml of the stack, at their pinned versions.',
  environment: 'none',
  flags: { force: { says: 'Replace roles also where their files were changed here.' } },
  args: z.strictObject({ force: z.boolean().default(false) }),
  permission: 'provision',
  kind: 'run',
  examples: ['compose'],

  async run({ args, home, step, note, signal }) {
    const file = join(home.stackFolder, 'requirements.yml');
    const { roles, collections } = await step('Read requirements.yml', () => readRequirements(file));
    const git = createGit({ environment: home.env, signal });
    const composed = createComposedRoles({ folder: join(home.stackFolder, 'roles'), git, force: args.force });
    const fetched: Fetched[] = [];
    for (const role of roles) {
      if (role.version === undefined) note(`${role.name} is not pinned: write the version that was tested.`);
      const title = `Fetch ${role.name}${role.version === undefined ? '' : ` ${role.version}`}`;
      fetched.push(await step(title, () => composed.fetch(role), wordsOf));
    }
    for (const collection of collections) note(nativeModules(collection));
    const anew = fetched.filter(({ state }) => state !== 'as pinned').length;
    if (roles.length === 0) return 'requirements.yml names no roles.';
    const count = `${roles.length} ${roles.length === 1 ? 'role' : 'roles'}`;
    return anew === 0 ? `${count}, as pinned.` : `${count}: ${anew} fetched, ${roles.length - anew} as pinned.`;
  },
});

function wordsOf({ commit, state }: Fetched): string {
  return `${state}, commit ${commit.slice(0, 12)}`;
}

/** Collections are not fetched: their modules are Python. */
function nativeModules(collection: string): string {
  const own = [...modules.values()].filter((module) => module.collection === collection).map(({ name }) => name);
  const runs = own.length === 0 ? 'Stars runs none of its modules' : `Stars itself runs ${own.sort().join(', ')} of it`;
  return `The collection ${collection} is not fetched, since hosts need no Python: ${runs}.`;
}
