import { z } from 'zod';
import type { CallOptions, Http } from '../http.js';

export type MesosDns = ReturnType<typeof createMesosDns>;

type Asking = Pick<CallOptions, 'signal' | 'timeoutMs'>;

const Version = z.object({ Version: z.string() }).transform(({ Version: version }) => version);
const Hosts = z.array(z.object({ host: z.string(), ip: z.string() }));

/** Mesos-DNS 0.6 over HTTP. */
export function createMesosDns({ http }: { http: Http }) {
  return {
    version: (options?: Asking) => http.get('/v1/version', Version, options),
    /** The addresses of a name such as `zeppelin.marathon.mesos`; an unknown one is one row of empty texts, here none. */
    hosts: async (name: string, options?: Asking) =>
      (await http.get(`/v1/hosts/${encodeURIComponent(name)}`, Hosts, options)).filter(({ ip }) => ip !== ''),
  };
}
