/** What this Marathon takes, as far as its version tells: 1.5 took other spellings of ports and networks, and refuses the old. */
export type Generation = { version: string; hasNetworks: boolean };

/** From `GET /v2/info`; a version that says nothing counts as 1.4. */
export function generationOf({ version }: { version: string }): Generation {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return { version, hasNetworks: Number(major ?? 1) > 1 || Number(minor ?? 4) >= 5 };
}
