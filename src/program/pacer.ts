import type { Device } from "../device/device.ts";
import { check } from "../device/errors.ts";

/** Submits under way at a time. */
const IN_FLIGHT = 2;
/** Milliseconds without a frame after which work goes on: the page is hidden, or draws nothing. */
const NO_FRAME = 100;

/** Throws LatentError("argument") unless `budgetMs` is a time that work may take of each frame, or undefined. */
export const checkBudget = (where: string, budgetMs: number | undefined): void =>
  check(
    budgetMs === undefined || (budgetMs > 0 && Number.isFinite(budgetMs)),
    "argument",
    where,
    () => `expected budgetMs > 0, in milliseconds a frame; got ${String(budgetMs)}.`,
  );

/**
 * Keeps submits short: decides how many steps one holds, and waits while too many are in flight.
 *
 * With a budget, one submit fills at most the budget of one frame (a single step may be longer), and the next waits for the next frame.
 */
export class Pacer {
  readonly #device: Device;
  readonly #target: number;
  readonly #underway: Promise<void>[] = [];
  #secondsPerStep: number | null = null;
  #last = 0;

  constructor(device: Device) {
    this.#device = device;
    // on a GPU well below the watchdogs' two seconds; a software adapter has none
    this.#target = device.info.software ? 0.5 : 0.1;
  }

  /** How many of the `left` steps to submit next; resolves when the queue has room. */
  async next(left: number, budgetMs?: number): Promise<number> {
    const most = budgetMs === undefined ? IN_FLIGHT : 1;
    while (this.#underway.length >= most) await this.#underway.shift();
    if (budgetMs !== undefined) await frame();
    const seconds = Math.min(this.#target, (budgetMs ?? Infinity) / 1000);
    const fitting = this.#secondsPerStep === null ? 1 : Math.floor(seconds / this.#secondsPerStep);
    return Math.max(1, Math.min(left, fitting));
  }

  submitted(steps: number): void {
    const start = performance.now();
    const done = this.#device.gpu.queue.onSubmittedWorkDone().then(
      () => {
        const now = performance.now();
        // the queue runs in order: this submit's own time starts when the one before it ended
        const seconds = (now - Math.max(start, this.#last)) / 1000 / steps;
        this.#last = now;
        this.#secondsPerStep = this.#secondsPerStep === null ? seconds : 0.7 * this.#secondsPerStep + 0.3 * seconds;
      },
      () => {},
    );
    this.#underway.push(this.#device.orLost(done));
  }
}

/** The next frame of the page; where there are none, the next task. */
const frame = (): Promise<void> =>
  new Promise((resolve) => {
    const { requestAnimationFrame: next } = globalThis as Partial<typeof globalThis>;
    if (!next) return void setTimeout(resolve, 0);
    const late = setTimeout(resolve, NO_FRAME);
    next(() => {
      clearTimeout(late);
      resolve();
    });
  });
