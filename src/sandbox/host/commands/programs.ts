import type { Program } from '../kernel/kernel.js';
import type { Machine } from '../machine.js';
import { daemonPrograms } from '../services/daemons.js';
import { shellProgram } from '../shell/shell-program.js';
import { toolProgram } from './call.js';
import type { Tool } from './call.js';
import { cat } from './text.js';
import { sudo } from './sudo.js';

const TOOLS: Readonly<Record<string, Tool>> = { cat, sudo };

/** Every program a host can run, by the name its file carries. */
export function createPrograms(machine: () => Machine): ReadonlyMap<string, Program> {
  const shell = shellProgram(() => machine().kernel);
  const programs = new Map<string, Program>([['sh', shell], ['bash', shell], ...daemonPrograms]);
  for (const [name, tool] of Object.entries(TOOLS)) programs.set(name, toolProgram(machine, tool));
  return programs;
}

/** Programs a fresh host has in /usr/bin and /usr/sbin. */
export function programNames(): string[] {
  return ['sh', 'bash', 'sshd', 'crond', ...Object.keys(TOOLS)];
}
