import fc, { type Arbitrary } from 'fast-check';
import type { Project } from './run-playbook.js';

/** Projects in which a few variables are given values wherever Ansible lets one, and tasks that say what they see of them. */
export type Scopes = { project: Project; args: string[]; unordered: boolean };

/** A value may ask for the names after its own, so no value asks for itself. */
const NAMES = ['v1', 'v2', 'v3', 'v4'] as const;
const HOSTS = ['h1', 'h2', 'h3'] as const;
const GROUPS = ['all', 'app', 'web', 'db', 'ungrouped'] as const;
const ROLES = ['r1', 'r2', 'r3'] as const;

type Words = Record<string, unknown>;
/** Names that get a value, and for each whether it asks for another name. */
type Assignment = Partial<Record<(typeof NAMES)[number], 'own' | 'asks'>>;

type Node =
  | { kind: 'tell'; words: Words; vars: Assignment; loop: Loop | undefined }
  | { kind: 'set'; name: string; words: Words; register: boolean }
  | { kind: 'file'; kept: Assignment; words: Words; into: string | undefined }
  | { kind: 'block'; words: Words; vars: Assignment; nodes: Node[] }
  | { kind: 'tasks'; how: 'import' | 'include'; words: Words; vars: Assignment; loop: Loop | undefined; nodes: Node[] }
  | { kind: 'role'; how: 'import' | 'include'; role: string; words: Words; vars: Assignment; args: Words };

type Loop = { words: Words; variable: string };

type RoleEntry = { role: string; vars: Assignment; params: Assignment; words: Words };
type Role = { defaults: Assignment; vars: Assignment; nodes: Node[]; other: Node[]; needs: RoleEntry[] };
type Play = {
  words: Words;
  vars: Assignment;
  files: Assignment[];
  roles: RoleEntry[];
  pre_tasks: Node[];
  tasks: Node[];
  handler: Assignment;
};

const name = fc.constantFrom(...NAMES);
const how = fc.oneof(
  { weight: 3, arbitrary: fc.constant('own' as const) },
  { weight: 2, arbitrary: fc.constant('asks' as const) },
);

function assignment(oneIn: number): Arbitrary<Assignment> {
  const value = fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: how });
  return fc.record({ v1: value, v2: value, v3: value, v4: value });
}

function seldom<T>(oneIn: number, value: Arbitrary<T>): Arbitrary<T | undefined> {
  return fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
}

const condition = fc.oneof(
  fc.tuple(name, fc.constantFrom('is defined', 'is undefined')).map((words) => words.join(' ')),
  fc.constantFrom(...HOSTS).map((host) => `inventory_hostname ${host === 'h2' ? '!=' : '=='} '${host}'`),
  name.map((one) => `'play' in ${one} | default('') | string`),
);

const someTags = fc.constantFrom<unknown>('one', 'two', ['one', 'two'], 'always', 'never', '{{ v4 | default("one") }}');
const words = fc
  .record({ when: seldom(5, condition), tags: seldom(6, someTags), notify: seldom(8, fc.constant('told')) })
  .map(defined);

const loop: Arbitrary<Loop> = fc
  .tuple(
    fc.constantFrom<Words>(
      { loop: ['a', 'b'] },
      { with_items: ['a', ['b']] },
      { loop: '{{ [v3 | default("none")] }}' },
      { with_dict: { k: 'a' } },
    ),
    seldom(2, fc.constantFrom('v2', 'v4', 'each')),
    seldom(3, fc.constantFrom('v3', 'position')),
  )
  .map(([list, loop_var, index_var]) => ({
    words: {
      ...list,
      ...(loop_var || index_var ? { loop_control: defined({ loop_var, index_var }) } : {}),
    },
    variable: loop_var ?? 'item',
  }));

const tell: Arbitrary<Node> = fc
  .record({ words, vars: assignment(6), loop: seldom(6, loop), more: seldom(10, fc.constant({ delegate_to: 'h2' })) })
  .map(({ words: given, more, ...rest }) => ({ kind: 'tell', words: { ...given, ...more }, ...rest }));

const setting: Arbitrary<Node> = fc
  .record({
    name,
    words,
    register: fc.boolean(),
    more: seldom(
      4,
      fc.constantFrom<Words>({ delegate_to: 'h3' }, { delegate_to: 'h3', delegate_facts: true }, { run_once: true }),
    ),
  })
  .map(({ words: given, more, ...rest }) => ({ kind: 'set', words: { ...given, ...more }, ...rest }));

const readFile: Arbitrary<Node> = fc
  .record({ kept: assignment(2), words, into: seldom(3, name) })
  .map((parts) => ({ kind: 'file', ...parts }));

const role = fc.constantFrom(...ROLES);

const { node } = fc.letrec<{ node: Node; nodes: Node[] }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    { weight: 5, arbitrary: tell },
    { weight: 3, arbitrary: setting },
    { weight: 1, arbitrary: readFile },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('block' as const), words, vars: assignment(3), nodes: tie('nodes') }),
    },
    {
      weight: 2,
      arbitrary: fc
        .record({
          how: fc.constantFrom('import' as const, 'include' as const),
          words,
          vars: assignment(3),
          loop: seldom(3, loop),
          nodes: tie('nodes'),
        })
        .map(
          ({ loop: given, ...rest }): Node => ({
            kind: 'tasks',
            ...rest,
            loop: rest.how === 'include' ? given : undefined,
          }),
        ),
    },
    {
      weight: 2,
      arbitrary: fc
        .record({
          how: fc.constantFrom('import' as const, 'include' as const),
          role,
          words,
          vars: assignment(3),
          args: fc
            .record({
              tasks_from: seldom(4, fc.constant('other')),
              public: seldom(3, fc.boolean()),
              allow_duplicates: seldom(6, fc.constant(false)),
              defaults_from: seldom(8, fc.constant('more')),
              vars_from: seldom(8, fc.constant('more')),
            })
            .map(defined),
        })
        .map((parts): Node => ({ kind: 'role', ...parts })),
    },
  ),
  nodes: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
}));

function roleEntry(among: readonly string[]): Arbitrary<RoleEntry> {
  return fc.record({
    role: fc.constantFrom(...among),
    vars: assignment(5),
    params: assignment(8),
    words: words.map(withoutNotify),
  });
}

/** A role needs only those after it; what a task brings in may be any that comes after, so nothing goes round. */
const roles: Arbitrary<Record<string, Role>> = fc
  .tuple(
    ...ROLES.map((_, index) => {
      const after = ROLES.slice(index + 1);
      return fc.record({
        defaults: assignment(3),
        vars: assignment(5),
        nodes: fc.array(node, { minLength: 1, maxLength: 2 }),
        other: fc.array(node, { minLength: 1, maxLength: 1 }),
        needs: after.length > 0 ? fc.array(roleEntry(after), { maxLength: 1 }) : fc.constant<RoleEntry[]>([]),
      });
    }),
  )
  .map((made) => Object.fromEntries(made.map((one, index) => [ROLES[index] ?? '', one])));

const play: Arbitrary<Play> = fc.record({
  words: fc
    .record({
      hosts: fc.constantFrom('all', 'web', 'app', 'h1:h3'),
      serial: seldom(6, fc.constant(1)),
      strategy: seldom(12, fc.constant('free')),
      tags: seldom(12, fc.constant('one')),
    })
    .map(defined),
  vars: assignment(5),
  files: fc.array(assignment(3), { maxLength: 2 }),
  roles: fc.array(roleEntry(ROLES), { maxLength: 2 }),
  pre_tasks: fc.array(node, { maxLength: 1 }),
  tasks: fc.array(node, { minLength: 1, maxLength: 3 }),
  handler: assignment(4),
});

const places: Arbitrary<Record<string, Assignment>> = fc
  .record({
    line: fc.array(assignment(4), { minLength: HOSTS.length, maxLength: HOSTS.length }),
    section: fc.array(seldom(2, assignment(4)), { minLength: GROUPS.length, maxLength: GROUPS.length }),
    group: fc.array(seldom(2, assignment(4)), { minLength: GROUPS.length, maxLength: GROUPS.length }),
    host: fc.array(seldom(3, assignment(4)), { minLength: HOSTS.length, maxLength: HOSTS.length }),
    playbookGroup: fc.array(seldom(3, assignment(4)), { minLength: GROUPS.length, maxLength: GROUPS.length }),
    playbookHost: fc.array(seldom(4, assignment(4)), { minLength: HOSTS.length, maxLength: HOSTS.length }),
  })
  .map((drawn) =>
    Object.fromEntries([
      ...drawn.line.map((one, index) => [`line ${HOSTS[index]}`, one] as const),
      ...drawn.section.map((one, index) => [`section ${GROUPS[index]}`, one ?? {}] as const),
      ...drawn.group.map((one, index) => [`inventory/group_vars/${GROUPS[index]}.yml`, one ?? {}] as const),
      ...drawn.host.map((one, index) => [`inventory/host_vars/${HOSTS[index]}.yml`, one ?? {}] as const),
      ...drawn.playbookGroup.map((one, index) => [`group_vars/${GROUPS[index]}.yml`, one ?? {}] as const),
      ...drawn.playbookHost.map((one, index) => [`host_vars/${HOSTS[index]}.yml`, one ?? {}] as const),
    ]),
  );

export const scopes: Arbitrary<Scopes> = fc
  .record({
    places,
    roles,
    plays: fc.array(play, { minLength: 1, maxLength: 2 }),
    extra: seldom(4, assignment(3)),
    tags: seldom(4, fc.constantFrom(['--tags', 'one'], ['--skip-tags', 'two'], ['--tags', 'two,never'])),
    priority: seldom(4, fc.constantFrom('web', 'app')),
  })
  .map(({ places: given, roles: known, plays, extra, tags, priority }) => {
    const writer = createWriter();
    const inventory = inventoryOf(given, priority, writer.values);
    const files = Object.fromEntries(
      Object.entries(given)
        .filter(([place, one]) => place.endsWith('.yml') && Object.keys(defined(one)).length > 0)
        .map(([place, one]) => [place, json(writer.values(one, place))]),
    );
    for (const [at, one] of Object.entries(known)) writer.role(at, one);
    const site = plays.map((one) => writer.play(one));
    const said =
      extra && Object.keys(defined(extra)).length > 0 ? ['-e', JSON.stringify(writer.values(extra, 'extra'))] : [];
    return {
      project: { 'inventory/hosts': inventory, ...files, ...writer.files, 'site.yml': json(site) },
      args: [...said, ...(tags ?? [])],
      unordered: plays.some(({ words: { strategy } }) => strategy === 'free'),
    };
  });

function inventoryOf(
  given: Record<string, Assignment>,
  priority: string | undefined,
  values: (one: Assignment, place: string) => Words,
): string {
  const pairs = (one: Words) => Object.entries(one).map(([key, value]) => `${key}="${String(value)}"`);
  const line = (host: string) => [host, ...pairs(values(given[`line ${host}`] ?? {}, `line-${host}`))].join(' ');
  const section = (group: string) => {
    const lines = Object.entries(values(given[`section ${group}`] ?? {}, `section-${group}`));
    const first = priority === group ? [`ansible_group_priority=7`] : [];
    const all = [...first, ...lines.map(([key, value]) => `${key}=${String(value)}`)];
    return all.length > 0 ? [`[${group}:vars]`, ...all] : [];
  };
  return `${[
    line('h3'),
    '[web]',
    line('h1'),
    line('h2'),
    '[db]',
    'h2',
    '[app:children]',
    'web',
    'db',
    ...GROUPS.flatMap(section),
  ].join('\n')}\n`;
}

function createWriter() {
  const files: Project = {};
  let count = 0;

  /** Each value says where it stands, and perhaps what it sees of a name that comes later. */
  function values(given: Assignment, place: string): Words {
    const short = place.replaceAll(/inventory\/|\.yml/g, '').replaceAll('/', '-');
    return Object.fromEntries(
      Object.entries(defined(given)).map(([key, kind]) => {
        const next = NAMES[NAMES.indexOf(key as 'v1') + 1];
        const own = `${short}.${(count += 1)}`;
        return [key, kind === 'asks' && next ? `${own} {{ ${next} | default('nothing') }}` : own];
      }),
    );
  }

  function varsOf(given: Assignment, place: string): Words {
    const made = values(given, place);
    return Object.keys(made).length > 0 ? { vars: made } : {};
  }

  function list(nodes: readonly Node[], below: string, after: readonly string[]): Words[] {
    return nodes.map((one) => written(one, below, after));
  }

  function written(one: Node, below: string, after: readonly string[]): Words {
    const number = (count += 1);
    const title = { name: `${one.kind} ${number}` };
    switch (one.kind) {
      case 'tell':
        return {
          ...title,
          debug: { msg: seen(one.loop?.variable) },
          ...varsOf(one.vars, 'task'),
          ...one.words,
          ...one.loop?.words,
        };
      case 'set':
        return {
          ...title,
          set_fact: values({ [one.name]: number % 2 === 0 ? 'own' : 'asks' }, 'fact'),
          ...one.words,
          ...(one.register ? { register: `was_${one.name}` } : {}),
        };
      case 'file': {
        const file = `kept-${number}.yml`;
        files[`${below}vars/${file}`] = json(values(one.kept, 'file'));
        return { ...title, include_vars: defined({ file, name: one.into }), ...one.words };
      }
      case 'block':
        return { ...title, ...varsOf(one.vars, 'block'), ...one.words, block: list(one.nodes, below, after) };
      case 'tasks': {
        const file = `part-${number}.yml`;
        files[`${below === '' ? '' : `${below}tasks/`}${file}`] = json(list(one.nodes, below, after));
        return {
          ...title,
          [`${one.how}_tasks`]: file,
          ...varsOf(one.vars, 'part'),
          ...withoutNotify(one.words),
          ...one.loop?.words,
        };
      }
      case 'role': {
        // None that is not after this one: they would bring in each other for ever.
        const role = after.includes(one.role) ? one.role : after.at(-1);
        if (role === undefined) return { ...title, debug: { msg: seen(undefined) } };
        const { public: open, ...rest } = one.args;
        const args = one.how === 'include' ? defined({ ...rest, public: open }) : rest;
        return {
          ...title,
          [`${one.how}_role`]: { name: role, ...args },
          ...varsOf(one.vars, 'with-role'),
          ...withoutNotify(one.words),
        };
      }
    }
  }

  function entry({ role, vars, params, words: given }: RoleEntry): Words {
    return { role, ...varsOf(vars, 'entry'), ...values(params, 'param'), ...given };
  }

  function role(at: string, { defaults, vars, nodes, other, needs }: Role): void {
    const after = ROLES.slice(ROLES.indexOf(at as 'r1') + 1);
    const below = `roles/${at}/`;
    files[`${below}defaults/main.yml`] = json(values(defaults, `${at}-defaults`));
    files[`${below}defaults/more.yml`] = json(values(defaults, `${at}-more-defaults`));
    files[`${below}vars/main.yml`] = json(values(vars, `${at}-vars`));
    files[`${below}vars/more.yml`] = json(values(vars, `${at}-more-vars`));
    files[`${below}tasks/main.yml`] = json(list(nodes, below, after));
    files[`${below}tasks/other.yml`] = json(list(other, below, after));
    if (needs.length > 0) files[`${below}meta/main.yml`] = json({ dependencies: needs.map(entry) });
  }

  function play(one: Play): Words {
    const number = (count += 1);
    const vars_files = one.files.map((given, index) => {
      const file = `play-${number}-${index}.yml`;
      files[file] = json(values(given, 'vars-file'));
      return file;
    });
    return {
      name: `play ${number}`,
      gather_facts: false,
      ...one.words,
      ...varsOf(one.vars, 'play'),
      ...(vars_files.length > 0 ? { vars_files } : {}),
      ...(one.roles.length > 0 ? { roles: one.roles.map(entry) } : {}),
      ...(one.pre_tasks.length > 0 ? { pre_tasks: list(one.pre_tasks, '', ROLES) } : {}),
      tasks: [
        ...list(one.tasks, '', ROLES),
        {
          name: `end ${number}`,
          debug: { msg: one.words['strategy'] ? seen(undefined) : `${seen(undefined)} ${others()}` },
        },
      ],
      handlers: [{ name: 'told', debug: { msg: seen(undefined) }, ...varsOf(one.handler, 'handler') }],
    };
  }

  return { values, play, role, files };
}

/** What a task sees of every name; of what was registered only what it said. */
function seen(item: string | undefined): string {
  const each = NAMES.map((one) => `${one}={{ ${one} | default('-') }}`);
  return [...each, ...(item === undefined ? [] : [`item={{ ${item} }}`])].join(' ');
}

function others(): string {
  return HOSTS.map(
    (host) => `${host}={{ hostvars.${host}.v1 | default('-') }},{{ hostvars.${host}.v3 | default('-') }}`,
  ).join(' ');
}

function withoutNotify(words: Words): Words {
  return Object.fromEntries(Object.entries(words).filter(([word]) => word !== 'notify'));
}

function defined(given: Words): Words {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
