import type { HostClaim } from '../../src/connection/claim.js';
import type { Connection } from '../../src/connection/connection.js';
import { createSshConnect } from '../../src/connection/ssh.js';
import { hostTarget } from '../../src/connection/target.js';
import { openHome } from '../../src/home/home.js';
import { silentLog } from '../../src/log.js';
import { createRedactor } from '../../src/secret.js';
import type { Practice } from '../e2e/support/practice.js';

/** A connection to a host of the sandbox with the lock of a run, as another Stars has it. */
export async function connectAs(claim: HostClaim, name: string, { home: folder }: Practice): Promise<Connection> {
  const redactor = createRedactor();
  const home = await openHome({ env: { STARS_HOME: folder, HOME: folder }, cwd: folder, redactor });
  const environment = await home.environment('sandbox');
  const variables = (await environment.inventory()).variablesOf(name, { playbookDir: folder });
  const { user, port, privateKeyFile, knownHosts } = environment.config.connection;
  const target = hostTarget(name, variables, { user, port, privateKeyFile, knownHosts, connectTimeoutMs: 10_000 });
  return createSshConnect({ log: silentLog, redactor })(target, undefined, claim);
}
