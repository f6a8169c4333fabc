import type { Device } from "../device/device.ts";

/** Submits that may be under way at a time; SHORT: while all of them together take little time. */
const IN_FLIGHT = 2;
const SHORT_IN_FLIGHT = 8;
/** Milliseconds without a frame after which work goes on: the page is hidden, or draws nothing. */
const NO_FRAME = 100;

/**
 * Keeps submits short: decides how many steps one holds, and waits while too many are in flight.
 *
 * With a budget, each submit waits for a frame of its own and takes no longer than the budget, or is a single step.
 */
export class Pacer {
  readonly #device: Device;
  readonly #target: number;
  readonly #underway: { readonly steps: number; readonly ended: Promise<void> }[] = [];
  #secondsPerStep: number | null = null;
  #last = 0;

  constructor(device: Device) {
    this.#device = device;
    // on a GPU well below the watchdogs' two seconds; a software adapter has none
    this.#target = device.info.software ? 0.5 : 0.1;
  }

  /** How many of the `left` steps to submit next; resolves when the queue has room. */
  async next(left: number, budgetMs?: number): Promise<number> {
    while (this.#underway.length >= (budgetMs ? 1 : this.#isShort() ? SHORT_IN_FLIGHT : IN_FLIGHT))
      await this.#underway[0]!.ended;
    if (budgetMs !== undefined) await frame();
    const seconds = Math.min(this.#target, (budgetMs ?? Infinity) / 1000);
    const fitting = this.#secondsPerStep === null ? 1 : Math.floor(seconds / this.#secondsPerStep);
    return Math.max(1, Math.min(left, fitting));
  }

  /** Whether all that is under way takes less than a tenth of what one submit may: waiting for it would cost more than it does. */
  #isShort(): boolean {
    const steps = this.#underway.reduce((sum, submit) => sum + submit.steps, 0);
    return steps * (this.#secondsPerStep ?? Infinity) < this.#target / 10;
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
    // the queue runs in order: the first to be submitted is the first to end
    const ended = this.#device.orLost(done).then(() => void this.#underway.shift());
    this.#underway.push({ steps, ended });
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
