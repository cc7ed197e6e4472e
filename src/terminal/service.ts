import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.js';
import { StarsError } from '../errors.js';
import type { Home } from '../home/home.js';
import type { Log } from '../log.js';
import { serveSlack } from '../serve.js';
import type { Stars } from '../stars.js';
import { createConsole } from './console.js';
import { createHealthRoutes } from './health-routes.js';
import type { Terminal } from './one-command.js';
import { untilStopped } from './signals.js';

export type ServiceOptions = { stars: Stars; home: Home; clock: Clock; log: Log; terminal: Terminal };

/** The service until SIGTERM: in Slack when there are tokens, else as a console on a local web page. */
export async function runService(options: ServiceOptions): Promise<number> {
  const { stars, log } = options;
  const interrupted = await stars.runs.settleAbandoned();
  if (interrupted.length > 0) log.warn({ runs: interrupted }, 'runs of a process that died are marked as interrupted');
  const stopHeartbeat = stars.runs.startHeartbeat();
  const service = options.home.settings.slack.botToken ? await startSlackService(options) : await startConsole(options);
  await untilStopped();
  log.info('stopping');
  stars.runs.cancelAll('Stars was asked to stop.');
  await service.stop();
  stopHeartbeat();
  return 0;
}

async function startSlackService({
  stars,
  home,
  clock,
  log,
  terminal,
}: ServiceOptions): Promise<{ stop(): Promise<void> }> {
  const { slack, port } = home.settings;
  if (!slack.botToken) throw new StarsError('CONFIG', 'SLACK_BOT_TOKEN is not set.');
  const settings = {
    botToken: slack.botToken,
    signingSecret: slack.signingSecret,
    appToken: slack.appToken,
    apiUrl: slack.apiUrl,
    port,
  };
  const ready = () => service.slack.connected();
  const service = await serveSlack({
    stars,
    settings,
    clock,
    log,
    http: createHealthRoutes({ database: stars.database, connected: () => ready() }),
  });
  terminal.error(`Stars is in Slack; port ${service.port ?? port} answers /healthz and /readyz.`);
  return service;
}

async function startConsole({ stars, home, clock, terminal }: ServiceOptions): Promise<{ stop(): Promise<void> }> {
  const health = createHealthRoutes({ database: stars.database, connected: () => true });
  const server = createServer(createConsole({ stars, clock, otherwise: health }));
  const port = await listen(server, home.settings.port);
  terminal.error(`No Slack is configured (SLACK_BOT_TOKEN): the local console is at http://127.0.0.1:${port}/`);
  return {
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new StarsError('CONFIG', `Port ${port} cannot be used: ${cause.message}.`, {
          hint: 'Set PORT to a free port.',
          cause,
        }),
      ),
    );
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
