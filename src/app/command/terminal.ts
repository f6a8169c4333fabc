import type { CallProgress } from "../../formats/call.ts";

/** Where text goes: standard output or standard error. */
export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Shows how far a command is. */
export interface Terminal {
  progress(what: string, progress: CallProgress): void;
  /** A line that stays. */
  say(line: string): void;
  clear(): void;
}

/** Milliseconds between lines of progress where there is no terminal. */
const PAUSE = 10_000;

const minutes = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

/** One line that is drawn anew on a terminal; plain lines, one every ten seconds, in a file or a pipe. */
export function terminal(stream: Stream, quiet: boolean): Terminal {
  // a short run in a pipe says nothing
  let last = performance.now();
  const clear = (): void => {
    if (stream.isTTY) stream.write("\r\x1b[2K");
  };
  return {
    clear,
    say(line) {
      clear();
      stream.write(`${line}\n`);
    },
    progress(what, { step, total, eta }) {
      if (quiet) return;
      const percent = `${Math.floor((100 * step) / Math.max(1, total))} %`;
      const line = `${what}  ${step} of ${total}  ${percent.padStart(5)}  ${minutes(eta)} to go`;
      if (stream.isTTY) stream.write(`\r\x1b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      else if (performance.now() - last >= PAUSE) {
        last = performance.now();
        stream.write(`${line}\n`);
      }
    },
  };
}
