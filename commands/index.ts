import type { AnyCommand } from '../src/bot/command.js';
import { apps } from './apps.js';
import { audit } from './audit.js';
import { backup } from './backup.js';
import { approve, deny } from './approve.js';
import { cancel } from './cancel.js';
import { lock, locks, unlock } from './lock.js';
import { mute, unmute } from './mute.js';
import { report } from './report.js';
import { scale } from './scale.js';
import { schedules } from './schedules.js';
import { apply } from './apply.js';
import { compose } from './compose.js';
import { deploy } from './deploy.js';
import { deployments } from './deployments.js';
import { drain, undrain } from './drain.js';
import { doctor } from './doctor.js';
import { drift } from './drift.js';
import { halt } from './halt.js';
import { help } from './help.js';
import { history } from './history.js';
import { jobs } from './jobs.js';
import { logs } from './logs.js';
import { plan } from './plan.js';
import { resetDocker } from './reset-docker.js';
import { restart } from './restart.js';
import { restore } from './restore.js';
import { resume } from './resume.js';
import { run } from './run.js';
import { retry } from './retry.js';
import { rollback } from './rollback.js';
import { show } from './show.js';
import { start } from './start.js';
import { status } from './status.js';
import { stop } from './stop.js';
import { verify } from './verify.js';
import { whoami } from './whoami.js';

/** Every command, in the order in which help shows them. */
export const commands: readonly AnyCommand[] = [
  deploy,
  plan,
  apply,
  resume,
  retry,
  restart,
  stop,
  start,
  apps,
  scale,
  rollback,
  deployments,
  logs,
  jobs,
  drift,
  run,
  drain,
  undrain,
  resetDocker,
  status,
  compose,
  backup,
  restore,
  history,
  report,
  schedules,
  mute,
  unmute,
  approve,
  deny,
  cancel,
  halt,
  locks,
  lock,
  unlock,
  show,
  audit,
  verify,
  doctor,
  whoami,
  help,
];
