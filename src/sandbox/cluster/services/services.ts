import { routed, type Handler } from '../http.js';
import { createBlazegraph } from './blazegraph.js';
import { createLightning } from './lightning.js';
import { createLivy } from './livy.js';
import { missing, SERVICE_NAMES, wrongVerb, type Service, type ServiceDeps, type ServiceName } from './service.js';
import { createSpark } from './spark.js';
import { createZeppelin } from './zeppelin.js';

export { SERVICE_NAMES, type ServiceName } from './service.js';

export type Services = ReturnType<typeof createServices>;

/** The data services; one whose app has no running task hangs up. */
export function createServices(deps: ServiceDeps, isUp: (name: ServiceName) => boolean) {
  const all = {
    zeppelin: createZeppelin(deps),
    livy: createLivy(deps),
    blazegraph: createBlazegraph(deps),
    lightning: createLightning(),
    spark: createSpark(deps),
  } satisfies Record<ServiceName, Service>;

  function handlerOf(name: ServiceName): Handler {
    const { routes, guard }: Service = all[name];
    const handle = routed(routes, { missing, wrongVerb });
    return (request) => (isUp(name) ? (guard?.(request) ?? handle(request)) : { hangUp: true });
  }

  const handlers = Object.fromEntries(SERVICE_NAMES.map((name) => [name, handlerOf(name)])) as Record<
    ServiceName,
    Handler
  >;
  return { ...all, handlers };
}
