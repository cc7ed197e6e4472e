// Loaded into a process of Stars before Stars itself: lets it die by SIGKILL right before or right after it writes to its store
// for the n-th time, from its start (STARS_TEST_DIE_AT=before:7) or from when the harness says so.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Client } from 'pg';

export type DieAt = { at: number; side: 'before' | 'after' };

type LibsqlDatabase = { inTransaction: boolean; prepare(sql: string): LibsqlStatement };
type LibsqlStatement = { run(...values: unknown[]): unknown; all(...values: unknown[]): unknown };

let plan: DieAt | undefined = fromEnvironment(process.env['STARS_TEST_DIE_AT']);
let written = 0;

function fromEnvironment(text = ''): DieAt | undefined {
  const [side, at] = text.split(':');
  return side === 'before' || side === 'after' ? { side, at: Number(at) } : undefined;
}

process.on('message', (wanted: DieAt) => {
  written = 0;
  plan = wanted;
});
process.channel?.unref();

const require = createRequire(join(process.cwd(), 'package.json'));
watchLibsql(require('libsql') as { prototype: LibsqlDatabase });
if (process.env['DATABASE_URL']) watchPostgres((require('pg') as { Client: typeof Client }).Client);

const WRITE = /^\s*(?:insert|update|delete)\b/i;
const COMMIT = /^\s*commit\b/i;

function dieIfPlanned(side: DieAt['side']): void {
  if (side === 'before') written += 1;
  if (plan?.side === side && written === plan.at) process.kill(process.pid, 'SIGKILL');
}

function watchLibsql({ prototype }: { prototype: LibsqlDatabase }): void {
  const prepare = prototype.prepare;
  prototype.prepare = function (this: LibsqlDatabase, sql) {
    const statement = prepare.call(this, sql);
    if (!COMMIT.test(sql) && (this.inTransaction || !WRITE.test(sql))) return statement;
    for (const method of ['run', 'all'] as const) {
      const execute = statement[method].bind(statement);
      statement[method] = (...values) => {
        dieIfPlanned('before');
        const answer = execute(...values);
        dieIfPlanned('after');
        return answer;
      };
    }
    return statement;
  };
}

type Query = (text: unknown, ...others: unknown[]) => unknown;

function watchPostgres({ prototype }: { prototype: Client }): void {
  const query = prototype.query as Query;
  const inTransaction = new WeakSet<object>();
  const watched: Query = function (this: Client, text, ...others) {
    if (typeof text !== 'string') return query.call(this, text, ...others);
    if (/^\s*(?:begin|start transaction)\b/i.test(text)) inTransaction.add(this);
    const ends = COMMIT.test(text) || (WRITE.test(text) && !inTransaction.has(this));
    if (/^\s*(?:commit|rollback)\s*$/i.test(text)) inTransaction.delete(this);
    if (!ends) return query.call(this, text, ...others);
    dieIfPlanned('before');
    const answer = query.call(this, text, ...others);
    if (!(answer instanceof Promise)) return answer;
    return answer.then((result: unknown) => {
      dieIfPlanned('after');
      return result;
    });
  };
  prototype.query = watched as Client['query'];
}
