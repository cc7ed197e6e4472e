import { asStarsError, StarsError } from '../errors.js';
import type { Environment, Home } from '../home/home.js';
import type { Person, RunSource } from '../model/run.js';
import type { Directory } from '../slack/directory.js';
import { type Asker, decide, isAmong, namedFor, type Place, type Question, rulesFor } from './decision.js';
import type { Access, Rule } from '../home/access.js';
import { type Permission, PERMISSIONS } from './permission.js';
import { placeOf, refusalHint } from './refusal.js';
import type { Subject } from './subject.js';

/** What somebody wants to do where; asked anew at a request, an approval, a click and the start of a run. */
export type RightsQuestion = {
  person: Person;
  source: RunSource;
  command: { name: string; permission: Permission };
  /** None for what belongs to no environment: then stars.yml says who may. */
  environment: Environment | undefined;
  /** What it is about; looked up only where a rule looks at it. */
  subject?: (() => Promise<Subject>) | undefined;
};

/** What somebody needs a right to. */
export type RightTo = Pick<RightsQuestion, 'command' | 'environment' | 'subject'>;

/** `unsure`: Slack could not be reached, and would perhaps have told something that allows it. */
export type Verdict = { allowed: true } | { allowed: false; reason: string; hint: string; unsure: boolean };

/** What somebody may run in a place: everything of the kind, nothing, or what these rules say. */
export type Reach = 'all' | 'none' | Rule[];

export type Rights = ReturnType<typeof createRights>;

export type RightsOptions = {
  home: Home;
  directory: Directory;
  /** Names that a rule's `may` can hold besides the rights. */
  commands: readonly string[];
};

export function createRights({ home, directory, commands }: RightsOptions) {
  /** Throws NOT_PERMITTED with what to change where, or CONFIG for a rule that nobody can mean. */
  async function require(question: RightsQuestion): Promise<void> {
    requireKnownWords(question.environment);
    const verdict = await may(question);
    if (!verdict.allowed) throw new StarsError('NOT_PERMITTED', verdict.reason, { hint: verdict.hint });
  }

  async function may(question: RightsQuestion): Promise<Verdict> {
    const { environment, command } = question;
    // Whatever such a command shows of an environment, it asks for by itself.
    if (!environment && command.permission === 'read') return { allowed: true };
    const place = environment ? placeIn(environment) : await placeOfHome(question.source);
    const what = environment ? `${command.name} on ${environment.name}` : `run ${command.name}`;
    return judge(question, place, `You may not ${what}.`);
  }

  async function judge(asked: RightsQuestion, place: Place, reason: string): Promise<Verdict> {
    const { person, source, command, environment } = asked;
    const { asker, untold, unsure } = await known(person, { source, command, place });
    const question = { asker, source, command, place };
    let subject: Subject = {};
    let decision = decide({ ...question, subject });
    if (!decision.allowed && decision.because === 'beyond' && asked.subject) {
      subject = await asked.subject().catch(unknownSubject);
      decision = decide({ ...question, subject });
    }
    if (decision.allowed) return decision;
    const { because } = decision;
    const hint = refusalHint({ home, environment, place, person, question, subject, because, untold });
    return { allowed: false, reason, hint, unsure };
  }

  /** As much about the person as the decision needs: Slack is asked only where its answer counts. */
  async function known(
    person: Person,
    { source, command, place }: Omit<Question, 'asker' | 'subject'>,
  ): Promise<LookedUp> {
    const asker = self(person);
    if (decide({ asker, source, command, place, subject: {} }).allowed) return { asker, untold: [], unsure: false };
    const { list, byRules } = namedFor(place, command);
    return lookedUp(asker, [...list, ...byRules], person);
  }

  type LookedUp = { asker: Asker; untold: string[]; unsure: boolean };

  async function lookedUp(asker: Asker, people: readonly string[], person: Person): Promise<LookedUp> {
    const slackIds = asker.ids.filter(isSlackUser);
    const groups = slackIds.length > 0 ? people.filter(isSlackGroup) : [];
    const untold: string[] = [];
    let unsure = false;
    const told = async <T>(words: string, answer: Promise<T>): Promise<T | undefined> =>
      answer.catch((thrown: unknown) => {
        untold.push(`Slack could not tell ${words}: ${sentence(thrown)}`);
        unsure ||= asStarsError(thrown).code === 'SLACK';
        return undefined;
      });
    const [standing, ...memberships] = await Promise.all([
      asker.standing ?? told(`whether you are of this workspace`, directory.standing(person.id)),
      ...groups.map((group) => told(`whether you are in ${group}`, directory.members(group))),
    ]);
    const isMember = (at: number) => slackIds.some((id) => memberships[at]?.has(id));
    return {
      asker: { ...asker, standing, groups: new Set(groups.filter((_group, at) => isMember(at))) },
      untold,
      unsure,
    };
  }

  /** What is known of a person without asking anybody. */
  function self({ id }: Person): Asker {
    const mapped = id.startsWith('terminal:') ? home.config.people[id.slice('terminal:'.length)] : undefined;
    const standing = isSlackUser(id) ? undefined : 'member';
    return { ids: mapped === undefined ? [id] : [id, mapped], groups: new Set(), standing };
  }

  /** Whether they may run a command there on everything, on something that rules say, or not at all. */
  async function reach({ person, source, command, environment }: Omit<RightsQuestion, 'subject'>): Promise<Reach> {
    if (!environment && command.permission === 'read') return 'all';
    const place = environment ? placeIn(environment) : await placeOfHome(source);
    const { asker } = await known(person, { source, command, place });
    const question = { asker, source, command, place };
    if (decide({ ...question, subject: {} }).allowed) return 'all';
    const rules = rulesFor(question);
    return rules.length > 0 ? rules : 'none';
  }

  /** Whether somebody may read what was recorded in an environment, which may be gone, or in none. Throws CONFIG or SYNTAX. */
  async function mayReadRuns(asker: { person: Person; source: RunSource }, name: string | null): Promise<Verdict> {
    const environment = name !== null && home.environments().includes(name) ? await home.environment(name) : undefined;
    const place = environment ? placeIn(environment) : await placeOfHome(asker.source);
    const command = { name: 'show', permission: 'read' as const };
    return judge({ ...asker, command, environment }, place, `You may not read the runs of ${name ?? 'this home'}.`);
  }

  /** Whether a list, such as an environment's approvers, includes the person now. `untold`: what Slack could not tell. */
  async function isOneOf(people: readonly string[], person: Person): Promise<{ included: boolean; untold: string[] }> {
    const asker = self(person);
    if (isAmong(people, asker)) return { included: true, untold: [] };
    const { asker: known, untold } = await lookedUp(asker, people, person);
    return { included: isAmong(people, known), untold };
  }

  /** As whom somebody counts: their ids, and the user groups among those that rights are given to. */
  async function identity(person: Person): Promise<Asker & { untold: string[] }> {
    const accesses = await Promise.all(home.environments().map(accessIn));
    const people = [home.config.access, ...accesses].flatMap(({ rules = [], ...lists }) => [
      ...PERMISSIONS.flatMap((permission) => lists[permission] ?? []),
      ...rules.flatMap(({ who }) => who),
    ]);
    const { asker, untold } = await lookedUp(self(person), [...new Set(people)], person);
    return { ...asker, untold };
  }

  /** Nobody, where the file cannot be read. */
  function accessIn(name: string): Promise<Access> {
    return home.environment(name).then(
      ({ config }) => config.access,
      () => ({}),
    );
  }

  /** The ids by which somebody counts, their own first: two persons who share one are the same. */
  function idsOf(person: Person): readonly string[] {
    return self(person).ids;
  }

  /** What belongs to no environment changes what all of them are made from: one in production makes it production. */
  async function placeOfHome(source: RunSource): Promise<Place> {
    // Whoever is at a terminal needs nobody's file to be in order.
    const production = source !== 'terminal' && (await hasProduction());
    return { access: home.config.access, production, sandbox: false };
  }

  async function hasProduction(): Promise<boolean> {
    for (const name of home.environments()) {
      // A file that cannot be read may well be of production.
      const production = await home.environment(name).then(
        ({ config }) => config.production && !config.sandbox,
        () => true,
      );
      if (production) return true;
    }
    return false;
  }

  function requireKnownWords(environment: Environment | undefined): void {
    const wrong = unknownWord((environment?.config ?? home.config).access, commands);
    if (wrong === undefined) return;
    throw new StarsError('CONFIG', `A rule lets people ${wrong}, which is neither a command nor a right.`, {
      hint: `Correct it in ${placeOf({ home, environment }, 'rules')}: rights are ${PERMISSIONS.join(', ')}, commands ${commands.join(', ')}.`,
    });
  }

  return { require, may, reach, mayReadRuns, isOneOf, identity, idsOf };
}

/** A word in a rule's `may` that is neither a command nor a right. */
export function unknownWord({ rules = [] }: Access, commands: readonly string[]): string | undefined {
  const known = new Set<string>([...commands, ...PERMISSIONS]);
  return rules.flatMap(({ may }) => may).find((word) => !known.has(word));
}

function placeIn({ config: { access, production, sandbox } }: Environment): Place {
  return { access, production, sandbox };
}

function unknownSubject(thrown: unknown): Subject {
  return { unknown: `What it would touch could not be found out: ${sentence(thrown)}` };
}

function sentence(thrown: unknown): string {
  const { message, hint } = asStarsError(thrown);
  return hint === undefined ? message : `${message} ${hint}`;
}

function isSlackUser(id: string): boolean {
  return /^[UW]/.test(id);
}

function isSlackGroup(id: string): boolean {
  return id.startsWith('S');
}
