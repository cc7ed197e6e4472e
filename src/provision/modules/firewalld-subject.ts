/** One thing that a task says of a zone, in the words of firewall-cmd. */
export type FirewallSubject = {
  name: string;
  ask: readonly string[];
  /** The value that the answer must hold, where it is no yes or no. */
  tells?: string;
  add: readonly string[];
  remove: readonly string[];
  /** Whether it is to be so. */
  wanted: boolean;
  /** Whether the words take a zone. */
  zoned: boolean;
  /** Whether it may hold for some time only. */
  timed: boolean;
  permanentOnly?: boolean;
  /** What is told of a change, in the order of Ansible. */
  messages(zone: string): string[];
};

type Given = { state: string } & Partial<
  Record<
    | 'zone'
    | 'service'
    | 'port'
    | 'protocol'
    | 'rich_rule'
    | 'source'
    | 'interface'
    | 'icmp_block'
    | 'icmp_block_inversion'
    | 'masquerade'
    | 'target',
    string | undefined
  >
>;

/** What the task is about; two are a mistake, and none with a zone is about the zone itself. */
export function subjectsOf(given: Given, forward: Readonly<Record<string, string>> | undefined): FirewallSubject[] {
  const found = [
    ...plain(given),
    ...switches(given),
    ...(forward ? [forwardSubject(given, forward)] : []),
    ...places(given),
    ...(given.target === undefined ? [] : [targetSubject(given, given.target)]),
  ];
  if (found.length > 0 || !/^(present|absent)$/.test(given.state) || given.zone === undefined) return found;
  return [zoneSubject(given.state, given.zone)];
}

function option(kind: string, value: string, { state }: Given): Omit<FirewallSubject, 'messages' | 'name'> {
  return {
    ask: [`--query-${kind}=${value}`],
    add: [`--add-${kind}=${value}`],
    remove: [`--remove-${kind}=${value}`],
    wanted: state === 'enabled',
    zoned: true,
    timed: true,
  };
}

function plain(given: Given): FirewallSubject[] {
  const named: [string, string, string | undefined][] = [
    ['icmp-block', 'icmp-block', given.icmp_block],
    ['service', 'service', given.service],
    ['protocol', 'protocol', given.protocol],
    ['port', 'port', given.port?.trim()],
    ['rich-rule', 'rich_rule', given.rich_rule],
  ];
  return named.flatMap(([kind, word, value]) =>
    value === undefined
      ? []
      : [
          {
            ...option(kind, value, given),
            name: kind,
            messages: () => [`Changed ${word} ${value} to ${given.state}`],
          },
        ],
  );
}

/** `masquerade: no` with `state: enabled` switches it off. */
function switches(given: Given): FirewallSubject[] {
  const { masquerade, icmp_block_inversion: inversion, state } = given;
  const of = (kind: string, value: string) => {
    const on = !/^(no|n|off|false|f|0)$/i.test(value);
    const wanted = (state === 'enabled') === on;
    return {
      name: kind,
      ask: [`--query-${kind}`],
      add: [`--add-${kind}`],
      remove: [`--remove-${kind}`],
      wanted,
      zoned: true,
      timed: false,
    };
  };
  const subjects: FirewallSubject[] = [];
  if (masquerade !== undefined) {
    const subject = of('masquerade', masquerade);
    subjects.push({
      ...subject,
      messages: (zone) => [`${subject.wanted ? 'Added masquerade to' : 'Removed masquerade from'} zone ${zone}`],
    });
  }
  if (inversion !== undefined)
    subjects.push({
      ...of('icmp-block-inversion', inversion),
      messages: () => [`Changed icmp-block-inversion ${inversion} to ${state}`],
    });
  return subjects;
}

function forwardSubject(given: Given, forward: Readonly<Record<string, string>>): FirewallSubject {
  const { port = '', proto = '', toport = '', toaddr = '' } = forward;
  const whole = `port=${port}:proto=${proto}:toport=${toport}${toaddr === '' ? '' : `:toaddr=${toaddr}`}`;
  return {
    ...option('forward-port', whole, given),
    name: 'forward-port',
    messages: () => [
      `Changed port_forward port=${port}:proto=${proto}:toport=${toport}:toaddr=${toaddr} to ${given.state}`,
    ],
  };
}

function places(given: Given): FirewallSubject[] {
  const { source, interface: card } = given;
  const on = given.state === 'enabled';
  const subjects: FirewallSubject[] = [];
  if (source !== undefined)
    subjects.push({
      ...option('source', source, given),
      name: 'source',
      timed: false,
      messages: (zone) => [`${on ? 'Added' : 'Removed'} ${source} ${on ? 'to' : 'from'} zone ${zone}`],
    });
  if (card !== undefined)
    subjects.push({
      ...option('interface', card, given),
      name: 'interface',
      timed: false,
      // An interface is in one zone: adding it to this one takes it out of the other.
      add: [`--change-interface=${card}`],
      messages: (zone) => [`${on ? 'Changed' : 'Removed'} ${card} ${on ? 'to' : 'from'} zone ${zone}`],
    });
  return subjects;
}

function targetSubject({ state }: Given, target: string): FirewallSubject {
  const wanted = state === 'enabled' || state === 'present';
  return {
    name: 'target',
    ask: ['--get-target'],
    tells: target,
    add: [`--set-target=${target}`],
    remove: ['--set-target=default'],
    wanted,
    zoned: true,
    timed: false,
    permanentOnly: true,
    messages: (zone) => [wanted ? `Set zone ${zone} target to ${target}` : `Reset zone ${zone} target to default`],
  };
}

function zoneSubject(state: string, zone: string): FirewallSubject {
  return {
    name: 'zone',
    ask: ['--get-zones'],
    tells: zone,
    add: [`--new-zone=${zone}`],
    remove: [`--delete-zone=${zone}`],
    wanted: state === 'present',
    zoned: false,
    timed: false,
    permanentOnly: true,
    messages: () => [
      state === 'present' ? `Added zone ${zone}` : `Removed zone ${zone}`,
      `Changed zone ${zone} to ${state}`,
    ],
  };
}
