import type { Device } from "../device/device.ts";

/** Submits under way at a time. */
const IN_FLIGHT = 2;

/** Decides how many steps go into one submit, so that each submit stays short, and waits when too many are under way. */
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
  async next(left: number): Promise<number> {
    while (this.#underway.length >= IN_FLIGHT) await this.#underway.shift();
    const fitting = this.#secondsPerStep === null ? 1 : Math.floor(this.#target / this.#secondsPerStep);
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
    this.#underway.push(Promise.race([done, this.#device.lost.then(() => {})]));
  }
}
