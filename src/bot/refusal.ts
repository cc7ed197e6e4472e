import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Rule } from '../home/access.js';
import type { Environment } from '../home/environment.js';
import { keyPlace } from '../home/checked-file.js';
import type { Home } from '../home/home.js';
import type { Person } from '../model/run.js';
import { type Because, namedFor, type Place, type Question, rulesFor } from './decision.js';
import { spelled, type Subject } from './subject.js';

export type Refused = {
  home: Home;
  environment: Environment | undefined;
  place: Place;
  person: Person;
  question: Omit<Question, 'subject'>;
  subject: Subject;
  because: Because;
  /** What Slack could not tell, in sentences. */
  untold: readonly string[];
};

const MOST_NAMED = 10;

/** Why somebody may not, and who would have to change what: for their eyes, so nobody from outside learns who may. */
export function refusalHint(refused: Refused): string {
  const { person, because, untold, question } = refused;
  if (because === 'outside')
    return `You are not of this workspace: only who is named by the own id may, and you are ${person.id}.`;
  const { permission } = question.command;
  const key = `access.${permission}`;
  const whole = [...untold, ...reasons[because](refused, { key, place: placeOf(refused, permission) })];
  return whole.join(' ');
}

type Words = { key: string; place: string };

const reasons: Record<Exclude<Because, 'outside'>, (refused: Refused, words: Words) => string[]> = {
  closed: ({ environment, person }, { key, place }) => [
    `In production who asks from a chat has to be named, and nobody is: ${key} in ${place} names who may${environment ? '' : ' do what belongs to no environment'}; you are ${person.id}.`,
  ],
  'not-named': (refused, { key, place }) => [
    `${key} in ${place} names who may: ${named(refused)}; you are ${refused.person.id}.`,
  ],
  guest: ({ person }, { key, place }) => [
    `You are a guest of this workspace, and everyone means its people: ${key} in ${place} can name you, ${person.id}.`,
  ],
  unknown: ({ person }, { key, place }) => [`${key} in ${place} names who may; you are ${person.id}.`],
  beyond: (refused) => beyond(refused),
};

function beyond(refused: Refused): string[] {
  const { question, subject } = refused;
  const asked = (subject.targets ?? []).map(spelled).join(', ');
  return [
    `Rules in ${placeOf(refused, 'rules')} let you only ${narrowing(rulesFor(question))}${asked ? `, not on all of ${shortened(asked)}` : ''}.`,
    ...(subject.unknown ? [subject.unknown] : []),
  ];
}

/** `on zeppelin, livy or on the hosts workers`: what rules narrow a command to. */
export function narrowing(rules: readonly Rule[]): string {
  const parts = rules.map(({ targets, hosts }) =>
    [...(targets ? [`on ${targets.join(', ')}`] : []), ...(hosts ? [`on the hosts ${hosts.join(', ')}`] : [])].join(
      ' ',
    ),
  );
  return [...new Set(parts)].join(' or ');
}

function named({ place, question }: Refused): string {
  const { list, byRules } = namedFor(place, question.command);
  const rules = byRules.length === 0 ? '' : `, and rules ${firstOf(byRules)} for some of it`;
  return `${list.length === 0 ? 'nobody' : firstOf(list)}${rules}`;
}

function firstOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return `${names.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** The file to change, with the line when the key is there already. */
export function placeOf({ home, environment }: Pick<Refused, 'home' | 'environment'>, key: string): string {
  const own = environment?.files.environment;
  const stars = join(home.folder, 'stars.yml');
  const files = own === undefined ? [stars] : [own, stars];
  for (const file of files) {
    const line = lineOf(file, key);
    if (line !== undefined) return `${relative(home.folder, file)}:${line}`;
  }
  return relative(home.folder, files[0] ?? stars);
}

function lineOf(file: string, key: string): number | undefined {
  return existsSync(file) ? keyPlace(readFileSync(file, 'utf8'), file, ['access', key])?.line : undefined;
}
