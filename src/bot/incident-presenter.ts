import type { Clock } from '../clock.js';
import type { Environment, Home } from '../home/home.js';
import type { Log } from '../log.js';
import type { Incident } from '../model/incident.js';
import { escalationMessage, incidentMessage, worseMessage } from '../slack/messages/incident.js';
import type { LiveMessage } from '../slack/outbox.js';
import type { Threads } from '../slack/thread.js';
import type { IncidentStore } from '../store/incidents.js';
import { alertChannel } from './watch-rules.js';

export type IncidentPresenterOptions = {
  home: Home;
  threads: Pick<Threads, 'notice'>;
  incidents: Pick<IncidentStore, 'place' | 'remember'>;
  clock: Clock;
  log: Log;
};

export type IncidentPresenter = ReturnType<typeof createIncidentPresenter>;

type Shown = { channel: string; message: LiveMessage; said: string; replies: Set<string> };

const MOST_SHOWN = 500;

/** Keeps one message for each incident that people are told of: found again after a restart, edited when something changes, closed at its end. */
export function createIncidentPresenter({ home, threads, incidents, clock, log }: IncidentPresenterOptions) {
  const shown = new Map<string, Shown>();

  /** Shows the incidents of an environment as they are now. Resolves when those that are new are posted, or could not be. */
  async function show(environment: Environment, all: readonly Incident[]): Promise<void> {
    const channel = alertChannel(environment, home);
    if (channel === undefined) return;
    for (const incident of all) {
      if (incident.toldAt === undefined) continue;
      await showOne(incident, channel, environment).catch((error: unknown) =>
        log.warn({ incident: incident.id, error }, 'the message of an incident could not be posted'),
      );
    }
  }

  async function showOne(incident: Incident, channel: string, { config }: Environment): Promise<void> {
    const entry = shown.get(incident.id) ?? (await opened(incident, channel));
    const now = clock.now();
    // How long it has lasted is no change of its own.
    const said = JSON.stringify({ ...incident, causes: incident.causes.map(({ key, says }) => [key, says]) });
    if (said !== entry.said) entry.message.show(incidentMessage(incident, now));
    entry.said = said;
    const ts = await entry.message.posted.catch((error: unknown) => {
      // The next look tries anew.
      shown.delete(incident.id);
      throw error;
    });
    await incidents.remember(incident.id, { channel: entry.channel, ts });
    const reply = (part: string) =>
      threads.notice({ channel: entry.channel, threadTs: ts }, { run: incident.id, part });
    const mention = config.alerts.escalate?.mention;
    if (incident.escalatedAt !== undefined && mention !== undefined && !entry.replies.has('escalation')) {
      entry.replies.add('escalation');
      reply('escalation').show(escalationMessage(incident, mention, now), { final: true });
    }
    if (incident.worseAt !== undefined && !entry.replies.has('worse')) {
      entry.replies.add('worse');
      reply('worse').show(worseMessage(incident), { final: true });
    }
  }

  async function opened({ id }: Incident, channel: string): Promise<Shown> {
    const place = await incidents.place(id);
    const where = place?.channel ?? channel;
    const message = threads.notice({ channel: where }, { run: id, part: 'incident' }, place?.ts);
    const entry: Shown = { channel: where, message, said: '', replies: new Set() };
    shown.set(id, entry);
    const [oldest] = shown.keys();
    if (shown.size > MOST_SHOWN && oldest !== undefined) shown.delete(oldest);
    return entry;
  }

  return { show };
}
