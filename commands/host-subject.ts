import type { SubjectHosts } from '../src/bot/subject.js';
import type { Environment } from '../src/home/home.js';

/** The hosts of a pattern as rights look at them; all when there is none. Throws UNKNOWN_HOST_PATTERN. */
export async function hostsMatching(pattern: string | undefined, environment: Environment): Promise<SubjectHosts> {
  const inventory = await environment.inventory();
  return {
    selected: pattern === undefined ? inventory.hosts : inventory.requireHosts(pattern),
    matched: (patterns) => inventory.match(patterns).hosts,
  };
}
