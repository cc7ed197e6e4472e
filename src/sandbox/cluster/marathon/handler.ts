import { routed, type Handler, type Route } from '../http.js';
import { isJson, jettyPage, refusedOr, type HttpReply } from '../reply.js';
import { appRoutes } from './app-routes.js';
import { deploymentRoutes } from './deployment-routes.js';
import { notJson } from './errors.js';
import { groupRoutes } from './group-routes.js';
import type { Marathon } from './marathon.js';
import { podRoutes } from './pod-routes.js';
import { methodNotAllowed, serverRoutes, type MarathonSite } from './server-routes.js';
import { taskRoutes } from './task-routes.js';

/** The HTTP side of Marathon: nothing but ping answers while nobody leads. */
export function createMarathonHandler(marathon: Marathon, site: MarathonSite): Handler {
  const handle = routed(
    [
      ...serverRoutes(marathon, site),
      ...taskRoutes(marathon),
      ...appRoutes(marathon),
      ...deploymentRoutes(marathon),
      ...groupRoutes(marathon),
      ...podRoutes(marathon),
    ].map(takingJsonAlone),
    {
      missing: ({ path }) => ({ status: 404, json: { message: `URI not found: ${path.slice(1)}` } }),
      wrongVerb: ({ path }) => methodNotAllowed(path),
    },
  );

  return async (request) => {
    const leader = site.leader();
    if (leader === undefined && !['/ping', '/v2/leader'].includes(request.path)) {
      return { status: 503, html: jettyPage(503, 'Could not determine the current leader', request.path) };
    }
    return withLeader(await refusedOr(() => handle(request)), leader);
  };
}

/** A POST or PUT is only taken as JSON, also one without a body, such as a restart; source: Marathon's issue 5301. */
function takingJsonAlone(route: Route): Route {
  if (route.method !== 'POST' && route.method !== 'PUT') return route;
  return {
    ...route,
    handler: (request) => {
      if (!isJson(request)) throw notJson();
      return route.handler(request);
    },
  };
}

function withLeader(reply: HttpReply, leader: string | undefined): HttpReply {
  if (leader === undefined) return reply;
  return { ...reply, headers: { 'X-Marathon-Leader': `http://${leader}`, ...reply.headers } };
}
