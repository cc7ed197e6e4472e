import { flag, route, type Handler, type Route } from '../http.js';
import { absoluteId } from './app.js';
import { notFound } from './errors.js';
import type { Runtime } from './launcher.js';
import type { Marathon } from './marathon.js';
import { lastOffersSummary, rejectSummary } from './matching.js';

/** Deployments and the launch queue. */
export function deploymentRoutes(marathon: Marathon): Route[] {
  const { deployments, launcher } = marathon;

  const list: Handler = () => ({ json: deployments.listed().map(deployments.json) });

  const remove: Handler = ({ params, query }) => {
    const deployment = marathon.requireDeployment(params[0] ?? '');
    if (flag(query, 'force')) {
      deployments.cancel(deployment);
      return { status: 202 };
    }
    const { version, deploymentId } = marathon.revert(deployment.id);
    return { headers: { 'Marathon-Deployment-Id': deploymentId }, json: { version, deploymentId } };
  };

  const queue: Handler = ({ query }) => {
    const withOffers = query.getAll('embed').includes('lastUnusedOffers');
    const waiting = [...launcher.runtimes.values()].filter((one) => launcher.queued(one) > 0);
    return { json: { queue: waiting.map((one) => queueItem(one, withOffers)) } };
  };

  function queueItem(one: Runtime, withOffers: boolean): Record<string, unknown> {
    const { stats } = one;
    const leftMs = one.delayUntilMs - marathon.nowMs();
    const at = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
    const pod = marathon.root().pods.get(one.id);
    const app = marathon.root().apps.get(one.id);
    return {
      ...(pod ? { pod } : { app: app && marathon.print(app) }),
      count: launcher.queued(one),
      delay: { timeLeftSeconds: Math.max(0, Math.ceil(leftMs / 1000)), overdue: leftMs <= 0 },
      since: one.waitingSince,
      processedOffersSummary: {
        processedOffersCount: stats.processed,
        unusedOffersCount: stats.unused,
        ...(stats.lastUnusedMs !== undefined && { lastUnusedOfferAt: at(stats.lastUnusedMs) }),
        ...(stats.lastUsedMs !== undefined && { lastUsedOfferAt: at(stats.lastUsedMs) }),
        rejectSummaryLastOffers: lastOffersSummary(stats),
        rejectSummaryLaunchAttempt: rejectSummary(stats.declined, stats.processed),
      },
      ...(withOffers && { lastUnusedOffers: marathon.unusedOffers(one) }),
    };
  }

  const resetDelay: Handler = ({ params }) => {
    const id = absoluteId(params[0] ?? '');
    const one = launcher.runtimes.get(id);
    if (!one || launcher.queued(one) === 0) throw notFound(`Application ${id} not found in tasks queue.`);
    launcher.resetDelay(id);
    return { status: 204 };
  };

  return [
    route('GET', /^\/v2\/deployments\/?$/, list),
    route('DELETE', /^\/v2\/deployments\/([^/]+)\/?$/, remove),
    route('GET', /^\/v2\/queue\/?$/, queue),
    route('DELETE', /^\/v2\/queue\/(.+)\/delay\/?$/, resetDelay),
  ];
}
