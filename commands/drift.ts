import { z } from 'zod';
import { type CommandContext, defineCommand } from '../src/bot/command.js';
import { differences } from '../src/cluster/differences.js';
import type { Definition } from '../src/cluster/normalise.js';
import { asStarsError } from '../src/errors.js';
import { readDefinitions, type StackDefinition } from '../src/home/definitions.js';
import { counted } from '../src/model/figures.js';

export const drift = defineCommand({
  name: 'drift',
  summary: 'Compare the live apps and jobs with their definitions in the stack; nothing is changed.',
  environment: 'required',
  args: z.strictObject({}),
  permission: 'read',
  cluster: true,
  kind: 'run',
  examples: ['drift production'],

  async run(context) {
    const [apps, jobs] = [await driftOf('app', context), await driftOf('job', context)];
    const { environment } = context;
    const parts = [apps, jobs].filter((part) => part !== undefined);
    if (parts.length === 0) return `${environment.name} has neither Marathon nor Chronos to compare with.`;
    const lines = parts.flatMap(({ lines }) => lines);
    const same = parts.map(({ same, kind }) => counted(same, kind)).join(' and ');
    if (lines.length === 0) return `Nothing has drifted in ${environment.name}: ${same} are as their definitions say.`;
    return [`${environment.name} has drifted; ${same} are as their definitions say.`, ...lines].join('\n');
  },
});

type Part = { kind: 'app' | 'job'; same: number; lines: string[] };

async function driftOf(kind: 'app' | 'job', context: CommandContext<unknown>): Promise<Part | undefined> {
  const { cluster, step, signal } = context;
  const service = kind === 'app' ? 'marathon' : 'chronos';
  if (!cluster.has(service)) return undefined;
  const { definitions, broken } = await step(`Read the definitions of ${kind}s`, () => definitionsOf(kind, context));
  const live = await step(`Read the live ${kind}s`, () => cluster[service].definitions({ signal }));
  const lines = compare(kind, definitions, live);
  const same = definitions.length - lines.filter((line) => !line.startsWith('➕')).length;
  return { kind, same, lines: [...broken, ...lines] };
}

/** All definitions of the stack; a file that cannot be read becomes a line. */
async function definitionsOf(kind: 'app' | 'job', { home }: CommandContext<unknown>) {
  const definitions: StackDefinition[] = [];
  const broken: string[] = [];
  for (const target of await home.targets()) {
    if (target.kind !== kind) continue;
    await readDefinitions(target).then(
      (read) => void definitions.push(...read),
      (thrown: unknown) => void broken.push(`⚠️ ${asStarsError(thrown).describe()}`),
    );
  }
  return { definitions, broken };
}

function compare(kind: 'app' | 'job', wanted: readonly StackDefinition[], live: readonly Definition[]): string[] {
  const key = kind === 'app' ? 'id' : 'name';
  const there = new Map(live.map((one) => [String(one[key]), one]));
  const label = kind === 'app' ? '' : 'job ';
  const lines = wanted.flatMap(({ name, definition }) => {
    const one = there.get(name);
    there.delete(name);
    if (!one) return [`➖ ${label}${name} is missing: nothing of that name runs`];
    const changes = differences(kind, kind === 'app' ? { ...definition, id: name } : definition, one);
    return changes.length === 0 ? [] : [`✏️ ${label}${name}: ${changes.join(', ')}`];
  });
  return [...lines, ...[...there.keys()].sort().map((name) => `➕ ${label}${name} has no definition in the stack`)];
}
