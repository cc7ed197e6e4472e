import type { FakeSlack } from '../../../src/sandbox/fake-slack/fake-slack.js';
import { toPlain } from '../../../src/slack/messages/plain.js';

/** What the person of this id alone is told once that is done. */
export async function toldAlone(slack: FakeSlack, person: string, act: () => Promise<unknown>): Promise<string> {
  const before = slack.messages().length;
  await act();
  const told = () =>
    slack
      .messages()
      .slice(before)
      .filter(({ onlyFor }) => onlyFor === person);
  await slack.until(() => told().length > 0);
  return told()
    .map((message) => toPlain(message))
    .join('\n');
}
