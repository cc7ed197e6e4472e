import type { Machine } from '../machine.js';
import type { User } from '../users.js';

/** Who logged in where, and from where. */
export type Login = { machine: Machine; user: User; peer: { address: string; port: number }; port: number };
