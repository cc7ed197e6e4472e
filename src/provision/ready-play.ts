import { StarsError } from '../errors.js';
import type { Value } from '../jinja/value.js';
import { looksLikeTemplate } from '../templating/unsafe.js';
import { usesOfText } from '../templating/uses.js';
import { percentageOf } from './end-of-play.js';
import { inOrder } from './host-order.js';
import type { Play } from './playbook.js';
import { pythonText } from './python-text.js';
import { batchesOf } from './serial.js';
import { strategyOf } from './strategy.js';
import { textsIn } from './survey/texts.js';
import { templarOfPlay, type VariableWorld } from './variables.js';
import type { ReadVariables } from './variables-reader.js';
import { createVarsFiles, type VarsFiles } from './vars-files.js';
import { withAnswers } from './vars-prompt.js';

/** `written` is the play before its hosts were templated, which what earlier plays find out may change. */
export type ReadyPlay = { written: Play; play: Play; names: string[]; varsFiles: VarsFiles; matchedLater: boolean };

type Setting = {
  /** What a request says in place of the play. */
  request: { limit?: string | undefined; serial?: string | undefined };
  world: VariableWorld;
};

type Preparing = {
  remark(message: string): void;
  readVariables: ReadVariables;
};

/** The play with its hosts and variables files, so that a mistake in a later play shows before the first one runs. */
export function prepare(given: Play, { request, world, remark, readVariables }: Setting & Preparing): ReadyPlay {
  const written = withAnswers(given, { world, remark });
  const varsFiles = createVarsFiles(written, readVariables);
  const play = orLater(() => withNames(written, world, varsFiles), written);
  if (!play) return { written, play: { ...written, hosts: [] }, names: [], varsFiles, matchedLater: true };
  strategyOf(play);
  const { hosts: names, warnings } = world.inventory.match(patternOf(play), request.limit);
  for (const warning of warnings) remark(warning);
  batchesOf(
    inOrder(
      names.map((name) => ({ name })),
      play,
    ),
    serialOf({ play, varsFiles }, { request, world }),
    request.serial === undefined ? play.where : undefined,
  );
  requirePercentage(play);
  return { written, play, names, varsFiles, matchedLater: false };
}

/** What a template comes to is looked at when the play runs. */
function requirePercentage({ keywords, where }: Play): void {
  const given = keywords.get('max_fail_percentage') ?? null;
  if (given === null || (typeof given === 'string' && looksLikeTemplate(given))) return;
  percentageOf(given, where);
}

/** Undefined where what an earlier play may yet make, a group or a variable of a host, is missing in the pattern. */
function orLater(named: () => Play, { hosts, where }: Play): Play | undefined {
  const uses = [...textsIn(hosts)].map((text) => usesOfText(text, where));
  const waits = uses.some(({ variables }) => variables.has('hostvars') || variables.has('groups'));
  try {
    const play = named();
    return waits && Array.isArray(play.hosts) && play.hosts.length === 0 ? undefined : play;
  } catch (error) {
    if (waits && error instanceof StarsError && error.code === 'UNDEFINED_VARIABLE') return undefined;
    throw error;
  }
}

/** The play with the hosts that it has by now; a limit that leaves none of them leaves the play out. */
export function rematched(ready: ReadyPlay, { request, world }: Setting): ReadyPlay {
  const play = withNames(ready.written, world, ready.varsFiles);
  const { hosts } = world.inventory.match(patternOf(play), request.limit);
  return { ...ready, play, names: hosts };
}

/** The play for one batch: as in Ansible the handlers and variables that its tasks include are not there for the next one. */
export function ofBatch(play: Play): Play {
  return { ...play, roles: [...play.roles], handlers: [...play.handlers] };
}

/** What a play says of itself, where neither hosts nor tasks have a part in it. */
const OF_THE_WHOLE = ['strategy', 'order', 'force_handlers'];

/** The play with its hosts, name and course templated, by what is known without any host of it. */
function withNames(play: Play, world: VariableWorld, varsFiles: VarsFiles): Play {
  const templar = templarOfPlay(world, play, varsFiles);
  const name = templar.isTemplate(play.name) ? nameOrRaw(() => templar.template(play.name), play.name) : play.name;
  // As the files have it, it is no secret.
  const shown = play.where && name === play.shown ? name : world.redact(name);
  const keywords = new Map(play.keywords);
  for (const word of OF_THE_WHOLE)
    if (keywords.has(word)) keywords.set(word, templar.template(keywords.get(word) ?? null, play.where));
  return { ...play, name, shown, keywords, hosts: templar.template(play.hosts, play.where) };
}

function nameOrRaw(template: () => Value, raw: string): string {
  try {
    return pythonText(template());
  } catch {
    return raw;
  }
}

export function serialOf(
  { play, varsFiles }: Pick<ReadyPlay, 'play' | 'varsFiles'>,
  { request, world }: Setting,
): Value {
  const given = request.serial ?? play.keywords.get('serial') ?? null;
  return templarOfPlay(world, play, varsFiles).template(given, play.where);
}

/** A text with commas is not taken apart at its colons, so it goes to the inventory as it is. */
function patternOf({ hosts }: Play): string | string[] {
  return Array.isArray(hosts) ? hosts.map(pythonText) : pythonText(hosts);
}
