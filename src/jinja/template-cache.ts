const MAX_ENTRIES = 2_000;
const MAX_CHARACTERS = 8_000_000;

/** Parsed templates by their source, the least recently used leaving first when entries or characters become too many. */
export function createTemplateCache<T>() {
  const entries = new Map<string, T>();
  let characters = 0;

  function get(key: string, make: () => T): T {
    const known = entries.get(key);
    if (known !== undefined) {
      entries.delete(key);
      entries.set(key, known);
      return known;
    }
    const made = make();
    entries.set(key, made);
    characters += key.length;
    for (const oldest of entries.keys()) {
      if (entries.size <= MAX_ENTRIES && characters <= MAX_CHARACTERS) break;
      entries.delete(oldest);
      characters -= oldest.length;
    }
    return made;
  }

  return { get };
}
