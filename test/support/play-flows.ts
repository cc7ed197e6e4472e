import fc, { type Arbitrary } from 'fast-check';
import type { Project } from './run-playbook.js';

/** Plays in which hosts fail, are rescued, end and cannot be reached, in every combination of the words that say what follows from it. */
export type Flow = {
  project: Project;
  args: string[];
  /** Its hosts do not wait for each other, so it does not matter when a task ran. */
  unordered: boolean;
};

/** `u1` answers to nothing but `debug`: nobody listens at its port. */
const HOSTS = ['h1', 'h2', 'h3', 'h4', 'u1'] as const;
const INVENTORY = 'h[1:4]\nu1 ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1\n';

const HANDLERS = ['first handler', 'second handler', 'third handler'] as const;
const TOPIC = 'all handlers';

type Words = Record<string, unknown>;

/** A task or block whose name, register and files are given once the whole play is there. */
type Node =
  | { kind: 'task'; words: Words; registers: boolean; asks: string | undefined }
  | { kind: 'include'; words: Words; nodes: Node[] | undefined }
  | { kind: 'block'; words: Words; block: Node[]; rescue: Node[]; always: Node[] };

type Play = { words: Words; free: boolean; sections: Record<string, Node[]>; handlers: Node[] };

const someHosts = fc.subarray([...HOSTS], { minLength: 1 });
const onSome = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...HOSTS).map((host) => `inventory_hostname == '${host}'`) },
  {
    weight: 4,
    arbitrary: someHosts.map((hosts) => `inventory_hostname in [${hosts.map((one) => `'${one}'`).join(', ')}]`),
  },
  { weight: 1, arbitrary: fc.constant('true') },
);

/** Each word with a chance of one in so many. */
function sometimes(words: Record<string, [number, Arbitrary<unknown>]>): Arbitrary<Words> {
  const seldom = Object.fromEntries(
    Object.entries(words).map(([word, [oneIn, value]]) => [
      word,
      fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value }),
    ]),
  );
  return fc
    .record(seldom)
    .map((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
}

const yes = fc.constant(true);

const consequences: Record<string, [number, Arbitrary<unknown>]> = {
  ignore_errors: [7, yes],
  ignore_unreachable: [8, yes],
  any_errors_fatal: [9, fc.oneof({ weight: 5, arbitrary: yes }, { weight: 1, arbitrary: fc.constant(false) })],
  run_once: [10, yes],
  when: [7, onSome],
};

const ofTask = sometimes({
  ...consequences,
  delegate_to: [10, fc.constantFrom('h1', 'h3', 'u1', 'localhost')],
  notify: [4, fc.oneof(fc.constantFrom(...HANDLERS, TOPIC), fc.subarray([...HANDLERS], { minLength: 1 }))],
});

const talk: Arbitrary<Words> = fc
  .record({
    failed_when: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 3, arbitrary: onSome }),
    changed_when: fc.oneof(
      { weight: 2, arbitrary: yes },
      { weight: 1, arbitrary: onSome },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
    loop: fc.oneof(
      { weight: 7, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom([], [1], [1, 2, 3]) },
    ),
  })
  .map(({ failed_when, changed_when, loop }) =>
    defined({
      debug: { msg: loop ? 'round {{ item }}' : 'word' },
      failed_when: failed_when !== undefined && loop ? `item == 2 and ${failed_when}` : failed_when,
      changed_when,
      loop,
    }),
  );

const reach: Arbitrary<Words> = fc.constant({ raw: 'true' });

const task: Arbitrary<Node> = fc
  .record({
    module: fc.oneof({ weight: 6, arbitrary: talk }, { weight: 1, arbitrary: reach }),
    words: ofTask,
    registers: fc.boolean(),
    asks: fc.oneof(
      { weight: 9, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom('failed', 'skipped', 'changed', 'succeeded') },
    ),
  })
  .map(({ module, words, ...rest }) => ({ kind: 'task', words: { ...module, ...words }, ...rest }));

const meta: Arbitrary<Node> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant('flush_handlers') },
      { weight: 2, arbitrary: fc.constantFrom('clear_host_errors', 'end_host', 'noop') },
      { weight: 1, arbitrary: fc.constantFrom('end_play', 'end_batch') },
    ),
    sometimes({ when: [2, onSome] }),
  )
  .map(([action, words]) => ({
    kind: 'task',
    words: { meta: action, ...(action === 'noop' ? {} : words) },
    registers: false,
    asks: undefined,
  }));

const nothing: Arbitrary<Node[]> = fc.constant([]);

const { node } = fc.letrec<{ node: Node; nodes: Node[] }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    { weight: 8, arbitrary: task },
    { weight: 1, arbitrary: meta },
    {
      weight: 3,
      arbitrary: fc
        .record({
          words: sometimes({ ...consequences, notify: [12, fc.constantFrom(...HANDLERS)] }),
          block: tie('nodes'),
          rescue: fc.oneof({ weight: 1, arbitrary: nothing }, { weight: 2, arbitrary: tie('nodes') }),
          always: fc.oneof({ weight: 1, arbitrary: nothing }, { weight: 1, arbitrary: tie('nodes') }),
        })
        .map((parts): Node => ({ kind: 'block', ...parts })),
    },
    {
      weight: 1,
      arbitrary: fc
        .record({
          words: sometimes({ when: [4, onSome], ignore_errors: [8, yes] }),
          nodes: fc.oneof({ weight: 5, arbitrary: tie('nodes') }, { weight: 1, arbitrary: fc.constant(undefined) }),
        })
        .map((parts): Node => ({ kind: 'include', ...parts })),
    },
  ),
  nodes: fc.array(tie('node'), { minLength: 1, maxLength: 3 }),
}));

const handler: Arbitrary<Node> = fc
  .record({
    module: fc.oneof({ weight: 8, arbitrary: talk }, { weight: 1, arbitrary: reach }),
    words: sometimes({
      ...consequences,
      notify: [4, fc.constantFrom(...HANDLERS)],
      listen: [3, fc.constant(TOPIC)],
    }),
  })
  .map(({ module, words }) => ({ kind: 'task', words: { ...module, ...words }, registers: false, asks: undefined }));

const percentage = fc.constantFrom(0, 20, 25, 40, 50, 60, 99, 100);
const batch = fc.constantFrom<unknown>(1, 2, 3, '25%', '50%', '60%', [1, 2], ['20%', 2], [1, '50%', 2], 0, 10);

const play: Arbitrary<Play> = fc
  .record({
    hosts: fc.oneof(
      { weight: 5, arbitrary: fc.constant('all') },
      { weight: 1, arbitrary: fc.constantFrom('h1:h2', '!u1:all', 'h[3:4]:u1') },
    ),
    words: sometimes({
      serial: [3, batch],
      force_handlers: [4, yes],
      max_fail_percentage: [4, percentage],
      any_errors_fatal: [8, yes],
      ignore_errors: [20, yes],
      ignore_unreachable: [15, yes],
    }),
    free: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: yes }),
    pre_tasks: fc.array(node, { maxLength: 1 }),
    tasks: fc.array(node, { minLength: 1, maxLength: 4 }),
    post_tasks: fc.array(node, { maxLength: 1 }),
    handlers: fc.tuple(handler, handler, handler),
  })
  .map(({ hosts, words, free, handlers, ...sections }) => {
    const made: Play = { words: { hosts, gather_facts: false, ...words }, free, sections, handlers };
    return free ? independent(made) : made;
  });

/** A free play in which no host can end or clear another, which would be a matter of who comes first. */
function independent({ words, sections, handlers }: Play): Play {
  const change = (one: Node): Node => {
    const { run_once: _, ...left } = one.words;
    if (one.kind === 'block') {
      const { block, rescue, always } = one;
      return { ...one, words: left, block: block.map(change), rescue: rescue.map(change), always: always.map(change) };
    }
    if (one.kind === 'include') return { ...one, words: left, nodes: one.nodes?.map(change) };
    return { ...one, words: FOR_ALL.has(left['meta']) ? { meta: 'noop' } : left };
  };
  return {
    words: { ...words, strategy: 'free' },
    free: true,
    sections: Object.fromEntries(Object.entries(sections).map(([name, nodes]) => [name, nodes.map(change)])),
    handlers: handlers.map(change),
  };
}

const FOR_ALL = new Set<unknown>(['end_play', 'end_batch', 'clear_host_errors']);

/** The project with names that tell each task from every other. */
export const flow: Arbitrary<Flow> = fc.array(play, { minLength: 1, maxLength: 2 }).map((plays) => {
  const writer = createWriter();
  const written = plays.map((one) => writer.play(one));
  return {
    project: { inventory: INVENTORY, 'site.yml': json(written), ...writer.files },
    args: [],
    unordered: plays.some(({ free }) => free),
  };
});

function createWriter() {
  const files: Project = {};
  let tasks = 0;
  let registered: string | undefined;

  function play({ words, sections, handlers }: Play): Words {
    const parts = Object.entries(sections).map(([name, nodes]) => [name, list(nodes)] as const);
    return {
      name: `play ${(tasks += 1)}`,
      ...words,
      ...Object.fromEntries(parts.filter(([, nodes]) => nodes.length > 0)),
      handlers: handlers.map((one, index) => ({ ...written(one), name: HANDLERS[index] })),
    };
  }

  function list(nodes: readonly Node[]): Words[] {
    return nodes.map(written);
  }

  function written(one: Node): Words {
    const name = `task ${(tasks += 1)}`;
    if (one.kind === 'block') {
      const { words, block, rescue, always } = one;
      return {
        name,
        ...words,
        block: list(block),
        ...(rescue.length > 0 ? { rescue: list(rescue) } : {}),
        ...(always.length > 0 ? { always: list(always) } : {}),
      };
    }
    if (one.kind === 'include') {
      const file = `${name.replace(' ', '-')}.yml`;
      if (one.nodes) files[file] = json(list(one.nodes));
      return { name, include_tasks: one.nodes ? file : `{{ 'no-${file}' }}`, ...one.words };
    }
    if ('meta' in one.words) return one.words;
    const asked = one.asks !== undefined && registered !== undefined ? { when: `${registered} is ${one.asks}` } : {};
    if (!one.registers) return { name, ...one.words, ...asked };
    const register = `result_${tasks}`;
    const whole = { name, ...one.words, ...asked, register };
    registered = register;
    return whole;
  }

  return { play, files };
}

function defined(words: Words): Words {
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}
