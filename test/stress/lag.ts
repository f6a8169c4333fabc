/** How late the timers of a thread beside the calls were, which a busy machine delays and a busy engine does not. */
export interface Lag {
  /** Milliseconds of delay from `from` to now, both by `performance.now()` of the caller. */
  since(from: number): Promise<number>;
  end(): void;
}

/** A thread by its program, which gets messages through `on` and answers through `tell`. */
export interface Thread {
  onMessage(listen: (message: unknown) => void): void;
  send(message: unknown): void;
  end(): void;
}

/** Milliseconds between two looks at the clock. */
const PERIOD = 10;

/** What the thread runs: notes delays of its timer, and says how much of them lies within [from, to]. */
export const program = (on: string, tell: string): string => `
  const now = () => performance.timeOrigin + performance.now();
  const late = [];
  let last = now();
  setInterval(() => {
    const at = now();
    if (at - last > ${2 * PERIOD}) late.push([last + ${PERIOD}, at]);
    if (late.length > 10000) late.shift();
    last = at;
  }, ${PERIOD});
  ${on}(({ from, to }) => {
    let sum = 0;
    for (const [start, end] of [...late, [last + ${PERIOD}, now()]])
      sum += Math.max(0, Math.min(end, to) - Math.max(start, from));
    ${tell}(sum);
  });`;

/** The lag that a thread measures. One question at a time. */
export function lagOf(thread: Thread): Lag {
  let answer: (ms: number) => void = () => {};
  thread.onMessage((ms) => answer(ms as number));
  return {
    since: (from) =>
      new Promise((resolve) => {
        answer = resolve;
        const { timeOrigin } = performance;
        thread.send({ from: timeOrigin + from, to: timeOrigin + performance.now() });
      }),
    end: () => thread.end(),
  };
}
