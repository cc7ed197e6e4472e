/** What an open file asks of the process that uses it. */
export type Waiter = {
  /** Waits until `subscribe` is told to wake up; ends early by a deadly signal, and if `interruptible` by a trapped one. */
  wait(subscribe: (wake: () => void) => () => void, interruptible?: boolean): Promise<void>;
  /** Throws when a signal has ended the process meanwhile. */
  check(): void;
  signal(number: number): void;
};
