import { route, routed, type Handler } from '../http.js';
import { jettyPage } from '../reply.js';
import { monitor, type ServerState } from './words.js';

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';
const COMMANDS = ['ruok', 'monitor', 'mntr', 'server_stats', 'srvr', 'leader', 'lead', 'is_read_only', 'isro'];

/** The AdminServer of one server, which 3.4 has not; it answers 200 whatever went wrong, but for one page of HTML. */
export function createAdminHandler(state: () => ServerState | undefined): Handler {
  const command: Handler = ({ params, path }) => {
    const server = state();
    const name = params[0] ?? '';
    if (!server || server.version === '3.4') return { hangUp: true };
    if (!COMMANDS.includes(name)) return { json: { command: name, error: `Unknown command: ${name}` } };
    if (name === 'ruok') return { json: { command: 'ruok', error: null } };
    if (!server.mode) {
      if (name === 'monitor' || name === 'mntr') return { status: 500, html: jettyPage(500, 'Server Error', path) };
      return { json: { command: name, error: NOT_SERVING } };
    }
    return { json: { ...bodyOf(name, server), command: name, error: null } };
  };

  const index: Handler = () => {
    if (state()?.version !== '3.8') return { hangUp: true };
    return { html: COMMANDS.map((name) => `<a href="/commands/${name}">${name}</a><br/>`).join('\n') };
  };

  return routed([route('GET', /^\/commands\/?$/, index), route('GET', /^\/commands\/([^/]+)\/?$/, command)], {
    missing: ({ path }) => ({ status: 404, html: jettyPage(404, 'Not Found', path) }),
    wrongVerb: ({ path }) => ({ status: 405, html: jettyPage(405, 'Method Not Allowed', path) }),
  });
}

function bodyOf(name: string, server: ServerState): Record<string, unknown> {
  if (name === 'monitor' || name === 'mntr') return Object.fromEntries(monitor(server));
  if (name === 'leader' || name === 'lead')
    return { is_leader: server.mode === 'leader', leader_id: server.followers + 1, leader_ip: '127.0.0.1' };
  if (name === 'is_read_only' || name === 'isro') return { read_only: false };
  const { version, server_state } = Object.fromEntries(monitor(server));
  const serverStats = {
    packets_sent: server.received,
    packets_received: server.received,
    server_state,
    num_alive_client_connections: 1,
  };
  return { version, read_only: false, server_stats: serverStats, node_count: server.znodes };
}
