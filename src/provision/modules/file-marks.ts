import { quote, sequence, sh, type ShellCommand } from '../../shell/command.js';
import type { Dict } from '../../jinja/value.js';
import { text } from '../arguments.js';
import type { Fact, ModuleContext, ModuleDefinition, Plan } from '../module.js';
import { realPath } from '../facts/file-state.js';
import { attributeArgs } from './attributes.js';
import { dict } from './result.js';

/** Arguments of modules whose result names the one file that they make. */
export const fileArgs = {
  ...attributeArgs,
  attributes: text()
    .optional()
    .describe(
      'Attributes of the file system as `chattr` takes them: `+i` and `-i` add and remove, `=A` are all it has.',
    ),
};

/** What a file may bear beside owner, group and mode. */
export type FileMarks = {
  attributes?: string | undefined;
  seuser?: string | undefined;
  serole?: string | undefined;
  setype?: string | undefined;
  selevel?: string | undefined;
};

/** A module whose file gets attributes of the file system and a SELinux context after all else. */
export function fileModule<Args extends FileMarks>(definition: ModuleDefinition<Args>): ModuleDefinition<Args> {
  return {
    ...definition,
    aliases: { ...definition.aliases, attr: 'attributes' },
    differences: [
      ...(definition.differences ?? []),
      '`attributes` with `+` or `-` change nothing where the file is so already; Ansible reports a change each time.',
    ],
    plan: async (given, context) => withMarks(await definition.plan(given, context), given, context),
  };
}

async function withMarks(plan: Plan, given: FileMarks, context: ModuleContext): Promise<Plan> {
  if (!asksForMarks(given) || plan.failed !== undefined || plan.skipped !== undefined) return plan;
  const path = plan.result?.get('dest') ?? plan.result?.get('path');
  const isAbsent = plan.result?.get('state') === 'absent' && plan.actions.length === 0;
  if (typeof path !== 'string' || isAbsent || removes(given)) return plan;
  const set = sequence([...attributeCommands(path, given), ...contextCommands(path, given)]);
  // A file that is put in place of another bears nothing of what that one bore.
  if (plan.actions.length > 0) return acting(plan, set);
  const marks = await context.fact(marksOf(path));
  return differs(marks, given) ? changing(plan, set) : plan;
}

function asksForMarks({ attributes, seuser, serole, setype, selevel }: FileMarks): boolean {
  return Boolean(attributes) || [seuser, serole, setype, selevel].some((part) => part !== undefined);
}

function removes(given: FileMarks): boolean {
  return 'state' in given && given.state === 'absent';
}

function acting(plan: Plan, set: ShellCommand): Plan {
  const count = plan.actions.length;
  return {
    ...plan,
    actions: [...plan.actions, { kind: 'run', command: set }],
    ...(plan.finish
      ? {
          finish: (results) =>
            (results.at(count)?.code ?? 0) === 0 ? (plan.finish?.(results.slice(0, count)) ?? new Map()) : new Map(),
        }
      : {}),
  };
}

const CHANGED = 'ownership, perms or SE linux context changed';

function changing(plan: Plan, set: ShellCommand): Plan {
  const said: Dict = plan.result?.get('msg') === '' ? dict({ msg: CHANGED }) : new Map();
  return {
    ...plan,
    actions: [{ kind: 'run', command: set }],
    changed: true,
    result: new Map([...(plan.result ?? []), ...said]),
    finish: (results) => {
      if (results.some(({ code }) => code !== 0)) return new Map();
      return new Map([...(plan.finish?.([]) ?? []), ...said, ['changed', true]]);
    },
  };
}

function attributeCommands(path: string, { attributes }: FileMarks): ShellCommand[] {
  if (!attributes) return [];
  const words = /^[-+=]/.test(attributes) ? attributes : `=${attributes}`;
  return [{ text: `chattr ${quote(words)} "$(${realPath(quote(path))})"` }];
}

const PARTS = [
  ['seuser', '-u', 1],
  ['serole', '-r', 2],
  ['setype', '-t', 3],
  ['selevel', '-l', 4],
] as const;

const SELINUX_ON = '[ -e /sys/fs/selinux/enforce ]';

function contextCommands(path: string, given: FileMarks): ShellCommand[] {
  const parts = PARTS.filter(([name]) => given[name] !== undefined);
  if (parts.length === 0) return [];
  const words = parts.flatMap(([name, option, field]) =>
    given[name] === '_default'
      ? [`${option} "$(matchpathcon -n ${quote(path)} | cut -d: -f${field}${field === 4 ? '-' : ''})"`]
      : [sh`${option} ${given[name] ?? ''}`.text],
  );
  return [{ text: `if ${SELINUX_ON}; then chcon -h ${words.join(' ')} ${quote(path)}; fi` }];
}

type Marks = { attributes: string | undefined; context: string[] | undefined; policy: string[] };

function marksOf(path: string): Fact<Marks> {
  const word = quote(path);
  return {
    script: `echo "attributes $(lsattr -d "$(${realPath(word)})" 2>/dev/null)"
if ${SELINUX_ON}; then echo "context $(stat -c %C ${word})"; echo "policy $(matchpathcon -n ${word} 2>/dev/null)"; fi`,
    parse: ({ stdout }) => ({
      attributes: /^attributes (\S+) /m.exec(stdout)?.[1]?.replaceAll('-', ''),
      context: contextParts(/^context (\S+:\S+)$/m.exec(stdout)?.[1]),
      policy: contextParts(/^policy (\S+:\S+)$/m.exec(stdout)?.[1]) ?? [],
    }),
  };
}

/** User, role, type and level; the level may hold colons. */
function contextParts(context: string | undefined): string[] | undefined {
  return /^([^:]*):([^:]*):([^:]*):?(.*)$/.exec(context ?? '')?.slice(1);
}

function differs(marks: Marks, given: FileMarks): boolean {
  if (given.attributes && !bears(marks.attributes ?? '', given.attributes)) return true;
  const { context, policy } = marks;
  if (!context) return false;
  return PARTS.some(([name, , field]) => {
    const wanted = given[name] === '_default' ? policy[field - 1] : given[name];
    return wanted !== undefined && wanted !== context[field - 1];
  });
}

function bears(has: string, wanted: string): boolean {
  const [sign, letters] = /^[-+=]/.test(wanted) ? [wanted[0], wanted.slice(1)] : ['=', wanted];
  if (sign === '=') return has.split('').toSorted().join('') === [...new Set(letters)].toSorted().join('');
  return letters.split('').every((letter) => has.includes(letter) === (sign === '+'));
}
