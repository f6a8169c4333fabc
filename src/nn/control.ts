import { LatentError } from "../device/errors.ts";
import { abortable } from "../formats/call.ts";

/**
 * Holds a training while it runs.
 *
 *     const control = new TrainingControl();
 *     const fitting = model.fit(data, { epochs: 3, control });
 *     await control.pause(); // no step runs now: read parameters, sample, save
 *     await control.step(); // one more
 *     control.resume();
 *     await fitting;
 */
export class TrainingControl {
  #wanted: boolean;
  #running = false;
  /** Steps that a paused training may make. */
  #allowed = 0;
  /** Called when the training holds still, or has ended. */
  #waiting: (() => void)[] = [];
  #go: (() => void) | null = null;

  /** Of one training at a time. */
  constructor() {
    this.#wanted = false;
  }

  /** Whether a pause is asked for. */
  get paused(): boolean {
    return this.#wanted;
  }

  /** Resolves when all steps that were submitted have run and no more come; at once where no training runs. */
  pause(): Promise<void> {
    this.#wanted = true;
    if (!this.#running || this.#go) return Promise.resolve();
    return this.#stillness();
  }

  /** Lets one more step run, and pauses: resolves when all steps that were asked for are done; at once where no training runs. */
  step(): Promise<void> {
    this.#wanted = true;
    if (!this.#running) return Promise.resolve();
    this.#allowed += 1;
    this.#release();
    return this.#stillness();
  }

  /** Lets the training go on. */
  resume(): void {
    this.#wanted = false;
    this.#allowed = 0;
    this.#release();
    this.#settle();
  }

  /** @internal A training takes it for as long as it runs. Throws LatentError("busy") where another has it. */
  begin(): void {
    if (this.#running) throw new LatentError("busy", "train: this control holds another training. Make one for each.");
    this.#running = true;
  }

  /** @internal The training has ended. */
  end(): void {
    this.#running = false;
    this.#allowed = 0;
    this.#settle();
  }

  /** @internal Takes leave for `times` steps; gives how many may be submitted, one where a pause is asked for. */
  take(times: number): number {
    if (!this.#wanted) return times;
    // a pause that is asked for between two steps lets one run without leave
    this.#allowed = Math.max(0, this.#allowed - 1);
    return 1;
  }

  /** @internal Waits, between two steps, for as long as a pause is asked for and no step is. */
  async untilResumed(signal: AbortSignal | undefined): Promise<void> {
    while (this.#wanted && this.#allowed === 0) {
      const going = new Promise<void>((resolve) => (this.#go = resolve));
      this.#settle();
      await abortable(going, signal).finally(() => (this.#go = null));
    }
  }

  #stillness(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #release(): void {
    this.#go?.();
    this.#go = null;
  }

  #settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
