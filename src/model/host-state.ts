/** How a host stands, as it tells itself. What it could not tell is undefined. */
export type HostState = {
  /** Averages over 1, 5 and 15 minutes. */
  load: readonly [number, number, number] | undefined;
  cpus: number | undefined;
  memory: { totalBytes: number; availableBytes: number } | undefined;
  /** One for each file system of those that matter, the mount point as its name. */
  disks: readonly Disk[];
  upSeconds: number | undefined;
  /** Units that failed, whatever they are. */
  failedUnits: readonly string[];
  /** The services that were asked for and that the host has. */
  units: readonly HostUnit[];
  rebootNeeded: boolean;
};

export type Disk = { mount: string; totalBytes: number; usedFraction: number; inodesUsedFraction: number | undefined };

export type HostUnit = {
  name: string;
  state: 'running' | 'stopped' | 'failed';
  /** Whether it starts with the host; undefined where that could not be told. */
  enabled: boolean | undefined;
};

/** What a host told, or why it told nothing: `code` and `message` of the error. */
export type HostReading = { host: string } & ({ state: HostState } | { failed: { code: string; message: string } });
