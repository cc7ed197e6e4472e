import type { RunRequest } from '../model/run.js';
import type { RunHandle, RunWork } from '../runs/runs.js';
import { approvalsNeeded, staleProposal, wordsAsProposal } from './approvals.js';
import type { CommandContext } from './command.js';
import type { CommandWork } from './command-work.js';
import type { Gates } from './gates.js';
import type { RecordedRequests, Remade } from './recorded-request.js';
import type { Rights } from './rights.js';

export type RecordedWorkOptions = {
  requests: RecordedRequests;
  rights: Rights;
  gates: Gates;
  work: CommandWork;
};

/** From a recorded request to its work, wherever it was asked. */
export function createRecordedWork(options: RecordedWorkOptions): RunWork {
  const { requests, rights, gates, work } = options;

  const recordedWork: RunWork = {
    admit: async (run) => {
      const again = await requests.remade(await requests.of(run));
      const { person, source } = run;
      const question = { person, source, ...requests.rightToDo(again) };
      const verdict = await rights.may(question);
      // It was permitted when it was asked: a Slack that is away for a while must not end it.
      if (!verdict.allowed && verdict.unsure) return `Waits for Slack to tell whether ${person.name} may do this.`;
      await rights.require(question);
      const changes = run.resources.length > 0 && run.partOf === undefined;
      return again.environment && changes ? gates.closed(again.environment) : undefined;
    },
    perform: async (request, run) => {
      const again = await requests.remade(request);
      if (run.approved) await requireSame(again, request, run);
      return work.perform({ ...again, person: request.person, source: request.source, run });
    },
    propose: async (request, run) => proposalOf(await requests.remade(request), request, run),
    deadlineMs: ({ command }) => (requests.commandOf(command).deadlineMinutes ?? 240) * 60_000,
    approvalMs: async (run) => {
      const { command, environment } = await requests.remade(await requests.of(run));
      return (approvalsNeeded(environment, command, run.resources)?.expiresMinutes ?? 60) * 60_000;
    },
  };

  async function proposalOf(again: Remade, { person, source, ...request }: RunRequest, run: RunHandle) {
    const { command, environment } = again;
    if (command.propose)
      return command.propose((await work.contextOf({ ...again, person, source, run })) as CommandContext<never>);
    return wordsAsProposal(request, environment);
  }

  /** PLAN_STALE when the command would do something else by now than was approved. A deploy compares its plan itself. */
  async function requireSame(again: Remade, request: RunRequest, run: RunHandle): Promise<void> {
    if (again.command.comparesItself) return;
    const proposal = await proposalOf(again, request, run);
    if ('done' in proposal || proposal.hash !== run.approved?.hash) throw staleProposal(request);
  }

  return recordedWork;
}
