import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import type { Fleet } from './fleet.js';
import { measure } from './measure.js';

const ROOT = resolve(import.meta.dirname, '..');
const Event = z.object({ type: z.string(), at: z.string() });
const Profile = z.object({
  nodes: z.array(z.object({ id: z.number(), callFrame: z.object({ functionName: z.string(), url: z.string() }) })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** Where the time of one run that finds nothing to do goes: by the clock, and by what the thread of the controller is at. */
export async function phasesOf(fleet: Fleet): Promise<Record<string, unknown>> {
  return { clockMs: await clockPhases(fleet), controllerMs: await threadPhases(fleet) };
}

async function clockPhases(fleet: Fleet): Promise<Record<string, number>> {
  const startedAt = performance.timeOrigin + performance.now();
  const { output } = await deploy(fleet, ['bin/stars.js'], ['--json']);
  const endedAt = performance.timeOrigin + performance.now();
  const events = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => Event.parse(JSON.parse(line)));
  const first = (type: string) => Date.parse(events.find((event) => event.type === type)?.at ?? '');
  const since = (from: number, to: number) => Math.round(to - from);
  return {
    start: since(startedAt, first('run.requested')),
    readProject: since(first('run.requested'), first('play.started')),
    connectAndFacts: since(first('play.started'), first('task.result')),
    tasks: since(first('task.result'), first('run.finished')),
    end: since(first('run.finished'), endedAt),
  };
}

/** From a CPU profile of the compiled files, which unlike the bundle say what a function belongs to. */
async function threadPhases(fleet: Fleet): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'stars-profile-'));
  try {
    await deploy(fleet, ['--cpu-prof', `--cpu-prof-dir=${folder}`, 'dist/src/main.js'], []);
    const [file = ''] = await readdir(folder);
    const { nodes, samples, timeDeltas } = Profile.parse(JSON.parse(await readFile(join(folder, file), 'utf8')));
    const phases = new Map(nodes.map(({ id, callFrame }) => [id, phaseOf(callFrame)]));
    const spent = new Map<string, number>();
    for (const [index, node] of samples.entries()) {
      const phase = phases.get(node) ?? 'other';
      spent.set(phase, (spent.get(phase) ?? 0) + (timeDeltas[index] ?? 0) / 1000);
    }
    spent.delete('idle');
    return Object.fromEntries([...spent].sort((a, b) => b[1] - a[1]).map(([phase, ms]) => [phase, Math.round(ms)]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const PHASES: readonly (readonly [string, RegExp])[] = [
  ['loading code', /node:internal\/(modules|bootstrap|deps|vm|per_context|process\/(?!task))|node_modules\/zod/],
  ['connections', /node_modules\/(ssh2|asn1)|src\/connection\/|node:(net|internal\/(streams|stream_base|crypto))/],
  ['templates', /src\/(jinja|templating)\//],
  ['plans and tasks', /src\/(provision|shell)\//],
  ['project files', /node_modules\/yaml|src\/(yaml|inventory|home)\//],
  ['events and store', /node_modules\/(kysely|libsql)|src\/(store|runs|model|terminal|bot|slack|secret)/],
];

function phaseOf({ functionName, url }: { functionName: string; url: string }): string {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url === '') return 'system calls and the engine itself';
  return PHASES.find(([, pattern]) => pattern.test(url))?.[0] ?? 'other';
}

function deploy(fleet: Fleet, [...program]: readonly string[], flags: readonly string[]) {
  const main = join(ROOT, program.pop() ?? '');
  return measure([process.execPath, ...program, main, 'deploy', 'site', 'bench', ...flags], {
    environment: { STARS_HOME: fleet.home },
    folder: fleet.home,
    hostGroups: fleet.hostGroups,
  });
}
