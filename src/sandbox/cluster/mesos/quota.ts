import { route, type Handler, type Route } from '../http.js';
import type { Mesos } from './mesos.js';

/** What roles are promised. There is no change of it but by taking it away first. */
export function quotaRoutes({ quota, agents }: Mesos): Route[] {
  const set: Handler = ({ body }) => {
    const wanted = readQuota(body.toString());
    if (typeof wanted === 'string') return { status: 400, text: wanted };
    if (quota.has(wanted.role))
      return {
        status: 400,
        text: `Failed to validate set quota request: Quota is already set for role '${wanted.role}'`,
      };
    const cpus = agents.filter(({ state }) => state === 'active').reduce((sum, agent) => sum + agent.cpus, 0);
    if (!wanted.force && wanted.cpus > cpus)
      return {
        status: 409,
        text: 'Heuristic capacity check for set quota request failed: Not enough available cluster capacity to reasonably satisfy quota request',
      };
    quota.set(wanted.role, { role: wanted.role, guarantee: wanted.guarantee });
    return { status: 200 };
  };

  const remove: Handler = ({ params }) => {
    const role = params[0] ?? '';
    if (quota.delete(role)) return { status: 200 };
    return { status: 400, text: `Failed to remove quota for path '/quota/${role}': Role '${role}' has no quota set` };
  };

  return [
    route('GET', /^\/quota$/, () => ({ json: quota.size === 0 ? {} : { infos: [...quota.values()] } })),
    route('POST', /^\/quota$/, set),
    route('DELETE', /^\/quota\/([^/]+)$/, remove),
  ];
}

type Wanted = { role: string; guarantee: unknown[]; force: boolean; cpus: number };

function readQuota(text: string): Wanted | string {
  try {
    const { role, guarantee, force } = JSON.parse(text) as Record<string, unknown>;
    if (typeof role !== 'string' || role === '*' || !Array.isArray(guarantee))
      return 'Failed to validate set quota request: role and guarantee are needed';
    const amounts = guarantee as { name?: string; scalar?: { value?: number } }[];
    const cpus = amounts.find(({ name }) => name === 'cpus')?.scalar?.value ?? 0;
    return { role, guarantee, force: force === true, cpus };
  } catch {
    return 'Failed to parse set quota request JSON: syntax error';
  }
}
