/** What a rule of iptables is made of, as the module's arguments name it. */
export type RuleParts = {
  ip_version: 'ipv4' | 'ipv6';
  match: readonly string[];
  tcp_flags?: { flags: readonly string[]; flags_set: readonly string[] } | undefined;
  destination_ports: readonly string[];
  ctstate: readonly string[];
  syn: 'ignore' | 'match' | 'negate';
} & Partial<Record<Words, string | undefined>>;

type Words =
  | 'wait'
  | 'protocol'
  | 'source'
  | 'destination'
  | 'jump'
  | 'gateway'
  | 'log_prefix'
  | 'log_level'
  | 'to_destination'
  | 'to_source'
  | 'goto'
  | 'in_interface'
  | 'out_interface'
  | 'fragment'
  | 'set_counters'
  | 'source_port'
  | 'destination_port'
  | 'to_ports'
  | 'set_dscp_mark'
  | 'set_dscp_mark_class'
  | 'comment'
  | 'src_range'
  | 'dst_range'
  | 'match_set'
  | 'match_set_flags'
  | 'limit'
  | 'limit_burst'
  | 'uid_owner'
  | 'gid_owner'
  | 'reject_with'
  | 'icmp_type';

/** The words of a rule, in the order in which Ansible gives them: iptables compares what it has with just these. */
export function ruleWords(rule: RuleParts): string[] {
  const one = (flag: string, value: string | undefined) => parameter(flag, value);
  const comma = (flag: string, values: readonly string[]) => (values.length > 0 ? [flag, values.join(',')] : []);
  const module = (name: string, ...values: readonly (string | undefined)[]) =>
    values.some((value) => value !== undefined && value !== '') ? ['-m', name] : [];
  const unlessMatched = (name: string, ...values: readonly (string | undefined)[]) =>
    rule.match.includes(name) ? [] : module(name, ...values);
  return [
    ...(rule.wait ? ['-w', rule.wait] : []),
    ...one('-p', rule.protocol),
    ...one('-s', rule.source),
    ...one('-d', rule.destination),
    ...rule.match.flatMap((name) => one('-m', name)),
    ...(rule.tcp_flags ? ['--tcp-flags', rule.tcp_flags.flags.join(','), rule.tcp_flags.flags_set.join(',')] : []),
    ...one('-j', rule.jump),
    ...(rule.jump?.toLowerCase() === 'tee' ? one('--gateway', rule.gateway) : []),
    ...one('--log-prefix', rule.log_prefix),
    ...one('--log-level', rule.log_level),
    ...one('--to-destination', rule.to_destination),
    ...module('multiport', ...rule.destination_ports),
    ...comma('--dports', rule.destination_ports),
    ...one('--to-source', rule.to_source),
    ...one('-g', rule.goto),
    ...one('-i', rule.in_interface),
    ...one('-o', rule.out_interface),
    ...one('-f', rule.fragment),
    ...one('-c', rule.set_counters),
    ...one('--source-port', rule.source_port),
    ...one('--destination-port', rule.destination_port),
    ...one('--to-ports', rule.to_ports),
    ...one('--set-dscp', rule.set_dscp_mark),
    ...one('--set-dscp-class', rule.set_dscp_mark_class),
    ...(rule.syn === 'match' ? ['--syn'] : rule.syn === 'negate' ? ['!', '--syn'] : []),
    ...stateWords(rule, comma, module),
    ...unlessMatched('iprange', rule.src_range, rule.dst_range),
    ...one('--src-range', rule.src_range),
    ...one('--dst-range', rule.dst_range),
    ...unlessMatched('set', rule.match_set),
    ...one('--match-set', rule.match_set),
    ...(rule.match.includes('set') || rule.match_set ? (rule.match_set_flags ? [rule.match_set_flags] : []) : []),
    ...module('limit', rule.limit, rule.limit_burst),
    ...one('--limit', rule.limit),
    ...one('--limit-burst', rule.limit_burst),
    ...module('owner', rule.uid_owner),
    ...one('--uid-owner', rule.uid_owner),
    ...module('owner', rule.gid_owner),
    ...one('--gid-owner', rule.gid_owner),
    ...(rule.jump === undefined ? (rule.reject_with ? ['-j', 'REJECT'] : []) : []),
    ...one('--reject-with', rule.reject_with),
    ...one(rule.ip_version === 'ipv6' ? '--icmpv6-type' : '--icmp-type', rule.icmp_type),
    ...module('comment', rule.comment),
    ...one('--comment', rule.comment),
  ];
}

/** A value that begins with an exclamation mark means its opposite. */
function parameter(flag: string, value: string | undefined): string[] {
  if (value === undefined) return [];
  return value.startsWith('!') ? ['!', flag, value.slice(1)] : [flag, value];
}

function stateWords(
  { match, ctstate }: RuleParts,
  comma: (flag: string, values: readonly string[]) => string[],
  module: (name: string, ...values: readonly string[]) => string[],
): string[] {
  if (match.includes('conntrack')) return comma('--ctstate', ctstate);
  if (match.includes('state')) return comma('--state', ctstate);
  return [...module('conntrack', ...ctstate), ...comma('--ctstate', ctstate)];
}
