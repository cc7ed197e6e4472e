import { EMPTY_SCOPE } from './scope.js';
import { type Block, flatTasks, type RoleEnd, type Task, type TaskNode } from './task.js';

/** What a host comes by: a task, or the end of a role. */
export type Step = Task | RoleEnd;

/** A block, or tasks that stand between blocks. */
export type Body = Pick<Block, 'block' | 'rescue' | 'always'>;

type Part = keyof Body;
type Phase = Part | 'handlers' | 'complete';

/**
 * Where a host stands in a play. These are the states of ansible-core's PlayIterator, and the functions below move between them as it does:
 * what follows from a failure depends on each of them.
 */
export type Progress = {
  bodies: readonly Body[];
  body: number;
  /** Which node of each part is next. */
  next: Record<Part, number>;
  phase: Phase;
  failedIn: Set<Phase>;
  /** The block inside of a part that the host is in. */
  inner: Partial<Record<Part, Progress>>;
  rescued: boolean;
  /** Where it goes on after its handlers. */
  afterHandlers: Phase;
  /** Those of this flush, with what they include. */
  handlers: Task[] | undefined;
  nextHandler: number;
};

/** Which handlers there are, and which of them the host owes. */
export type Owed = { all(): Task[]; owes(handler: Task): boolean };

export function startOf(bodies: readonly Body[]): Progress {
  return {
    bodies,
    body: 0,
    next: { block: 0, rescue: 0, always: 0 },
    phase: 'block',
    failedIn: new Set(),
    inner: {},
    rescued: false,
    afterHandlers: 'block',
    handlers: undefined,
    nextHandler: 0,
  };
}

/** Of a host that failed in an earlier play or batch. */
export function overBefore(): Progress {
  return { ...startOf([]), phase: 'complete', failedIn: new Set(['block']) };
}

/** Tasks that follow each other as one body, each block as its own. */
export function bodiesOf(nodes: readonly TaskNode[]): Body[] {
  const bodies: Body[] = [];
  let open: TaskNode[] | undefined;
  for (const node of nodes) {
    if (node.kind === 'block') {
      open = undefined;
      bodies.push(node);
    } else if (open) open.push(node);
    else {
      open = [node];
      bodies.push({ block: open, rescue: [], always: [] });
    }
  }
  return bodies;
}

/** The same for what stands inside of a body. */
export function blocksOf(nodes: readonly TaskNode[]): Block[] {
  return bodiesOf(nodes).map((body) =>
    isBlock(body) ? body : { kind: 'block', name: undefined, scope: EMPTY_SCOPE, ...body },
  );
}

/** All steps of bodies in the order in which hosts that wait for each other come by them. */
export function stepsOf(bodies: readonly Body[]): Step[] {
  return bodies.flatMap(({ block, rescue, always }) =>
    [block, rescue, always].flatMap((nodes) =>
      nodes.flatMap((node) => (node.kind === 'block' ? stepsOf([node]) : [node])),
    ),
  );
}

function copyOf(state: Progress): Progress {
  const inner: Progress['inner'] = {};
  for (const part of PARTS) if (state.inner[part]) inner[part] = copyOf(state.inner[part]);
  return { ...state, next: { ...state.next }, failedIn: new Set(state.failedIn), inner };
}

const PARTS: readonly Part[] = ['block', 'rescue', 'always'];

/** The next step from here, and where the host stands when it has begun. */
export function peek(state: Progress, owed: Owed): { state: Progress; step: Step | undefined } {
  const copy = copyOf(state);
  return { step: advance(copy, owed), state: copy };
}

function advance(state: Progress, owed: Owed): Step | undefined {
  for (;;) {
    if (state.phase === 'complete') return undefined;
    const body = state.bodies[state.body];
    if (!body) {
      state.phase = 'complete';
      return undefined;
    }
    const step =
      state.phase === 'handlers' ? advanceHandlers(state, owed) : advancePart(state, body, state.phase, owed);
    if (step) return step;
  }
}

function advancePart(state: Progress, body: Body, part: Part, owed: Owed): Step | undefined {
  const inner = state.inner[part];
  if (inner) {
    const step = advance(inner, owed);
    const failed = isFailed(inner);
    if (failed || !step || inner.phase === 'complete') delete state.inner[part];
    if (failed) markFailed(state);
    return failed ? undefined : step;
  }
  if (isOver(state, body, part)) {
    endPart(state, body, part);
    return undefined;
  }
  const node = body[part][state.next[part]];
  state.next[part] += 1;
  if (node?.kind !== 'block') return node;
  state.inner[part] = startOf([node]);
  return undefined;
}

function isOver(state: Progress, body: Body, part: Part): boolean {
  if (part === 'block' && isFailed(state)) return true;
  if (part === 'rescue' && state.failedIn.has('rescue')) return true;
  return state.next[part] >= body[part].length;
}

function endPart(state: Progress, body: Body, part: Part): void {
  if (part === 'block') state.phase = isFailed(state) ? 'rescue' : 'always';
  else if (part === 'rescue') endRescue(state, body);
  else if (state.failedIn.size > 0) state.phase = 'complete';
  else Object.assign(state, { ...startOf(state.bodies), body: state.body + 1 });
}

function endRescue(state: Progress, body: Body): void {
  state.phase = 'always';
  if (state.failedIn.has('rescue')) return;
  if (body.rescue.length > 0) state.failedIn.clear();
  state.rescued = true;
}

function advanceHandlers(state: Progress, owed: Owed): Step | undefined {
  state.handlers ??= owed.all();
  if (state.failedIn.has('handlers')) {
    state.handlers = undefined;
    state.phase = 'complete';
    return undefined;
  }
  while (state.nextHandler < state.handlers.length) {
    const handler = state.handlers[state.nextHandler];
    state.nextHandler += 1;
    if (handler && owed.owes(handler)) return handler;
  }
  state.handlers = undefined;
  state.nextHandler = 0;
  state.phase = state.afterHandlers;
  return undefined;
}

/** The host runs the handlers that it owes, then goes on where it is. */
export function beginHandlers(state: Progress): void {
  if (state.phase === 'complete' || state.phase === 'handlers') return;
  state.afterHandlers = state.phase;
  state.phase = 'handlers';
  state.handlers = undefined;
  state.nextHandler = 0;
}

/** The host's step failed: it goes on in a rescue, in what is always done, or not at all. */
export function markFailed(state: Progress): void {
  const { phase } = state;
  if (phase === 'complete') return;
  const inner = phase === 'handlers' ? undefined : state.inner[phase];
  if (inner) return markFailed(inner);
  state.failedIn.add(phase);
  const body = state.bodies[state.body];
  if (phase === 'handlers') state.handlers = undefined;
  if (body && body.rescue.length > 0 && (phase === 'block' || phase === 'handlers')) state.phase = 'rescue';
  else state.phase = body && body.always.length > 0 && phase !== 'always' ? 'always' : 'complete';
}

/** Whether it failed and nothing has rescued it or is about to. */
export function isFailed(state: Progress | undefined): boolean {
  if (!state) return false;
  const { phase, failedIn, inner } = state;
  if ((phase === 'rescue' || phase === 'always') && isFailed(inner[phase])) return true;
  if (phase === 'handlers' && failedIn.has('handlers')) return true;
  if (failedIn.size > 0) {
    if ((phase === 'rescue' || phase === 'always') && !failedIn.has(phase)) return false;
    return !(state.rescued && !failedIn.has('always'));
  }
  const canRescue = (state.bodies[state.body]?.rescue.length ?? 0) > 0;
  return phase === 'block' && isFailed(inner.block) && !canRescue;
}

/** Whether a failure here would be rescued. */
export function isRescuable(state: Progress): boolean {
  if (state.phase === 'block' && (state.bodies[state.body]?.rescue.length ?? 0) > 0) return true;
  const inner = state.inner.block ?? state.inner.rescue ?? state.inner.always;
  return inner !== undefined && isRescuable(inner);
}

/** The innermost state. */
export function innermost(state: Progress): Progress {
  const inner = state.phase === 'handlers' || state.phase === 'complete' ? undefined : state.inner[state.phase];
  return inner ? innermost(inner) : state;
}

export function clearErrors(state: Progress): void {
  state.failedIn.clear();
  const inner = state.inner.block ?? state.inner.rescue ?? state.inner.always;
  if (inner) clearErrors(inner);
}

/** Puts what the host's step included behind it. */
export function insert(state: Progress, nodes: readonly TaskNode[]): void {
  const { phase, failedIn } = state;
  if (phase === 'complete' || (phase === 'block' && failedIn.size > 0)) return;
  if (phase === 'handlers') {
    state.handlers?.splice(state.nextHandler, 0, ...flatTasks(nodes));
    return;
  }
  const inner = state.inner[phase];
  if (inner) return insert(inner, nodes);
  const body = state.bodies[state.body];
  if (!body) return;
  const list = body[phase].toSpliced(state.next[phase], 0, ...blocksOf(nodes));
  state.bodies = state.bodies.with(state.body, { ...body, [phase]: list });
}

function isBlock(body: Body): body is Block {
  return 'kind' in body;
}

/** What the host will come by after its step, as long as nothing happens. */
export function following(state: Progress, most: number): TaskNode[] {
  const { phase, bodies } = state;
  if (phase === 'handlers' || phase === 'complete') return [];
  const inner = state.inner[phase];
  if (inner) return following(inner, most);
  const body = bodies[state.body];
  const rest = body?.[phase].slice(state.next[phase], state.next[phase] + most) ?? [];
  if (!body || isBlock(body)) return rest;
  const later = bodies.slice(state.body + 1, state.body + 3).flatMap((one) => (isBlock(one) ? [one] : one.block));
  return [...rest, ...later].slice(0, most);
}
