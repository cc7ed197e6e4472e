import { StringDecoder } from 'node:string_decoder';
import type { StarsError } from '../errors.js';
import type { ExecResult } from './connection.js';
import { createMarkerScanner, type Marker, parseMarker } from './frame.js';
import { createOutput, type Output } from './output.js';

/** One script of a session, from the call to its answer. */
export type Frame = {
  readonly text: string;
  /** Place in the order of the calls. */
  readonly order: number;
  readonly timeoutMs: number;
  readonly settle: (outcome: ExecResult | StarsError) => void;
  onOutput: ((piece: string) => void) | undefined;
  decoder: StringDecoder;
  stdout: Output;
  stderr: Output;
  /** The value of STARS_TASK in the script's processes. */
  readonly mark: string | undefined;
  started: boolean;
  pid: number | undefined;
  /** Why it is to end, or not to begin. */
  doomed: StarsError | undefined;
  cancelTimer: () => void;
};

export type NewFrame = Pick<Frame, 'text' | 'order' | 'timeoutMs' | 'settle' | 'onOutput' | 'mark'>;

export function createFrame(fields: NewFrame, outputLimitBytes: number): Frame {
  return {
    ...fields,
    decoder: new StringDecoder('utf8'),
    stdout: createOutput(outputLimitBytes),
    stderr: createOutput(outputLimitBytes),
    started: false,
    pid: undefined,
    doomed: undefined,
    cancelTimer: () => {},
  };
}

/** What came back for a frame: its exit code, that the shell skipped it, or that the lock is not the run's any more. */
export type FrameEnd = { code: number } | 'skipped' | { refusedFor: string };

export type SentFramesEvents = {
  onStart: (frame: Frame) => void;
  onEnd: (frame: Frame, end: FrameEnd) => void;
};

/** The frames a shell was sent and has not answered, in order; deals out what its two streams say to them. */
export function createSentFrames(nonce: string, { onStart, onEnd }: SentFramesEvents) {
  const frames: Frame[] = [];
  // The streams arrive independently: each has its own place in the list.
  const stdoutEnds: FrameEnd[] = [];
  let stderrEnds = 0;

  const stdout = createMarkerScanner(nonce, {
    onBytes(bytes) {
      const frame = frames[stdoutEnds.length];
      if (frame) takeOutput(frame, bytes);
    },
    onMarker(line) {
      const frame = frames[stdoutEnds.length];
      const marker = parseMarker(line);
      if (marker.kind === 'start') return frame && start(frame, marker.pid);
      stdoutEnds.push(endOf(marker));
      finishFirst();
    },
  });
  const stderr = createMarkerScanner(nonce, {
    onBytes: (bytes) => frames[stderrEnds]?.stderr.push(bytes),
    onMarker() {
      stderrEnds++;
      finishFirst();
    },
  });

  function start(frame: Frame, pid: number | undefined): void {
    frame.started = true;
    frame.pid = pid;
    onStart(frame);
  }

  function finishFirst(): void {
    const [end] = stdoutEnds;
    if (end === undefined || stderrEnds === 0) return;
    stdoutEnds.shift();
    stderrEnds--;
    const frame = frames.shift();
    if (frame) onEnd(frame, end);
  }

  return {
    frames: frames as readonly Frame[],
    onStdout: stdout.push,
    onStderr: stderr.push,
    add(frame: Frame) {
      frames.push(frame);
    },
    takeAll: () => frames.splice(0),
  };
}

function endOf(marker: Exclude<Marker, { kind: 'start' }>): FrameEnd {
  if (marker.kind === 'end') return { code: marker.code };
  return marker.kind === 'refused' ? { refusedFor: marker.by } : 'skipped';
}

function takeOutput(frame: Frame, bytes: Buffer): void {
  frame.stdout.push(bytes);
  if (!frame.onOutput) return;
  const piece = frame.decoder.write(bytes);
  if (piece) frame.onOutput(piece);
}

export function frameResult({ stdout, stderr }: Frame, code: number): ExecResult {
  return { code, stdout: stdout.text(), stderr: stderr.text(), truncated: stdout.truncated() || stderr.truncated() };
}
