import type { Access, Rule } from '../home/access.js';
import type { RunSource } from '../model/run.js';
import type { Permission } from './permission.js';
import { isAbout, isWithin, type Subject } from './subject.js';

/** What somebody is in the workspace: one of its people, a guest, or of elsewhere (another team's, gone, a bot). */
export type Standing = 'member' | 'guest' | 'outside';

/** What is known of the person who asks; what is not known counts for nothing. */
export type Asker = {
  /** The own id, and the Slack id that stars.yml gives a login. */
  ids: readonly string[];
  /** User groups that they are in. */
  groups: ReadonlySet<string>;
  standing: Standing | undefined;
};

/** Where something is asked for, and what is said there about who may. */
export type Place = { access: Access; production: boolean; sandbox: boolean };

export type Question = {
  asker: Asker;
  source: RunSource;
  command: { name: string; permission: Permission };
  place: Place;
  subject: Subject;
};

/**
 * `closed`: nobody is named, and it is production. `not-named`: others are named. `guest`, `outside`: who is named is everyone.
 * `beyond`: a rule lets them do it, but not on this. `unknown`: it is not known what they are.
 */
export type Because = 'closed' | 'not-named' | 'guest' | 'outside' | 'beyond' | 'unknown';

export type Decision = { allowed: true } | { allowed: false; because: Because };

/** Who may do what, from what is known and nothing else. Knowing more never takes a right away. */
export function decide({ subject, ...question }: Question): Decision {
  if (hasRight(question)) return { allowed: true };
  const rules = rulesFor(question);
  if (rules.some((rule) => isCovered(rule, subject))) return { allowed: true };
  return { allowed: false, because: rules.length > 0 ? 'beyond' : whyNot(question) };
}

/** The rules that let this person run this command on something. */
export function rulesFor({ asker, command, place }: Omit<Question, 'subject' | 'source'>): Rule[] {
  return rulesAbout(place, command).filter(({ who }) => isAmong(who, asker));
}

/** Whom the list of the right names, and whom rules name besides for this command. */
export function namedFor(place: Place, command: Question['command']): { list: string[]; byRules: string[] } {
  const list = accessOf(place)[command.permission] ?? [];
  const byRules = rulesAbout(place, command).flatMap(({ who }) => who);
  return { list, byRules: [...new Set(byRules)].filter((who) => !list.includes(who)) };
}

/** Whether people of a list include this one. */
export function isAmong(people: readonly string[], { ids, groups, standing }: Asker): boolean {
  if (ids.some((id) => people.includes(id))) return true;
  if (standing === undefined || standing === 'outside') return false;
  return people.some((who) => groups.has(who)) || (standing === 'member' && people.includes('everyone'));
}

function hasRight(question: Omit<Question, 'subject'>): boolean {
  const people = accessOf(question.place)[question.command.permission];
  if (people) return isAmong(people, question.asker);
  return !isClosed(question) && isAmong(['everyone'], question.asker);
}

/** A right for which nobody is named belongs to everyone, but in production only to whoever has a terminal there: keys and store are theirs anyway. */
function isClosed({ place, source, asker }: Pick<Question, 'place' | 'source' | 'asker'>): boolean {
  return place.production && !place.sandbox && !isAtTerminal(source, asker);
}

/** There now, or when they asked for what is due by now: what was done for a time has to come back. */
function isAtTerminal(source: RunSource, { ids }: Asker): boolean {
  return source === 'terminal' || (source === 'schedule' && ids.some((id) => id.startsWith('terminal:')));
}

function rulesAbout(place: Place, { name, permission }: Question['command']): Rule[] {
  return (accessOf(place).rules ?? []).filter(({ may }) => may.includes(name) || may.includes(permission));
}

/** The sandbox is there to be tried. */
function accessOf({ access, sandbox }: Place): Access {
  return sandbox ? {} : access;
}

function isCovered({ targets, hosts }: Rule, subject: Subject): boolean {
  return (!targets || isAbout(targets, subject.targets)) && (!hosts || isWithin(hosts, subject.hosts));
}

function whyNot(question: Omit<Question, 'subject'>): Because {
  const { asker, command, place } = question;
  const people = accessOf(place)[command.permission];
  if (asker.standing === undefined) return 'unknown';
  if (asker.standing === 'outside') return 'outside';
  if (!people && isClosed(question)) return 'closed';
  return asker.standing === 'guest' && (!people || people.includes('everyone')) ? 'guest' : 'not-named';
}
