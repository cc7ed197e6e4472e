export type Registry<T> = { get(name: string): T | undefined; names(): Iterable<string> };

/** Named things in layers, the first layer that has a name answering. Nothing is copied, so that making one costs nothing. */
export function createRegistry<T>(...layers: readonly Readonly<Record<string, T>>[]): Registry<T> {
  return {
    get: (name) => layers.find((layer) => Object.hasOwn(layer, name))?.[name],
    names: () => new Set(layers.flatMap(Object.keys)),
  };
}
