import { StarsError } from '../../errors.js';
import { quote } from '../../shell/command.js';
import { args, bool, choice, list, raw, text } from '../arguments.js';
import { defineModule, type Fact, type ModuleContext, type Plan } from '../module.js';
import { pythonText } from '../python-text.js';
import { factWithin, runWithin } from './environment.js';
import { type RuleParts, ruleWords } from './iptables-rule.js';
import { dict } from './result.js';

const schema = args({
  table: choice('filter', 'nat', 'mangle', 'raw', 'security').default('filter').describe('The table.'),
  state: choice('absent', 'present').default('present').describe('Whether the rule, or the chain, is there.'),
  action: choice('append', 'insert').default('append').describe('Whether a new rule stands last or first.'),
  ip_version: choice('ipv4', 'ipv6').default('ipv4').describe('Which of the two protocols the rule is for.'),
  chain: text().optional().describe('The chain.'),
  rule_num: text().optional().describe('With `insert`, the place that the rule gets.'),
  protocol: text().optional().describe('The protocol of the packet.'),
  wait: text().optional().describe('For how many seconds iptables may wait for its lock.'),
  source: text().optional().describe('Where the packet comes from.'),
  to_source: text().optional().describe('What its source becomes with SNAT.'),
  destination: text().optional().describe('Where the packet goes.'),
  to_destination: text().optional().describe('What its destination becomes with DNAT.'),
  match: list().default([]).describe('Extensions that the rule uses.'),
  tcp_flags: raw().optional().describe('A dict of `flags` to look at and `flags_set`, those of them that are set.'),
  jump: text().optional().describe('What becomes of the packet.'),
  gateway: text().optional().describe('With the target TEE, where the copy goes.'),
  log_prefix: text().optional().describe('What a line of the log begins with.'),
  log_level: choice(
    ...(['0', '1', '2', '3', '4', '5', '6', '7', 'emerg', 'alert', 'crit', 'error'] as const),
    ...(['warning', 'notice', 'info', 'debug'] as const),
  )
    .optional()
    .describe('The level of the log.'),
  goto: text().optional().describe('The chain that goes on with the packet.'),
  in_interface: text().optional().describe('The interface by which it came.'),
  out_interface: text().optional().describe('The interface by which it leaves.'),
  fragment: text().optional().describe('The rule is for second and further fragments.'),
  set_counters: text().optional().describe('What the counters of the rule begin with.'),
  source_port: text().optional().describe('The port or range it comes from.'),
  destination_port: text().optional().describe('The port or range it goes to.'),
  destination_ports: list().default([]).describe('Several ports or ranges it may go to.'),
  to_ports: text().optional().describe('The port that it is redirected to.'),
  set_dscp_mark: text().optional().describe('The DSCP value that it gets.'),
  set_dscp_mark_class: text().optional().describe('The DSCP class that it gets.'),
  comment: text().optional().describe('Words kept with the rule.'),
  ctstate: list().default([]).describe('The states of the connection.'),
  src_range: text().optional().describe('The range of addresses it comes from.'),
  dst_range: text().optional().describe('The range of addresses it goes to.'),
  match_set: text().optional().describe('The set of addresses that decides.'),
  match_set_flags: choice('src', 'dst', 'src,dst', 'dst,src').optional().describe('What is looked up in the set.'),
  limit: text().optional().describe('How often the rule matches, such as 2/second.'),
  limit_burst: text().optional().describe('How often before the limit counts.'),
  uid_owner: text().optional().describe('The user whose process made the packet.'),
  gid_owner: text().optional().describe('The group whose process made the packet.'),
  reject_with: text().optional().describe('How it is refused.'),
  icmp_type: text().optional().describe('The kind of ICMP message.'),
  syn: choice('ignore', 'match', 'negate')
    .default('ignore')
    .describe('Whether the packet must open a connection, or must not.'),
  flush: bool().default(false).describe('Remove all rules of the chain, or of the table.'),
  policy: choice('ACCEPT', 'DROP', 'QUEUE', 'RETURN')
    .optional()
    .describe('What becomes of packets that no rule of the chain matches.'),
  chain_management: bool().default(false).describe('Whether the chain itself is made and removed.'),
});
type Args = ReturnType<typeof schema.parse>;

export const iptables = defineModule<Args>({
  name: 'iptables',
  summary: 'Have a rule of iptables, a policy or a chain, until the next restart.',
  needs: 'iptables, or ip6tables',
  exclusive: [
    ['set_dscp_mark', 'set_dscp_mark_class'],
    ['flush', 'policy'],
  ],
  args: schema,

  async plan(given, context): Promise<Plan> {
    const problem = problemOf(given);
    if (problem !== undefined) return { actions: [], failed: problem };
    const parts: RuleParts = { ...given, tcp_flags: flagsOf(given) };
    const known = {
      ip_version: given.ip_version,
      table: given.table,
      chain: given.chain ?? null,
      flush: given.flush,
      rule: ruleWords(parts).join(' '),
      state: given.state,
      chain_management: given.chain_management,
    };
    const logs = given.log_prefix !== undefined || given.log_level !== undefined;
    const wait = given.wait === undefined ? undefined : await usableWait(given, context);
    const rule = ruleWords({ ...parts, wait, jump: given.jump ?? (logs ? 'LOG' : undefined) });
    const plan = await changes(given, { rule, bare: known.rule === '' }, context);
    return { ...plan, result: dict(known) };
  },
});

function problemOf(given: Args): string | undefined {
  if (!given.flush && given.chain === undefined) return 'Either chain or flush parameter must be specified.';
  if (given.jump?.toLowerCase() === 'tee' && given.gateway === undefined)
    return 'jump is TEE but all of the following are missing: gateway';
  const logs = given.log_prefix !== undefined || given.log_level !== undefined;
  return logs && given.jump !== undefined && given.jump !== 'LOG'
    ? 'Logging options can only be used with the LOG jump target.'
    : undefined;
}

function flagsOf({ tcp_flags: given }: Args): RuleParts['tcp_flags'] {
  if (!(given instanceof Map)) return undefined;
  const words = (name: string) => {
    const value = given.get(name);
    if (value === undefined || value === null) return undefined;
    return Array.isArray(value) ? value.map((one) => pythonText(one)) : pythonText(value).split(',');
  };
  const [flags, flagsSet] = [words('flags'), words('flags_set')];
  return flags && flagsSet ? { flags, flags_set: flagsSet } : undefined;
}

/** Old versions of iptables cannot wait, or not for a number of seconds. */
async function usableWait(given: Args, context: ModuleContext): Promise<string | undefined> {
  const version = await context.fact(
    factWithin(context, {
      script: `${programOf(given)} --version`,
      parse: ({ stdout }) => (/v(\d+)\.(\d+)/.exec(stdout) ?? []).slice(1).map(Number),
    }),
  );
  const [major = 0, minor = 0] = version;
  return major > 1 || (major === 1 && minor >= 6) ? given.wait : undefined;
}

type Rule = { rule: readonly string[]; bare: boolean };

async function changes(given: Args, { rule, bare }: Rule, context: ModuleContext): Promise<Plan> {
  const run = (...words: readonly string[]) => runWithin(context, command(given, words));
  const chain = given.chain ?? '';
  const place = given.chain === undefined ? [] : [given.chain];
  if (given.flush) return { actions: [run('-F', ...place)] };
  if (given.policy !== undefined) {
    const policy = await context.fact(factWithin(context, chainPolicy(given)));
    return { actions: policy === given.policy ? [] : [run('-P', chain, given.policy)] };
  }
  const found = await context.fact(factWithin(context, presence(given, rule)));
  if (given.state === 'absent' && bare)
    return {
      actions: found.chain && given.chain_management ? [run('-X', chain)] : [],
      changed: found.chain,
    };
  if (found.rule === (given.state === 'present')) return { actions: [] };
  if (given.state === 'absent') return { actions: [run('-D', chain, ...rule)] };
  const number = given.action === 'insert' && given.rule_num !== undefined ? [given.rule_num] : [];
  return {
    actions: [
      ...(!found.chain && given.chain_management ? [run('-N', chain)] : []),
      run(given.action === 'insert' ? '-I' : '-A', chain, ...number, ...rule),
    ],
  };
}

function programOf({ ip_version: version }: Args): string {
  return version === 'ipv6' ? 'ip6tables' : 'iptables';
}

function command(given: Args, words: readonly string[]) {
  const [program, ...rest] = [programOf(given), '-t', given.table, ...words];
  return { text: `PATH=$PATH:/usr/sbin:/sbin; ${program} ${rest.map((word) => quoted(word)).join(' ')}` };
}

function quoted(word: string): string {
  return word === '' ? "''" : quote(word);
}

function chainPolicy(given: Args): Fact<string> {
  return {
    script: command(given, ['-n', '-L', given.chain ?? '']).text,
    parse({ code, stdout, stderr }) {
      if (code !== 0) throw new StarsError('HOSTS_FAILED', stderr.trim() || 'iptables cannot list the chain.');
      const policy = /\(policy ([A-Z]+)/.exec(stdout.split('\n', 1)[0] ?? '')?.[1];
      if (policy === undefined) throw new StarsError('HOSTS_FAILED', "Can't detect current policy");
      return policy;
    },
  };
}

function presence(given: Args, rule: readonly string[]): Fact<{ rule: boolean; chain: boolean }> {
  const chain = given.chain ?? '';
  const has = command(given, ['-C', chain, ...rule]).text;
  const lists = command(given, ['-n', '-L', chain]).text;
  return {
    script: `command -v ${programOf(given)} >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v ${programOf(given)} >/dev/null || exit 127
if { ${has}; } >/dev/null 2>&1; then echo rule; fi
if { ${lists}; } >/dev/null 2>&1; then echo chain; fi`,
    parse({ code, stdout }) {
      if (code === 127)
        throw new StarsError('HOSTS_FAILED', `Failed to find required executable "${programOf(given)}".`);
      return { rule: stdout.includes('rule'), chain: stdout.includes('chain') };
    },
  };
}
