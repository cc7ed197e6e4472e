import type { Target } from './ast.js';
import { iterate, unwrap } from './python-value.js';
import type { Scope } from './scope.js';
import { templateError } from './template-error.js';
import { Attributes, type Value } from './value.js';

/** Gives a value to a name, an attribute of a namespace, or several names at once. */
export function assign(target: Target, value: Value, scope: Scope): void {
  if (target.type === 'name') return scope.set(target.name, value);
  if (target.type === 'namespace') return assignAttribute(target.name, target.attribute, value, scope);
  const items = iterate(unwrap(value));
  if (items.length !== target.items.length) {
    throw templateError(`${items.length} values cannot be given to ${target.items.length} names.`);
  }
  target.items.forEach((inner, index) => assign(inner, items[index] ?? null, scope));
}

function assignAttribute(name: string, attribute: string, value: Value, scope: Scope): void {
  const namespace = scope.get(name);
  if (!(namespace instanceof Attributes) || namespace.kind !== 'Namespace') {
    throw templateError(
      `Attributes can only be set on a namespace, and "${name}" is none.`,
      `{% set ${name} = namespace() %} makes one.`,
    );
  }
  namespace.attributes.set(attribute, value);
}
