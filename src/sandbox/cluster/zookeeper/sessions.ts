import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';

/** What a client keeps over its connections. */
export type Session = { id: bigint; password: Buffer; timeoutMs: number; socket: Socket | undefined };

export type Sessions = ReturnType<typeof createSessions>;

const SHORTEST_MS = 4_000;
const LONGEST_MS = 40_000;
const FIRST_ID = 0x15e4a1f2c3d0001n;

export type SessionsOptions = {
  /** Without a quorum nobody decides that a session is over. */
  hasQuorum(): boolean;
  /** Its nodes go. */
  ended(id: bigint): void;
};

/** The sessions of an ensemble: each ends when its client says so, or was away for longer than was agreed. */
export function createSessions({ hasQuorum, ended }: SessionsOptions) {
  const sessions = new Map<bigint, Session>();
  const expiries = new Map<bigint, NodeJS.Timeout>();
  let nextId = FIRST_ID;

  function open(wantedMs: number): Session {
    const timeoutMs = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, wantedMs));
    const session = { id: nextId, password: randomBytes(16), timeoutMs, socket: undefined };
    nextId += 1n;
    sessions.set(session.id, session);
    return session;
  }

  function end({ id }: Session): void {
    clearTimeout(expiries.get(id));
    expiries.delete(id);
    if (sessions.delete(id)) ended(id);
  }

  function expireLater(session: Session): void {
    const expire = () => {
      if (session.socket) return;
      if (hasQuorum()) end(session);
      else expireLater(session);
    };
    expiries.set(session.id, setTimeout(expire, session.timeoutMs).unref());
  }

  return {
    /** The session that the client asks for; undefined when that is over or somebody else's. */
    greet({ id, password, wantedMs }: { id: bigint; password: Buffer; wantedMs: number }): Session | undefined {
      if (id === 0n) return open(wantedMs);
      const session = sessions.get(id);
      return session?.password.equals(password) ? session : undefined;
    },
    /** The connection that it goes on with; one that it had before ends. */
    join(session: Session, socket: Socket): void {
      clearTimeout(expiries.get(session.id));
      session.socket?.destroy();
      session.socket = socket;
      socket.once('close', () => {
        if (session.socket !== socket) return;
        session.socket = undefined;
        if (sessions.has(session.id)) expireLater(session);
      });
    },
    end,
    stop(): void {
      for (const expiry of expiries.values()) clearTimeout(expiry);
    },
  };
}
