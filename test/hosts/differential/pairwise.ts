/** Values of each parameter; `undefined` leaves it out. */
export type Parameters = Readonly<Record<string, readonly unknown[]>>;
export type Row = Readonly<Record<string, unknown>>;

type Choice = { name: string; value: unknown };

/** Few rows in which every two values of different parameters meet at least once; the same rows each time. */
export function pairwise(parameters: Parameters): Row[] {
  const names = Object.keys(parameters).sort((a, b) => valuesOf(parameters, b).length - valuesOf(parameters, a).length);
  const open = new Map(pairsOf(names, parameters).map((pair) => [keyOf(...pair), pair] as const));
  const rows: Row[] = [];
  for (let first = open.values().next(); !first.done; first = open.values().next()) {
    const chosen = new Map(first.value.map(({ name, value }) => [name, value]));
    for (const name of names.filter((one) => !chosen.has(one)))
      chosen.set(name, best(name, { parameters, chosen, open }));
    for (const [name, value] of chosen) {
      for (const [other, otherValue] of chosen) open.delete(keyOf({ name, value }, { name: other, value: otherValue }));
    }
    rows.push(Object.fromEntries([...chosen].filter(([, value]) => value !== undefined)));
  }
  return rows;
}

function valuesOf(parameters: Parameters, name: string): readonly unknown[] {
  return parameters[name] ?? [];
}

function pairsOf(names: readonly string[], parameters: Parameters): [Choice, Choice][] {
  return names.flatMap((name, index) =>
    names.slice(index + 1).flatMap((other) =>
      valuesOf(parameters, name).flatMap((value) =>
        valuesOf(parameters, other).map((otherValue): [Choice, Choice] => [
          { name, value },
          { name: other, value: otherValue },
        ]),
      ),
    ),
  );
}

function keyOf(one: Choice, other: Choice): string {
  const texts = [one, other].map(({ name, value }) => JSON.stringify([name, value ?? null]));
  return texts.sort().join(' ');
}

type Search = { parameters: Parameters; chosen: ReadonlyMap<string, unknown>; open: ReadonlyMap<string, unknown> };

/** The value that meets most values for the first time. */
function best(name: string, { parameters, chosen, open }: Search): unknown {
  const gain = (value: unknown) =>
    [...chosen].filter(([other, otherValue]) => open.has(keyOf({ name, value }, { name: other, value: otherValue })))
      .length;
  const scored = valuesOf(parameters, name).map((value) => ({ value, gain: gain(value) }));
  return scored.reduce((top, one) => (one.gain > top.gain ? one : top), scored[0] ?? { value: undefined, gain: 0 })
    .value;
}
