import { connect } from 'node:tls';
import type { Clock } from '../clock.js';
import type { Expiring } from './expiring.js';

const TIMEOUT_MS = 5_000;

/** The certificates that addresses show: those of all that begin with `https`; one that shows none is left out, since whether it answers is told elsewhere. */
export async function readCertificates(urls: readonly string[], clock: Clock): Promise<Expiring[]> {
  const addresses = new Set(urls.filter((url) => url.startsWith('https:')).map((url) => addressOf(new URL(url))));
  const read = await Promise.all([...addresses].map((address) => certificateOf(address, clock)));
  return read.filter((certificate) => certificate !== undefined);
}

function addressOf({ hostname, port }: URL): string {
  return `${hostname}:${port || '443'}`;
}

function certificateOf(address: string, clock: Clock): Promise<Expiring | undefined> {
  const at = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, at).replaceAll(/[[\]]/g, ''), Number(address.slice(at + 1))];
  return new Promise((resolve) => {
    // Nothing is sent: whether to trust it is decided by those who send something.
    const socket = connect({
      host,
      port,
      rejectUnauthorized: false,
      ...(/^[\d.:]+$/.test(host) ? {} : { servername: host }),
    });
    const cancel = clock.after(TIMEOUT_MS, () => end(undefined));
    const end = (certificate: Expiring | undefined) => {
      cancel();
      socket.destroy();
      resolve(certificate);
    };
    socket.once('error', () => end(undefined));
    socket.once('secureConnect', () => {
      const validUntil = new Date(socket.getPeerCertificate().valid_to);
      end(Number.isNaN(validUntil.getTime()) ? undefined : { what: `the certificate of ${address}`, validUntil });
    });
  });
}
