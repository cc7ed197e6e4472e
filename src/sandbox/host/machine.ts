import type { Clock } from '../../clock.js';
import type { FileSystem } from './fs/file-system.js';
import type { Kernel } from './kernel/kernel.js';
import type { PackageDatabase } from './packages/database.js';
import type { Journal } from './services/journal.js';
import type { ServiceManager } from './services/manager.js';
import type { Users } from './users.js';

export type SudoFault = 'none' | 'missing' | 'not-allowed' | 'password' | 'tty' | 'hangs';

/** What the programs of a simulated host know about it. */
export type Machine = {
  readonly name: string;
  hostname: string;
  readonly clock: Clock;
  readonly fs: FileSystem;
  readonly kernel: Kernel;
  readonly users: Users;
  readonly packages: PackageDatabase;
  readonly services: ServiceManager;
  readonly journal: Journal;
  /** How full its disk is at least, in percent, whatever is in it. */
  diskFilled: number;
  sudoFault: SudoFault;
};
