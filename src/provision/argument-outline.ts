import { z } from 'zod';
import { type ArgumentKind, argumentKinds, argumentShape } from './arguments.js';
import type { AnyModule } from './module.js';

/** An argument as its schema has it. */
export type ArgumentOutline = ArgumentKind & {
  name: string;
  required: boolean;
  /** What it is when it is not given; undefined when there is no such value. */
  default: unknown;
  /** One sentence. */
  description: string | undefined;
};

/** The arguments of a module for its reference, in the order of the definition; none when its schema does not say. */
export function argumentOutlines({ args: schema }: Pick<AnyModule, 'args'>): ArgumentOutline[] {
  return Object.entries(argumentShape(schema) ?? {}).map(([name, argument]) => outline(name, layersOf(argument)));
}

function outline(name: string, layers: readonly z.ZodType[]): ArgumentOutline {
  const kind = firstOf(layers, (layer) => argumentKinds.get(layer));
  return {
    ...(kind ?? { type: 'any' }),
    name,
    required: !layers.some((layer) => layer instanceof z.ZodDefault || layer instanceof z.ZodOptional),
    default: firstOf(layers, (layer) => (layer instanceof z.ZodDefault ? layer.def.defaultValue : undefined)),
    description: firstOf(layers, (layer) => layer.description),
  };
}

/** A schema and what it wraps, outermost first. */
function layersOf(schema: unknown): z.ZodType[] {
  if (!(schema instanceof z.ZodType)) return [];
  const inner =
    schema instanceof z.ZodDefault || schema instanceof z.ZodOptional
      ? schema.unwrap()
      : schema instanceof z.ZodPipe
        ? schema.in
        : undefined;
  return [schema, ...layersOf(inner)];
}

function firstOf<T>(layers: readonly z.ZodType[], read: (layer: z.ZodType) => T | undefined): T | undefined {
  return layers.map(read).find((found) => found !== undefined);
}
