import { withoutNamedSecrets } from '../../src/bot/definition-secrets.js';
import { redactUrl } from '../../src/cluster/answer.js';
import { limited } from '../../src/cluster/finding.js';
import type { ZooKeeper } from '../../src/cluster/zookeeper/client.js';
import type { ZooKeeperNode } from '../../src/cluster/zookeeper/tree.js';
import { asStarsError } from '../../src/errors.js';
import { counted } from '../../src/model/figures.js';

const TIMEOUT_MS = 8_000;
const MOST_LINES = 40;
const LONGEST_VALUE = 120;
/** Room for the nodes of one level and what stands in each. */
const MOST_NODES = 2_000;
const PREFIX = 'zookeeper/';

/** The path that `zookeeper/marathon/state` means; undefined when the subject is no node. */
export function nodeNamed(subject: string): string | undefined {
  if (!subject.toLowerCase().startsWith(PREFIX)) return undefined;
  return `/${subject.slice(PREFIX.length).replace(/^\/+|\/+$/g, '')}`;
}

/** What ZooKeeper keeps at the path and right below it, a line each; why it cannot be read when it cannot. */
export async function treeLines(zookeeper: ZooKeeper, path: string, signal: AbortSignal): Promise<string[]> {
  const asking = { signal, timeoutMs: TIMEOUT_MS, levels: 1, maxNodes: MOST_NODES };
  try {
    const { nodes, hidden } = await zookeeper.tree([path], asking);
    return [...lines(path, nodes), ...hidden.map((one) => `      • ${one}: may not be read`)];
  } catch (thrown) {
    signal.throwIfAborted();
    return [`      • its tree cannot be read: ${asStarsError(thrown).message.replace(/\.$/, '')}`];
  }
}

/** The same for one node that somebody asked for; rejects when it cannot be read. */
export async function nodeText(zookeeper: ZooKeeper, path: string, signal: AbortSignal): Promise<string> {
  const { nodes, hidden } = await zookeeper.tree([path], { signal, levels: 1, maxNodes: MOST_NODES });
  const own = nodes.find((node) => node.path === path);
  const value = own && valueOf(own);
  return [
    `*${path}* in ZooKeeper: ${own ? `${counted(own.children, 'node')} below it` : 'may not be read'}${value === undefined ? '' : `, holds ${value}`}`,
    ...lines(path, nodes),
    ...hidden.filter((one) => one !== path).map((one) => `      • ${one}: may not be read`),
  ].join('\n');
}

function lines(path: string, nodes: readonly ZooKeeperNode[]): string[] {
  const below = nodes.filter((node) => node.path !== path);
  return limited(below.map(lineOf), MOST_LINES).map((line) => `      • ${line}`);
}

function lineOf(node: ZooKeeperNode): string {
  const value = valueOf(node);
  const says = [
    ...(node.children > 0 ? [`${counted(node.children, 'node')} below it`] : []),
    ...(value === undefined ? [] : [value]),
    ...(node.ephemeral ? ['goes with who made it'] : []),
  ];
  return `${node.path}${says.length === 0 ? '' : `: ${says.join(', ')}`}`;
}

/** What stands in it, less what sounds like a password; only how much, where that is not text. */
function valueOf({ data }: ZooKeeperNode): string | undefined {
  if (data.length === 0) return undefined;
  const text = data.toString('utf8');
  // Frameworks keep what they know in forms of their own.
  if (!/^[\P{C}\t\n\r]*$/u.test(text) || text.includes('\uFFFD')) return `${data.length} bytes`;
  const line = redactUrl(withoutNamedSecrets(text)).replaceAll(/\s+/g, ' ').trim();
  return `“${line.length > LONGEST_VALUE ? `${line.slice(0, LONGEST_VALUE)}…` : line}”`;
}
