import type { Dict } from '../jinja/value.js';
import type { Templar } from '../templating/templar.js';
import { type ControlCall, controlModules, type RemoteHost } from './control/index.js';
import type { Ahead } from './asking-ahead.js';
import type { Place } from './place.js';
import { argumentsWithDefaults, templatedArguments } from './task-arguments.js';
import { playbookError } from './playbook-error.js';
import { flagOf, keywordOf } from './task-keywords.js';
import { isTrue } from './task-result.js';
import type { Job, RunnerOptions } from './job.js';
import type { Task } from './task.js';
import { searchFolders } from './variables.js';

/** One round of a task: where it acts, the variables of its loop, and what will be asked after it. */
export type Round = { place: Place; loopVars: Dict; ahead: Ahead };

/** What a control module gets to see and may do. */
export function controlCall(
  options: RunnerOptions,
  { task, host, sharers, play }: Job,
  templar: Templar,
  { place, loopVars, ahead }: Round,
): ControlCall {
  const { world, moduleRunner, readVariables, clock, inventory, signal } = options;
  const { rawText, where } = task;
  const { role } = task.scope;
  const folders = searchFolders('vars', task, world.playbookFolder);
  const freeText = controlModules.get(task.module)?.freeForm !== true;
  const args = templatedArguments(task, templar, { freeText });
  if (freeText && rawText !== undefined && args.has('_raw_params'))
    throw playbookError(`${task.module} needs a mapping of arguments, which ${rawText} is not.`, where);
  const delegated = flagOf(task, templar, 'delegate_facts');
  return {
    args,
    raw: argumentsWithDefaults(task, templar),
    rawText,
    templar,
    host,
    hosts: delegated ? [place.host] : sharers,
    where,
    role,
    folders,
    readVariables,
    inventory,
    clock,
    signal,
    loopVars,
    gatherFacts: (given) => moduleRunner.gather(delegated ? place : { ...place, host }, given, ahead),
    connect: () => place.session.connection(),
    remote: remoteHost(options, task, place),
    checkMode: isTrue(keywordOf(task, templar, 'check_mode') ?? world.checkMode),
    jobStatus: (id, mode) => moduleRunner.jobStatus(id, mode, place),
    timePasses() {
      for (const one of play.all) one.forget();
    },
  };
}

function remoteHost(
  { journal, signal }: RunnerOptions,
  task: Task,
  { host, session, become, variable }: Place,
): RemoteHost {
  const exec = async (script: string, timeoutMs: number, action?: string) =>
    (await session.connection()).exec(script, { become, signal, timeoutMs, action });
  return {
    isLocal: variable('ansible_connection') === 'local',
    exec,
    async act(script, timeoutMs) {
      await journal.stored(task);
      return exec(script, timeoutMs, journal.noteOf(task));
    },
    // Waiting for a connection to end that hangs would be waiting in vain.
    disconnect: () => void session.close(),
    forget: () => host.forget(),
  };
}
