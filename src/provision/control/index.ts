import { argumentSpec } from './argument-spec.js';
import { asyncStatus } from './async-status.js';
import type { ControlModule } from './call.js';
import { gatherFacts, ping, setFact, setup } from './facts.js';
import { importRole, include, includeRole, includeTasks } from './include.js';
import { includeVars } from './include-vars.js';
import { addHost, groupBy } from './inventory.js';
import { pause } from './pause.js';
import { reboot } from './reboot.js';
import { setStats } from './set-stats.js';
import { assert, debug, fail } from './talking.js';
import { waitForConnection } from './wait-for-connection.js';

export { controlDefinitions, type ControlDefinition } from './definitions.js';
export type { ControlCall, ControlModule, ControlResult, InventoryChanges, RemoteHost } from './call.js';

/** Modules that Stars itself performs: they look at variables and at files of the controller. */
export const controlModules: ReadonlyMap<string, ControlModule> = new Map<string, ControlModule>([
  ['debug', debug],
  ['set_fact', setFact],
  ['fail', fail],
  ['assert', assert],
  ['include_tasks', includeTasks],
  ['include', include],
  ['import_tasks', includeTasks],
  ['include_role', includeRole],
  ['import_role', importRole],
  ['include_vars', includeVars],
  ['pause', pause],
  ['setup', setup],
  ['gather_facts', gatherFacts],
  ['ping', ping],
  ['reboot', reboot],
  ['wait_for_connection', waitForConnection],
  ['add_host', addHost],
  ['group_by', groupBy],
  ['set_stats', setStats],
  ['validate_argument_spec', argumentSpec],
  ['async_status', asyncStatus],
  // The play performs it.
  ['meta', { freeForm: true, run: () => ({ result: new Map([['changed', false]]) }) }],
]);
