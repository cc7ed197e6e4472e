import { asStarsError } from '../errors.js';
import type { Log } from '../log.js';
import type { AuditEntry } from '../model/audit.js';
import type { RunRequest } from '../model/run.js';
import type { Audit } from '../store/audit.js';
import type { AnyCommand } from './command.js';
import type { ConfigurationWatch } from './configuration-watch.js';
import { withoutNamedSecrets } from './named-secrets.js';

type Asked = Pick<RunRequest, 'text' | 'person' | 'source'>;

/** What the words turned out to mean, as far as that is known. */
export type Understood = { command?: AnyCommand | undefined; environment?: string | null | undefined };

type Sources = { audit: Audit; configuration: Pick<ConfigurationWatch, 'look'>; log: Log };

/** Writes down what people ask for and what they are refused. */
export function createRequestAudit({ audit, configuration, log }: Sources) {
  /** Before it is done. Throws STORE when it cannot be written and it would change something; a look is answered all the same. */
  async function asked(request: Asked, { command, environment }: Understood & { command: AnyCommand }): Promise<void> {
    const entry: AuditEntry = { kind: 'request', ...of(request), command: command.name, environment };
    if (command.kind !== 'run') return attempt(entry);
    // Under whose configuration it is done stands before it.
    await configuration.look();
    await audit.record(entry);
  }

  /** Throws it again. What was refused changes nothing: if it cannot be written down, the person learns of the refusal none the less. */
  async function refused(request: Asked, thrown: unknown, { command, environment }: Understood = {}): Promise<never> {
    const { code, message } = asStarsError(thrown);
    const reason = withoutNamedSecrets(message);
    await attempt({ kind: 'refusal', ...of(request), command: command?.name, environment, outcome: code, reason });
    throw thrown;
  }

  /** Somebody pressed a button, whatever comes of it; what it stands for is a request of its own. */
  async function clicked(request: Asked, button: string): Promise<void> {
    await attempt({ kind: 'click', ...of(request), details: { button } });
  }

  async function attempt(entry: AuditEntry): Promise<void> {
    await audit
      .record(entry)
      .catch((error: unknown) => log.warn({ error, entry: entry.kind }, 'an entry of the audit is lost'));
  }

  return { asked, refused, clicked };
}

function of({ text, person, source }: Asked): Pick<AuditEntry, 'text' | 'person' | 'source'> {
  return { text: withoutNamedSecrets(text), person, source };
}
