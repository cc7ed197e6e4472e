import { dirname, normalize } from 'node:path';
import fc, { type Arbitrary } from 'fast-check';
import type { Project } from './run-playbook.js';

/** Projects with files of the same names in many folders, each of which says where it lies, and tasks that look for them. */
export type Search = { project: Project; args: string[]; unordered: boolean };

type Words = Record<string, unknown>;
type Node =
  | { kind: 'looks'; words: Words }
  | { kind: 'tasks'; how: 'import' | 'include'; folder: string; nodes: Node[] }
  | { kind: 'role'; how: 'import' | 'include'; role: string };

const ROLES = ['r1', 'r2', 'r3'] as const;
const ROOTS = ['', ...ROLES.map((role) => `roles/${role}/`)];
const FOLDERS = ['', 'files/', 'templates/', 'vars/', 'tasks/', 'tasks/sub/', 'files/sub/', 'sub/'];
const NAMES = ['a', 'b', 'c.yml', 'd.j2'];
const WANTED = [...NAMES, 'a', 'sub/a', 'files/a', 'templates/d.j2', '../files/b', '../vars/c.yml', './a', 'c', 'none'];

const wanted = fc.constantFrom(...WANTED);
const several = fc.array(wanted, { minLength: 1, maxLength: 3 });
const told = (expression: string): Words => ({ debug: { msg: `{{ ${expression} }}` } });

const looking: Arbitrary<Words> = fc.oneof(
  wanted.map((name) => told(`lookup('file', '${name}')`)),
  wanted.map((name) => told(`lookup('template', '${name}')`)),
  several.map((names) =>
    told(`lookup('first_found', ${JSON.stringify(names)}, skip=true) | default('', true)${RELATIVE}`),
  ),
  several.map((names) =>
    told(`lookup('first_found', {'files': ${JSON.stringify(names)}, 'paths': ['sub', 'vars']})${RELATIVE}`),
  ),
  fc
    .constantFrom('*', 'sub/*', '*.j2', 'files/*', 'none*')
    .map((glob) => told(`query('fileglob', '${glob}') | map('regex_replace', '.*/project/', '') | sort`)),
  several.map((names) => ({ debug: { msg: `{{ item${RELATIVE} }}` }, with_first_found: names })),
  wanted.map((name) => ({ debug: { msg: '{{ item }}' }, with_file: [name] })),
  wanted.map((name) => ({ include_vars: name })),
  several.map((names) => ({ include_vars: '{{ item }}', with_first_found: names })),
  wanted.map((name) => ({ copy: { src: name, dest: '{{ base }}/{{ inventory_hostname }}-copied' } })),
  several.map((names) => ({
    template: { src: '{{ item }}', dest: '{{ base }}/{{ inventory_hostname }}-filled' },
    with_first_found: names,
  })),
  wanted.map((name) => ({ template: { src: name, dest: '{{ base }}/{{ inventory_hostname }}-filled' } })),
);

const RELATIVE = " | regex_replace('.*/project/', '')";

const looks: Arbitrary<Node> = looking.map((words) => ({ kind: 'looks', words }));
const how = fc.constantFrom('import' as const, 'include' as const);

const { node } = fc.letrec<{ node: Node; nodes: Node[] }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    { weight: 6, arbitrary: looks },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('tasks' as const),
        how,
        folder: fc.constantFrom('', 'sub/', '../vars/'),
        nodes: tie('nodes'),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('role' as const), how, role: fc.constantFrom(...ROLES) }) },
  ),
  nodes: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
}));

const nodes = fc.array(node, { minLength: 1, maxLength: 4 });

export const searches: Arbitrary<Search> = fc
  .record({
    there: fc.uniqueArray(
      fc
        .tuple(fc.constantFrom(...ROOTS), fc.constantFrom(...FOLDERS), fc.constantFrom(...NAMES))
        .map((parts) => parts.join('')),
      { minLength: 15, maxLength: 60, size: 'max' },
    ),
    tasks: nodes,
    roles: fc.tuple(...ROLES.map(() => nodes)),
    needs: fc.boolean(),
    entries: fc.subarray([...ROLES]),
  })
  .map(({ there, tasks, roles, needs, entries }) => {
    const files: Project = Object.fromEntries(there.map((path) => [path, `place: ${path}\n`]));
    const writer = createWriter(files);
    roles.forEach((given, index) => {
      const below = `roles/${ROLES[index]}/`;
      files[`${below}tasks/main.yml`] = json(writer.list(given, `${below}tasks/`, ROLES.slice(index + 1)));
    });
    if (needs) files['roles/r1/meta/main.yml'] = json({ dependencies: ['r2'] });
    const site = [{ hosts: 'h1', gather_facts: false, roles: entries, tasks: writer.list(tasks, '', ROLES) }];
    return { project: { inventory: 'h1\n', ...files, 'site.yml': json(site) }, args: [], unordered: false };
  });

function createWriter(files: Project) {
  let count = 0;

  function list(given: readonly Node[], folder: string, after: readonly string[]): Words[] {
    return [
      ...given.map((one) => written(one, folder, after)),
      { name: `place ${(count += 1)}`, ...told("place | default('-')") },
    ];
  }

  function written(one: Node, folder: string, after: readonly string[]): Words {
    const title = { name: `${one.kind} ${(count += 1)}`, ignore_errors: true };
    if (one.kind === 'looks') return { ...title, ...one.words };
    if (one.kind === 'role') {
      // Never one before it: they would bring in each other for ever.
      const role = after.includes(one.role) ? one.role : after.at(-1);
      return role === undefined
        ? { ...title, ...told("'no role'") }
        : { name: title.name, [`${one.how}_role`]: { name: role } };
    }
    const file = `${one.folder}part-${count}.yml`;
    // Above the playbook the project ends.
    const place = folder === '' && file.startsWith('..') ? file.slice('../'.length) : normalize(folder + file);
    files[place] = json(list(one.nodes, `${dirname(place)}/`.replace(/^\.\//, ''), after));
    return { name: title.name, [`${one.how}_tasks`]: folder === '' ? place : file };
  }

  return { list };
}

/** With a line that JSON does not have: of what Ansible reads as JSON it does not know in which folder it stands. */
function json(value: unknown): string {
  return `---\n${JSON.stringify(value, undefined, 1)}\n`;
}
