import type { FakeSlack } from '../../../src/sandbox/fake-slack/fake-slack.js';
import { toPlain } from '../../../src/slack/messages/plain.js';

/** What the person of this id alone is told in the channel once that is done. */
export async function toldAlone(
  slack: FakeSlack,
  person: string,
  act: () => Promise<unknown>,
  channel?: string,
): Promise<string> {
  const before = slack.messages(channel).length;
  await act();
  const told = () =>
    slack
      .messages(channel)
      .slice(before)
      .filter(({ onlyFor }) => onlyFor === person);
  await slack.until(() => told().length > 0);
  return told()
    .map((message) => toPlain(message))
    .join('\n');
}
