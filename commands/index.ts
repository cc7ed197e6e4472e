import type { AnyCommand } from '../src/bot/command.js';
import { backup } from './backup.js';
import { deploy } from './deploy.js';
import { help } from './help.js';
import { history } from './history.js';
import { restart } from './restart.js';
import { show } from './show.js';
import { status } from './status.js';
import { whoami } from './whoami.js';

/** Every command, in the order in which help shows them. */
export const commands: readonly AnyCommand[] = [deploy, restart, status, backup, history, show, whoami, help];
