import type { Plan } from './module.js';

/** Whether systemd knows the unit files of a host as they are, as far as the run itself can have changed them. */
export type UnitFiles = {
  /** It has read them, and since then the run only started and stopped units there. */
  areRead(): boolean;
  /** An action begins; what is returned is to be told whether it succeeded. */
  begin(units: Plan['units']): (succeeded: boolean) => void;
  /** Something was done, here or where it may show here. */
  changed(): void;
  /** Something is left running that may change them at any time. */
  leave(): void;
};

export function createUnitFiles(): UnitFiles {
  let changes = 0;
  let readAt: number | undefined;
  let isLeft = false;
  const changed = () => void (changes += 1);

  return {
    areRead: () => !isLeft && readAt === changes,
    begin(units) {
      if (units === 'run') return () => {};
      if (units === undefined) {
        changed();
        // Others may have read them in the middle of it.
        return changed;
      }
      const before = changes;
      return (succeeded) => (readAt = succeeded ? before : undefined);
    },
    changed,
    leave: () => void (isLeft = true),
  };
}
