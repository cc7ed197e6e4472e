import type { SlackClient } from './client.js';

const MAX_NAMES = 1_000;

/** People's display names by Slack id, asked once each; the id itself when Slack does not tell. For showing only. */
export function createPeople(client: SlackClient): { nameOf(id: string): Promise<string> } {
  const names = new Map<string, string>();

  async function nameOf(id: string): Promise<string> {
    const known = names.get(id);
    if (known) return known;
    const name = await ask(id);
    if (!name) return id;
    const oldest = names.keys().next();
    if (names.size >= MAX_NAMES && !oldest.done) names.delete(oldest.value);
    names.set(id, name);
    return name;
  }

  async function ask(id: string): Promise<string | undefined> {
    try {
      const { user } = await client.users.info({ user: id });
      return user?.profile?.display_name || user?.real_name || user?.name;
    } catch {
      return undefined;
    }
  }

  return { nameOf };
}
