import type { RequestListener, ServerResponse } from 'node:http';
import { sql } from 'kysely';
import type { Database } from '../store/database.js';

/** `/healthz` says that the process lives, `/readyz` whether the store answers and Slack is connected; anything else is 404. */
export function createHealthRoutes({
  database,
  connected,
}: {
  database: Database;
  connected(): boolean;
}): RequestListener {
  return (request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') return void response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n');
    if (path !== '/readyz') return void response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    void answerReadiness(response, database, connected);
  };
}

async function answerReadiness(response: ServerResponse, database: Database, connected: () => boolean): Promise<void> {
  const parts = await readiness(database, connected);
  const ready = Object.values(parts).every(Boolean);
  response
    .writeHead(ready ? 200 : 503, { 'content-type': 'application/json' })
    .end(`${JSON.stringify({ ready, ...parts })}\n`);
}

async function readiness(database: Database, connected: () => boolean): Promise<{ store: boolean; slack: boolean }> {
  const store = await sql`select 1`.execute(database).then(
    () => true,
    () => false,
  );
  return { store, slack: connected() };
}
