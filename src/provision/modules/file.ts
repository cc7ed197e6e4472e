import { posix } from 'node:path';
import { sequence, sh, type ShellCommand } from '../../shell/command.js';
import type { Dict } from '../../jinja/value.js';
import { args, bool, choice, path, text } from '../arguments.js';
import { fileState, resolved, type FileState } from '../facts/file-state.js';
import { hostPath } from '../facts/host-path.js';
import { treeAttributes } from '../facts/tree-attributes.js';
import { type ModuleContext, type Plan } from '../module.js';
import { fileArgs, fileModule } from './file-marks.js';
import { attributeChanges, type Attributes } from './attributes.js';
import { makeFolders } from './make-folders.js';
import { finalStat, reportIfSeen, touchesOnly } from './place-file.js';
import { dict, fileFields } from './result.js';
import { timeChanges, type Times } from './timestamps.js';

type State = 'absent' | 'directory' | 'file' | 'hard' | 'link' | 'touch';

type Args = Attributes &
  Times & {
    path: string;
    state?: State | undefined;
    src?: string | undefined;
    recurse: boolean;
    force: boolean;
    follow: boolean;
  };

export const file = fileModule({
  name: 'file',
  summary: 'Create, remove or link a file or folder, or set its attributes.',
  aliases: { dest: 'path', name: 'path' },
  args: args({
    path: path().describe('The file, folder or link.'),
    state: choice('absent', 'directory', 'file', 'hard', 'link', 'touch')
      .optional()
      .describe('What it is to be; when not given, what it is already, or a file.'),
    src: path().optional().describe('What a link points to.'),
    recurse: bool().default(false).describe('Set owner, group and permissions of all that a folder holds.'),
    force: bool()
      .default(false)
      .describe('Make a link even where its target is missing or a file stands in its place.'),
    follow: bool().default(true).describe('Set attributes of what a link points to.'),
    modification_time: text()
      .optional()
      .describe('Time of the last change: `preserve`, `now`, or a time in the format below.'),
    modification_time_format: text().default('%Y%m%d%H%M.%S').describe('Format of that time.'),
    access_time: text()
      .optional()
      .describe('Time of the last reading: `preserve`, `now`, or a time in the format below.'),
    access_time_format: text().default('%Y%m%d%H%M.%S').describe('Format of that time.'),
    ...fileArgs,
  }),

  async plan(given, context): Promise<Plan> {
    const trimmed = (await hostPath(context, given.path)).replace(/(?<=.)\/+$/, '');
    let [state] = await Promise.all([context.fact(fileState(trimmed)), targetOf(given, context)]);
    if (
      given.src !== undefined &&
      given.state !== 'link' &&
      given.state !== 'absent' &&
      resolved(state).stat?.kind === 'directory'
    ) {
      state = await context.fact(fileState(posix.join(trimmed, posix.basename(given.src))));
    }
    return planFor(
      { ...given, src: given.src === undefined ? undefined : await hostPath(context, given.src) },
      state,
      context,
    );
  },
});

/** What a link is to lead to is asked in the same round trip. */
async function targetOf({ state, src }: Args, context: ModuleContext): Promise<unknown> {
  return state === 'link' && src !== undefined && posix.isAbsolute(src) ? context.fact(fileState(src)) : undefined;
}

/** The plan for one path whose state is known; other modules that make files use it too. */
export async function planFor(given: Args, state: FileState, context: ModuleContext): Promise<Plan> {
  const wanted = given.state ?? (state.stat ? currentState(state) : given.recurse ? 'directory' : 'file');
  if (given.recurse && wanted !== 'directory') return refuse(state, "recurse option requires state to be 'directory'");
  if (given.src !== undefined && wanted !== 'link' && wanted !== 'hard') {
    return refuse(state, "src option requires state to be 'link' or 'hard'");
  }
  switch (wanted) {
    case 'absent':
      return absent(state, context);
    case 'touch':
      return touch(given, state, context);
    case 'directory':
      return directory(given, state, context);
    case 'link':
      return link(given, state, context);
    case 'hard':
      return hard(given, state, context);
    default:
      return attributesOnly(given, state, context);
  }
}

function currentState({ stat }: FileState): State {
  if (stat?.kind === 'link' || stat?.kind === 'directory') return stat.kind;
  return stat && stat.links > 1 ? 'hard' : 'file';
}

function absent(state: FileState, { checkMode }: ModuleContext): Plan {
  // In check mode Ansible tells of what would be removed.
  const left = checkMode ? fileFields(resolved(state).stat ? state.stat : undefined) : { state: 'absent' };
  const result = dict({ path: state.path, ...left });
  if (!state.stat) return { actions: [], result };
  const command = state.stat.kind === 'directory' ? sh`rm -rf ${state.path}` : sh`rm -f ${state.path}`;
  return { actions: [{ kind: 'run', command }], result, diff: stateDiff(state, 'absent'), touches: touchesOnly(state) };
}

function attributesOnly(given: Args, state: FileState, context: ModuleContext): Plan {
  const end = given.follow ? resolved(state) : { path: state.path, stat: state.stat };
  if (end.stat?.kind === 'directory' || end.stat?.kind === 'link' || !end.stat) {
    const kind = end.stat ? end.stat.kind : 'absent';
    return refuse({ ...state, path: end.path }, `file (${end.path}) is ${kind}, cannot continue`, kind);
  }
  return change({ end: end.path, stat: end.stat, given, makes: undefined, state, context });
}

function touch(given: Args, state: FileState, context: ModuleContext): Plan {
  const end = given.follow ? resolved(state) : { path: state.path, stat: state.stat };
  if (state.stat && !end.stat)
    return refuse(state, `Error while updating modification or access time: ${end.path} does not exist`);
  const times = { modification_time: 'now', access_time: 'now', ...withoutUndefined(given) };
  const makes = end.stat ? undefined : sh`touch ${end.path}`;
  return change({
    end: end.path,
    stat: end.stat,
    given: { ...given, ...times },
    makes,
    state,
    context,
    key: 'dest',
    to: 'touch',
    reported: state.path,
  });
}

async function directory(given: Args, state: FileState, context: ModuleContext): Promise<Plan> {
  const end = given.follow ? resolved(state) : { path: state.path, stat: state.stat };
  if (!end.stat) return makeDirectories(given, end.path, state, context);
  if (end.stat.kind !== 'directory') {
    return refuse(
      { ...state, path: end.path },
      `${end.path} already exists as a ${currentState({ ...state, stat: end.stat })}`,
    );
  }
  const plan = change({ end: end.path, stat: end.stat, given, makes: undefined, state, context });
  if (!given.recurse) return plan;
  const below = await context.fact(treeAttributes(end.path, given.follow));
  const commands = below.flatMap(({ path, stat }) => attributeChanges(path, stat, given).command ?? []);
  return commands.length === 0
    ? plan
    : { ...plan, actions: [...commands.map((command) => run(command)), ...plan.actions], touches: undefined };
}

function makeDirectories(given: Args, end: string, state: FileState, context: ModuleContext): Plan {
  const actions = [...makeFolders(end, given), ...reportIfSeen(context, end).map(run)];
  const makesFolder = !state.stat && state.parentExists;
  const plan = { actions, diff: stateDiff(state, 'directory'), touches: touchesOnly(state), makesFolder };
  return finished(plan, end, state, 'path');
}

async function link(given: Args, state: FileState, context: ModuleContext): Promise<Plan> {
  const { stat } = state;
  const src = given.src ?? (given.follow && resolved(state).stat ? state.link?.target : undefined);
  if (!given.force && given.src !== undefined && src !== undefined) {
    const base = stat?.kind === 'directory' ? state.path : posix.dirname(state.path);
    const absolute = posix.isAbsolute(src) ? src : posix.join(base, src);
    if (!resolved(await context.fact(fileState(absolute))).stat) {
      return refuse(
        state,
        `src file does not exist, use "force=yes" if you really want to create the link: ${absolute}`,
      );
    }
  }
  if (stat && stat.kind !== 'link' && (!given.force || (stat.kind === 'directory' && !state.empty))) {
    return refuse(
      state,
      given.force
        ? `the directory ${state.path} is not empty, refusing to convert it`
        : `refusing to convert from ${currentState(state)} to symlink for ${state.path}`,
    );
  }
  if (src === undefined) {
    return stat?.kind === 'link'
      ? change({ end: state.path, stat, given, makes: undefined, state, context, key: 'dest', src: null })
      : refuse(state, 'src is required for creating new symlinks');
  }
  const makes = state.link?.target === src ? undefined : replaceBy(sh`ln -s ${src}`, state, context);
  const end = given.follow ? await followed(state, src, context) : { path: state.path, stat: makes ? undefined : stat };
  // Attributes of a link to nowhere cannot be set, Ansible only warns; and a link itself has no permissions.
  const owners = given.follow ? { owner: undefined, group: undefined } : {};
  const attributes = end.stat && given.follow ? given : { ...given, ...owners, mode: undefined };
  return change({
    end: end.path,
    stat: end.stat,
    given: attributes,
    makes,
    state,
    context,
    key: 'dest',
    to: 'link',
    src,
    reported: state.path,
  });
}

async function followed(state: FileState, src: string, context: ModuleContext) {
  if (state.link?.target === src) return resolved(state);
  const absolute = posix.isAbsolute(src) ? src : posix.join(posix.dirname(state.path), src);
  return resolved(await context.fact(fileState(absolute)));
}

async function hard(given: Args, state: FileState, context: ModuleContext): Promise<Plan> {
  const { stat } = state;
  const existing = stat && stat.kind === 'file' && stat.links > 1;
  if (given.src === undefined) {
    return existing
      ? change({ end: state.path, stat, given, makes: undefined, state, context, key: 'dest', src: null })
      : refuse(state, 'src is required for creating new hardlinks');
  }
  const source = resolved(await context.fact(fileState(given.src))).stat;
  if (!source) return refuse(state, 'src does not exist');
  const same = stat?.inode === source.inode && stat.device === source.device;
  if (stat && !same && stat.kind !== 'link' && !given.force) {
    return refuse(
      state,
      existing
        ? 'Cannot link, different hard link exists at destination'
        : `Cannot link, ${stat.kind} exists at destination`,
    );
  }
  const makes = same ? undefined : replaceBy(sh`ln ${given.src}`, state, context);
  return change({
    end: state.path,
    stat: source,
    given,
    makes,
    state,
    context,
    key: 'dest',
    to: 'hard',
    src: given.src,
  });
}

/** Makes the link under another name and renames it, so that the path is never without a file. */
function replaceBy(make: ShellCommand, { path, stat }: FileState, context: ModuleContext): ShellCommand {
  if (!stat) return sh`${make} ${path}`;
  const temporary = context.temporaryPath(path);
  const clear = stat.kind === 'directory' ? sh`rmdir ${path} && ` : sh``;
  // mv would move into a folder that the old link points to, so the old link goes first where -T is unknown.
  return sh`${clear}${make} ${temporary} && { mv -T -f ${temporary} ${path} 2>/dev/null || { rm -f ${path} && mv -f ${temporary} ${path}; }; }`;
}

type Change = {
  end: string;
  stat: FileState['stat'];
  given: Args;
  makes: ShellCommand | undefined;
  state: FileState;
  context: ModuleContext;
  key?: 'path' | 'dest';
  to?: string;
  /** Null: what Ansible tells where nobody named a target. */
  src?: string | null;
  reported?: string;
};

function change({ end, stat, given, makes, state, context, key = 'path', to, src, reported = end }: Change): Plan {
  const attributes = attributeChanges(end, stat, given);
  const times = timeChanges(end, given);
  const done = attributes.command && to === 'touch' && makes ? orRemoved(attributes.command, end) : attributes.command;
  // The attributes of what a link leads to.
  const isApart = end !== state.path && (attributes.command ?? times) !== undefined;
  const commands = [makes, done, times].filter((command) => command !== undefined);
  const before = [
    ...(makes && to ? [`state: ${state.stat ? currentState(state) : 'absent'}`] : []),
    ...attributes.before,
  ];
  const after = [...(makes && to ? [`state: ${to}`] : []), ...attributes.after];
  const plan: Plan = {
    actions: commands.length === 0 ? [] : [run(sequence([...commands, ...reportIfSeen(context, reported)]))],
    ...(after.length > 0 ? { diff: { before: lines(before), after: lines(after) } } : {}),
    touches: isApart || to === 'hard' ? undefined : touchesOnly(state),
  };
  return finished(plan, reported, { ...state, stat: reported === end ? stat : state.stat }, key, src);
}

/** A file that was just made for nothing goes again. */
function orRemoved(command: ShellCommand, path: string): ShellCommand {
  return sh`{ ${command} || { rm -f ${path}; false; }; }`;
}

function finished(plan: Plan, end: string, { stat }: FileState, key: 'path' | 'dest', src?: string | null): Plan {
  const fields = (now: FileState['stat']): Dict => dict({ [key]: end, src, ...fileFields(now) });
  return { ...plan, result: fields(stat), finish: (results) => fields(finalStat(results.at(-1)?.stdout) ?? stat) };
}

function stateDiff(state: FileState, after: string) {
  return {
    before: `state: ${state.stat ? currentState(state) : 'absent'}\n`,
    after: `state: ${after}\n`,
    beforeHeader: state.path,
    afterHeader: state.path,
  };
}

function refuse(state: FileState, failed: string, kind?: string): Plan {
  return { actions: [], failed, result: dict({ path: state.path, state: kind }) };
}

function run(command: ShellCommand) {
  return { kind: 'run', command } as const;
}

function lines(entries: string[]): string {
  return entries.map((entry) => `${entry}\n`).join('');
}

function withoutUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Partial<T>;
}
