import type { Dict, Value } from '../../jinja/value.js';
import type { Fact } from '../module.js';
import { COLLECTORS } from './collectors.js';
import { dict } from './facts-dict.js';
import { createSections } from './sections.js';
import { setupScript } from './setup-script.js';

export type SetupOptions = {
  /** Names of collectors; default all. */
  collectors: readonly string[];
  /** The words of `gather_subset`, which Ansible repeats among the facts. */
  subset: readonly string[];
  /** Folder of local facts on the host. */
  factPath: string;
  /** How long the size of a file system on another machine may take to find out. */
  timeoutSeconds: number;
};

export const SETUP_DEFAULTS: SetupOptions = {
  collectors: COLLECTORS.map(({ name }) => name),
  subset: ['all'],
  factPath: '/etc/ansible/facts.d',
  timeoutSeconds: 10,
};

/** What `setup` gathers, by one script in one round trip: a dict of `ansible_*` facts under ansible-core's names. */
export function setupFactFor(options: SetupOptions): Fact<Dict> {
  const chosen = COLLECTORS.filter(({ name }) => options.collectors.includes(name));
  return {
    script: setupScript(new Set(chosen.flatMap(({ sections }) => sections)), options),
    parse({ stdout }) {
      const sections = createSections(stdout);
      const facts: Record<string, Value | undefined> = {};
      for (const { collect } of chosen) Object.assign(facts, collect(sections));
      return dict({ ...facts, gather_subset: [...options.subset], module_setup: true });
    },
  };
}
