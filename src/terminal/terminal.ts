/** Where a command's words go, one call a line or several. */
export type Terminal = {
  out(text: string): void;
  error(text: string): void;
  /** Puts a question that is answered with yes or no; undefined where nobody sits before it. */
  confirm?: ((question: string) => Promise<boolean>) | undefined;
};

export type TerminalStream = Pick<NodeJS.WriteStream, 'write' | 'on'> &
  Partial<Pick<NodeJS.WriteStream, 'cork' | 'uncork'>>;

/**
 * A terminal on these streams. Control characters that came from hosts or from people are left out, so that nothing but Stars moves
 * the cursor. A reader that goes away (`| head`) ends the words, not the run.
 */
export function createTerminal(stdout: TerminalStream, stderr: TerminalStream): Terminal {
  // What went wrong is said at once: the process may end before the next tick.
  return { out: writer(stdout, { together: true }), error: writer(stderr, { together: false }) };
}

function writer(stream: TerminalStream, { together }: { together: boolean }): (text: string) => void {
  let open = true;
  stream.on('error', () => {
    open = false;
  });
  return (text) => {
    if (!open) return;
    // What is said in one go, such as the results of many hosts, leaves in one go.
    if (together) {
      stream.cork?.();
      process.nextTick(() => stream.uncork?.());
    }
    stream.write(`${printable(text)}\n`);
  };
}

/** The text with its line ends and tabs, and without any other control character or terminal sequence. */
export function printable(text: string): string {
  return (
    text
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b[@-_]/g, '')
      .replaceAll('\r\n', '\n')
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
  );
}
