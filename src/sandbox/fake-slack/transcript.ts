import { toPlain, type Names } from '../../slack/messages/plain.js';
import { BOT, type FakeMessage, type Workspace } from './workspace.js';

/** A channel as Slack shows it, for a terminal: each message below its author, answers indented below their root. */
export function transcript(workspace: Workspace, channelName: string): string {
  const channel = workspace.channel(channelName);
  const names: Names = Object.fromEntries([...workspace.people, BOT].map(({ id, name }) => [id, name]));
  const messages = workspace.list(channel.id);
  const roots = messages.filter(({ threadTs }) => !threadTs);
  const parts = roots.map((root) => {
    const replies = messages
      .filter(({ threadTs }) => threadTs === root.ts)
      .map((reply) => indented(said(reply, names)));
    return [said(root, names), ...replies].join('\n');
  });
  return [`#${channel.name}`, ...parts].join('\n\n');
}

function said(message: FakeMessage, names: Names): string {
  const only = message.onlyFor ? ` (only for @${names[message.onlyFor] ?? message.onlyFor})` : '';
  return `${names[message.user] ?? message.user}${only}\n${indented(toPlain(message, names), '  ')}`;
}

function indented(text: string, by = '    '): string {
  return text
    .split('\n')
    .map((line) => (line ? `${by}${line}` : line))
    .join('\n');
}
