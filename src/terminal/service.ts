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
import { untilStopped } from './signals.js';
import type { Terminal } from './terminal.js';

export const SERVE_HELP = `Usage: stars serve
Serve Slack, or without SLACK_BOT_TOKEN a console on a local web page, until SIGTERM.
SLACK_BOT_TOKEN with SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP); PORT, 3000 when not said.`;

const END_WITHIN_MS = 20_000;

export type ServiceOptions = { stars: Stars; home: Home; clock: Clock; log: Log; terminal: Terminal };

/** The service until SIGTERM: in Slack when there are tokens, else as a console on a local web page. */
export async function runService(options: ServiceOptions): Promise<number> {
  const { stars, clock, log } = options;
  const service = options.home.settings.slack.botToken ? await startSlackService(options) : await startConsole(options);
  const stopUpkeep = stars.startUpkeep();
  await untilStopped();
  log.info('stopping');
  const ended = stars.runs.close('Stars was asked to stop.').then(() => service.idle());
  const over = new AbortController();
  await Promise.race([ended, clock.sleep(END_WITHIN_MS, over.signal).catch(() => undefined)]);
  over.abort();
  await Promise.all([service.stop(), stopUpkeep()]);
  return 0;
}

type Running = { idle(): Promise<void>; stop(): Promise<void> };

async function startSlackService({ stars, home, clock, log, terminal }: ServiceOptions): Promise<Running> {
  const { slack, port } = home.settings;
  if (!slack.botToken) throw new StarsError('CONFIG', 'SLACK_BOT_TOKEN is not set.');
  const settings = {
    botToken: slack.botToken,
    signingSecret: slack.signingSecret,
    appToken: slack.appToken,
    apiUrl: slack.apiUrl,
    port,
  };
  const ready = () => service.connected();
  const service = await serveSlack({
    stars,
    settings,
    clock,
    log,
    http: createHealthRoutes({ stars, home, clock, connected: () => ready() }),
  });
  terminal.error(`Stars is in Slack; port ${service.port ?? port} answers /healthz and /readyz.`);
  return service;
}

async function startConsole({ stars, home, clock, terminal }: ServiceOptions): Promise<Running> {
  const health = createHealthRoutes({ stars, home, clock, connected: () => true });
  const server = createServer(createConsole({ stars, clock, redactor: home.redactor, otherwise: health }));
  const port = await listen(server, home.settings.port);
  const stops = [stars.startTimers(), stars.startSchedules(), stars.startWatcher()];
  terminal.error(`No Slack is configured (SLACK_BOT_TOKEN): the local console is at http://127.0.0.1:${port}/`);
  return {
    idle: async () => undefined,
    stop: async () => {
      for (const end of stops) void end();
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
