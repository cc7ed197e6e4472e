import type { Value } from '../jinja/value.js';
import { createTemplar, type Templar } from '../templating/templar.js';
import { inOrder } from './host-order.js';
import type { Play } from './playbook.js';
import { pythonText } from './python-text.js';
import { batchesOf } from './serial.js';
import { strategyOf } from './strategy.js';
import type { VariableWorld } from './variables.js';
import { createVarsFiles, type VarsFiles } from './vars-files.js';
import { withAnswers } from './vars-prompt.js';

export type ReadyPlay = { play: Play; names: string[]; varsFiles: VarsFiles };

type Setting = {
  /** What a request says in place of the play. */
  request: { limit?: string | undefined; serial?: string | undefined };
  world: VariableWorld;
};

type Preparing = {
  remark(message: string): void;
  decrypt(text: string, file: string, encoding?: 'utf8' | 'latin1'): string;
};

/** The play with its hosts and variables files, so that a mistake in a later play shows before the first one runs. */
export function prepare(given: Play, { request, world, remark, decrypt }: Setting & Preparing): ReadyPlay {
  const play = withNames(withAnswers(given, { world, remark }), world);
  const { hosts: names, warnings } = world.inventory.match(patternOf(play), request.limit);
  for (const warning of warnings) remark(warning);
  batchesOf(
    inOrder(
      names.map((name) => ({ name })),
      play,
    ),
    serialOf(play, request, world),
  );
  strategyOf(play);
  return { play, names, varsFiles: createVarsFiles(play, decrypt) };
}

/** The hosts of the play as the inventory is by now; a limit that leaves none of them leaves the play out. */
export function rematched(ready: ReadyPlay, { request, world }: Setting): ReadyPlay {
  const play = withNames(ready.play, world);
  const { hosts } = world.inventory.match(patternOf(play), request.limit);
  return { ...ready, play, names: hosts };
}

/** The play with its hosts and name templated, for which only the play's own and extra variables are known. */
function withNames(play: Play, world: VariableWorld): Play {
  const templar = templarOfPlay(play, world);
  const name = templar.isTemplate(play.name) ? nameOrRaw(() => templar.template(play.name), play.name) : play.name;
  return { ...play, name, hosts: templar.template(play.hosts, play.where) };
}

function templarOfPlay(play: Play, world: VariableWorld): Templar {
  return createTemplar({
    lookup: (name) =>
      world.extraVars.get(name) ?? play.vars.get(name) ?? (name === 'groups' ? world.groups : undefined),
    environment: world.environment,
    now: world.now,
  });
}

function nameOrRaw(template: () => Value, raw: string): string {
  try {
    return pythonText(template());
  } catch {
    return raw;
  }
}

export function serialOf(play: Play, request: Setting['request'], world: VariableWorld): Value {
  const given = request.serial ?? play.keywords.get('serial') ?? null;
  return templarOfPlay(play, world).template(given, play.where);
}

/** A text with commas is not taken apart at its colons, so it goes to the inventory as it is. */
function patternOf({ hosts }: Play): string | string[] {
  return Array.isArray(hosts) ? hosts.map(pythonText) : pythonText(hosts);
}
