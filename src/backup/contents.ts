import { z } from 'zod';
import type { Definitions } from '../cluster/diff.js';
import type { Definition } from '../cluster/normalise.js';

/** A group of Marathon with what hangs on it; ids of apps and pods are absolute. */
export type Group = { id: string; dependencies: string[]; apps: string[]; pods: string[]; groups: Group[] };

/** What a backup holds, by its kind. */
export type Contents = Definitions & {
  pods: readonly Definition[];
  groups: Group | undefined;
  nodes: readonly SavedNode[];
};

/** A node of ZooKeeper: its data in base 64. */
export type SavedNode = z.infer<typeof SavedNode>;

export const FILES = {
  apps: 'conf/marathon/apps.json',
  groups: 'conf/marathon/groups.json',
  pods: 'conf/marathon/pods.json',
  jobs: 'conf/chronos/jobs.json',
  nodes: 'conf/zookeeper/nodes.json',
} as const;

/** Where the files lie that people made by hand, or that an older tool left. */
const OTHER_PLACES: Partial<Record<Part, string[]>> = {
  apps: ['apps.json', 'marathon/apps.json'],
  jobs: ['jobs.json', 'chronos/jobs.json'],
};

export type Part = keyof typeof FILES;

const Id = z.string().startsWith('/');
const ids = z
  .array(z.looseObject({ id: Id }))
  .nullish()
  .transform((list) => (list ?? []).map(({ id }) => id));

const GroupBody: z.ZodType<Group> = z.lazy(() =>
  z.object({
    id: Id,
    dependencies: z
      .array(z.string())
      .nullish()
      .transform((list) => list ?? []),
    apps: ids,
    pods: ids,
    groups: z
      .array(GroupBody)
      .nullish()
      .transform((list) => list ?? []),
  }),
);

const SavedNode = z.strictObject({ path: Id, data: z.string() });

/** The bodies of the APIs as far as a backup has to be sure of them. */
const SHAPES = {
  apps: z.object({ apps: z.array(z.looseObject({ id: Id })) }).transform(({ apps }) => apps),
  groups: GroupBody,
  pods: z.array(z.looseObject({ id: Id })),
  jobs: z.array(z.looseObject({ name: z.string().min(1) })),
  nodes: z.array(SavedNode),
};

export type ShapeOf<P extends Part> = z.output<(typeof SHAPES)[P]>;

/** The part that a body holds; why it does not, in words that follow its name, as a text. */
export function readPart<P extends Part>(part: P, body: string): { value: ShapeOf<P> } | { wrong: string } {
  const json = parseJson(body);
  if (json === undefined) return { wrong: 'is not whole JSON' };
  const parsed = SHAPES[part].safeParse(json);
  return parsed.success
    ? { value: parsed.data as ShapeOf<P> }
    : { wrong: `has another shape than it should${where(parsed.error)}` };
}

/** All files that may hold a part, the usual one first. */
export function placesOf(part: Part): string[] {
  return [FILES[part], ...(OTHER_PLACES[part] ?? [])];
}

/** Group and all groups below it. */
export function allGroups(group: Group): Group[] {
  return [group, ...group.groups.flatMap(allGroups)];
}

function where({ issues: [issue] }: z.ZodError): string {
  return issue === undefined || issue.path.length === 0 ? '' : ` (at ${issue.path.map(String).join('.')})`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
