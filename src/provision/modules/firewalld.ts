import type { Value } from '../../jinja/value.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, int, raw, text } from '../arguments.js';
import { type FirewallAnswer, firewallState } from '../facts/firewalld.js';
import { defineModule, type Action, type ModuleContext, type Plan } from '../module.js';
import { pythonText } from '../python-text.js';
import { factWithin, runWithin } from './environment.js';
import { type FirewallSubject, subjectsOf } from './firewalld-subject.js';
import { dict } from './result.js';

const schema = args({
  state: choice('absent', 'disabled', 'enabled', 'present').describe(
    'Whether it is allowed or set; `present` and `absent` are for zones and their targets.',
  ),
  zone: text().optional().describe('The zone; without it, the default one.'),
  permanent: bool().optional().describe('Whether it is kept for the next start.'),
  immediate: bool().default(false).describe('Whether it holds at once, as it does where `permanent` is not set.'),
  timeout: int().default(0).describe('After how many seconds what holds at once ends.'),
  offline: bool().optional().describe('Accepted: where firewalld does not run, its files are changed anyway.'),
  service: text().optional().describe('A service that firewalld knows.'),
  port: text().optional().describe('A port or range with its protocol, such as 8080/tcp.'),
  protocol: text().optional().describe('A protocol.'),
  port_forward: raw().optional().describe('A list of one dict with `port`, `proto`, `toport` and maybe `toaddr`.'),
  rich_rule: text().optional().describe('A rule in firewalld’s rich language.'),
  source: text().optional().describe('A network whose packets belong to the zone.'),
  interface: text().optional().describe('An interface whose packets belong to the zone.'),
  icmp_block: text().optional().describe('A kind of ICMP message that is blocked.'),
  icmp_block_inversion: text().optional().describe('Whether only blocked kinds of ICMP messages are let through.'),
  masquerade: text().optional().describe('Whether addresses are masked.'),
  target: choice('default', 'ACCEPT', 'DROP', '%%REJECT%%')
    .optional()
    .describe('What becomes of packets that nothing in the zone is about.'),
});
type FirewalldArgs = ReturnType<typeof schema.parse>;

export const firewalld = defineModule<FirewalldArgs>({
  name: 'firewalld',
  collection: 'ansible.posix',
  summary: 'Have firewalld allow a service, a port and the like, or not.',
  needs: 'firewall-cmd; firewall-offline-cmd where firewalld does not run',
  differences: [
    'No library of Python is needed: firewall-cmd is asked.',
    'Where firewalld does not run, a zone keeps its other settings, such as `forward`, which Ansible loses.',
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const problem = problemOf(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const [subject, second] = subjectsOf(given, forwardOf(given));
    if (second) return { actions: [], failed: 'parameters are mutually exclusive: one task is about one thing' };
    if (!subject) return { actions: [], changed: false, result: dict({ msg: '' }) };
    const immediate = given.immediate || !given.permanent;
    const permanent = given.permanent === true;
    if (subject.permanentOnly && immediate) return { actions: [], failed: MUST_BE_PERMANENT };
    const found = await context.fact(
      factWithin(
        context,
        firewallState({ ...subject, zone: subject.zoned ? given.zone : undefined, permanent, immediate }),
      ),
    );
    if (!found.running && immediate)
      return {
        actions: [],
        failed:
          'firewall is not currently running, unable to perform immediate actions without a running firewall daemon',
      };
    return changesOf(given, { subject, found, permanent, immediate }, context);
  },
});

const MUST_BE_PERMANENT =
  "Zone operations must be permanent. Make sure you didn't set the 'permanent' flag to 'false' or the 'immediate' flag to 'true'.";

function problemOf(given: FirewalldArgs): string | undefined {
  if (given.interface !== undefined && given.zone === undefined)
    return "missing parameter(s) required by 'interface': zone";
  if (given.target !== undefined && given.zone === undefined) return "missing parameter(s) required by 'target': zone";
  if (given.source !== undefined && given.permanent === undefined)
    return "missing parameter(s) required by 'source': permanent";
  if (given.port !== undefined && !/^[^/]+\/[^/]+$/.test(given.port.trim()))
    return 'improper port format (missing protocol?)';
  const forwards = given.port_forward;
  if (forwards !== undefined && (!Array.isArray(forwards) || forwards.length !== 1 || !(forwards[0] instanceof Map)))
    return 'Only one port forward supported at a time';
  const missing = ['port', 'proto', 'toport'].find(
    (name) => forwards !== undefined && forwardOf(given)?.[name] === undefined,
  );
  if (missing !== undefined) return `${missing} must be specified for port forward`;
  const [subject] = subjectsOf(given, forwardOf(given));
  return subject && subject.name !== 'target' && subject.name !== 'zone' && /^(present|absent)$/.test(given.state)
    ? 'absent and present state can only be used in zone level operations'
    : undefined;
}

function forwardOf({ port_forward: forwards }: FirewalldArgs): Record<string, string> | undefined {
  const first: Value | undefined = Array.isArray(forwards) ? forwards[0] : undefined;
  if (!(first instanceof Map)) return undefined;
  return Object.fromEntries([...first].map(([name, value]) => [pythonText(name), pythonText(value)]));
}

type Found = { subject: FirewallSubject; found: FirewallAnswer; permanent: boolean; immediate: boolean };

function changesOf(
  given: FirewalldArgs,
  { subject, found, permanent, immediate }: Found,
  context: ModuleContext,
): Plan {
  const { wanted } = subject;
  const words = wanted ? subject.add : subject.remove;
  const place = subject.zoned && given.zone !== undefined ? [`--zone=${given.zone}`] : [];
  const run = (program: readonly string[], more: readonly string[] = []): Action =>
    runWithin(context, { text: [...program, ...place, ...words, ...more].map((word) => quote(word)).join(' ') });
  const timed = wanted && given.timeout > 0 && subject.timed ? [`--timeout=${given.timeout}`] : [];
  const kept = found.running ? ['firewall-cmd', '--permanent'] : ['firewall-offline-cmd'];
  const actions = [
    ...(permanent && found.permanent !== wanted ? [run(kept)] : []),
    ...(immediate && found.immediate !== wanted ? [run(['firewall-cmd'], timed)] : []),
  ];
  const changed = actions.length > 0;
  const kind =
    permanent && immediate
      ? 'Permanent and Non-Permanent(immediate) operation'
      : permanent
        ? 'Permanent operation'
        : 'Non-permanent operation';
  const messages = [
    kind,
    ...(changed ? subject.messages(found.zone) : []),
    ...(found.running ? [] : ['(offline operation: only on-disk configs were altered)']),
  ];
  return { actions, result: dict({ msg: messages.join(', ') }) };
}
