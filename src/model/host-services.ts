/** A service that hosts of such a stack run, and what its unit is called there. */
export type HostService = { name: string; title: string; units: readonly string[]; layer: string | undefined };

/** In the order in which they need each other: what stands further down needs what stands above it. */
export const HOST_SERVICES: readonly HostService[] = [
  { name: 'zookeeper', title: 'ZooKeeper', units: ['zookeeper', 'zookeeper-server'], layer: 'zookeeper' },
  { name: 'mesos-master', title: 'the Mesos master', units: ['mesos-master'], layer: 'mesos' },
  { name: 'mesos-dns', title: 'Mesos-DNS', units: ['mesos-dns'], layer: 'mesos-dns' },
  { name: 'marathon', title: 'Marathon', units: ['marathon'], layer: 'marathon' },
  { name: 'chronos', title: 'Chronos', units: ['chronos'], layer: 'chronos' },
  { name: 'docker', title: 'Docker', units: ['docker'], layer: undefined },
  { name: 'mesos-agent', title: 'the Mesos agent', units: ['mesos-slave', 'mesos-agent'], layer: 'agents' },
];

/** Every unit of them, in the same order. */
export const KNOWN_UNITS: readonly string[] = HOST_SERVICES.flatMap(({ units }) => units);
