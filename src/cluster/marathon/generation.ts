/** What this Marathon does otherwise than 1.4, as far as its version tells. */
export type Generation = {
  version: string;
  /** From 1.5 on it answers with other words for networks and ports. It still takes the old ones. */
  hasNetworks: boolean;
  /** From 1.7 on it starts nothing on an agent whose maintenance has begun; it moves nothing away all the same. */
  heedsMaintenance: boolean;
};

/** From `GET /v2/info`; a version that says nothing counts as 1.4. */
export function generationOf({ version }: { version: string }): Generation {
  const [, major = 1, minor = 4] = (/^(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  const from = (first: number) => major > 1 || minor >= first;
  return { version, hasNetworks: from(5), heedsMaintenance: from(7) };
}
