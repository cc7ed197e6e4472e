import type { Position } from '../errors.js';
import type { Dict, Value } from '../jinja/value.js';

const positions = new WeakMap<object, Position>();
const keyPositions = new WeakMap<Dict, Map<Value, Position>>();

/** Where a dict or list that came from a YAML file starts. */
export function positionOf(value: unknown): Position | undefined {
  return typeof value === 'object' && value !== null ? positions.get(value) : undefined;
}

/** Where a key of a dict that came from a YAML file stands. */
export function keyPosition(dict: Dict, key: Value): Position | undefined {
  return keyPositions.get(dict)?.get(key);
}

export function rememberPosition(value: object, position: Position): void {
  positions.set(value, position);
}

export function rememberKeyPosition(dict: Dict, key: Value, position: Position): void {
  const known = keyPositions.get(dict) ?? new Map<Value, Position>();
  known.set(key, position);
  keyPositions.set(dict, known);
}

/** A copy of a dict with some of its keys, which stand where they stood. */
export function copyOfKeys(dict: Dict, wanted: (key: Value) => boolean): Dict {
  const copy: Dict = new Map([...dict].filter(([key]) => wanted(key)));
  const whole = positions.get(dict);
  if (whole) positions.set(copy, whole);
  const keys = keyPositions.get(dict);
  if (keys) keyPositions.set(copy, keys);
  return copy;
}
