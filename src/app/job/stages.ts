import { progressOf } from "../../formats/call.ts";
import type { Listener, Stage } from "./events.ts";

/** What a stage calls as it goes: steps of a total, and a few words about where it stands. */
export type OnProgress = (at: { step: number; total: number; status?: string }) => void;

/**
 * Runs stages one after another and tells how far each is and how long the rest may take.
 *
 *     left = seconds of this stage still to go + (weights of later stages) · seconds so far / (weights so far)
 *
 * Events of one stage come at most every `pause` milliseconds. An abort is seen before each stage and at each report.
 */
export class Stages {
  readonly #stages: readonly Stage[];
  readonly #listener: Listener;
  readonly #signal: AbortSignal | undefined;
  readonly #pause: number;
  readonly #start = performance.now();
  #finished = 0;

  constructor(stages: readonly Stage[], listener: Listener, signal?: AbortSignal, pause = 200) {
    this.#stages = stages;
    this.#listener = listener;
    this.#signal = signal;
    this.#pause = pause;
  }

  /** Runs `work` as the stage `key`; `result` says in a few words what came of it. Returns work's value and its seconds. */
  async run<T>(
    key: string,
    work: (report: OnProgress) => Promise<T>,
    result: (value: T) => string = () => "",
  ): Promise<T> {
    const stage = this.#stages.find((one) => one.key === key);
    if (!stage)
      throw new Error(
        `stages: unknown stage. Expected one of ${this.#stages.map((one) => one.key).join(", ")}; got ${key}.`,
      );
    this.#signal?.throwIfAborted();
    const start = performance.now();
    let last = -Infinity;
    const report: OnProgress = ({ step, total, status }) => {
      this.#signal?.throwIfAborted();
      const now = performance.now();
      if (now - last < this.#pause) return;
      last = now;
      this.#tell(stage, start, step, total, status);
    };
    report({ step: 0, total: 1 });
    const value = await work(report);
    this.#signal?.throwIfAborted();
    this.#finished += stage.weight;
    this.#listener({ kind: "done", stage: key, seconds: (performance.now() - start) / 1000, result: result(value) });
    return value;
  }

  #tell(stage: Stage, start: number, step: number, total: number, status: string | undefined): void {
    const now = performance.now();
    const so = progressOf(start, Math.min(step, total), total);
    const share = total > 0 ? Math.min(1, step / total) : 0;
    const all = this.#stages.reduce((sum, { weight }) => sum + weight, 0);
    const passed = this.#finished + share * stage.weight;
    const elapsed = (now - this.#start) / 1000;
    const eta = share > 0 ? so.eta : undefined;
    const later = all - this.#finished - stage.weight;
    const pace = passed > 0 ? elapsed / passed : undefined;
    const own = eta ?? (pace === undefined ? undefined : pace * stage.weight * (1 - share));
    const left = own === undefined || pace === undefined ? undefined : own + pace * later;
    this.#listener({
      kind: "progress",
      progress: {
        stage: stage.key,
        step,
        total,
        seconds: so.seconds,
        done: passed / all,
        ...(status === undefined ? {} : { status }),
        ...(eta === undefined ? {} : { eta }),
        ...(left === undefined ? {} : { left }),
      },
    });
  }
}
