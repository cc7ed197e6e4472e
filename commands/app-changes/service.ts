import type { ResourcesOf, SubjectOf } from '../../src/bot/command.js';
import type { Subject } from '../../src/bot/subject.js';
import type { Resource } from '../../src/model/lease.js';
import { hostServicesSubject } from '../host-services/host-services.js';
import { mayMeanHosts } from '../host-services/meant.js';
import { appResource } from './app-resource.js';

/** What is done to a service locks one app, or everything where its name may mean services of hosts. */
export async function serviceResources({
  args: { service },
  environment,
}: ResourcesOf<{ service: string }>): Promise<readonly Resource[]> {
  return environment && (await mayMeanHosts(service, environment)) ? ['*'] : [appResource(service)];
}

/** What rights look at: the hosts of a service of theirs, else the app. */
export async function serviceSubject(
  asked: SubjectOf<Parameters<typeof hostServicesSubject>[0]['args']>,
): Promise<Subject> {
  const ofHosts = await hostServicesSubject(asked);
  if (ofHosts) return ofHosts;
  const { id } = await (await asked.cluster()).marathon.find(asked.args.service);
  return { targets: [{ kind: 'app', name: id }] };
}
