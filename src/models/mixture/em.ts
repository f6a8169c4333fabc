import { abortable } from "../../formats/call.ts";
import { assign } from "../../graph/assign.ts";
import type { Shape } from "../../graph/dtype.ts";
import { add, div, equal, greaterEqual, less, maximum, mul, sub, where } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { abs } from "../../graph/ops/elementwise.ts";
import { expand } from "../../graph/ops/shape.ts";
import { max, sum } from "../../graph/ops/sum.ts";
import { random } from "../../graph/ops/random.ts";
import { constant } from "../../graph/record.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { eachBatch, type Rows } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Program } from "../../program/program.ts";
import {
  covarianceShape,
  indexOfFirst,
  type Kind,
  logJoint,
  maximise,
  nearest,
  type Parameters,
  positions,
  prepare,
  responsibilities,
  type Statistics,
  statisticShapes,
  statistics,
} from "./components.ts";

/** The parameters as numbers. */
export interface Values {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly means: Float32Array<ArrayBuffer>;
  readonly covariances: Float32Array<ArrayBuffer>;
}

export interface EmOptions {
  readonly kind: Kind;
  readonly components: number;
  readonly regularization: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Rows of one step. */
  readonly batch: number;
}

export interface EmResult extends Values {
  readonly converged: boolean;
  readonly iterations: number;
  /** Mean log-likelihood in nats before each M step. */
  readonly history: Float32Array;
  /** The component and the pivot or feature at which a covariance became singular, or null. */
  readonly failure: { readonly component: number; readonly at: number } | null;
}

/** Iterations between two looks of the host at `done`. */
const BLOCK = 8;
/** Changes of the mean log-likelihood below so many units of rounding are none. */
const ROUNDING = 2 * 2 ** -23;

/**
 * Expectation–maximisation on the GPU: the parameters are states, an iteration is one compiled step (or one step a batch and
 * one to close it), and `done` masks what comes after convergence, so that results do not depend on when the host looks.
 *
 * An iteration is an E step, an M step, then the test of the bound against the one before. Source: Dempster, Laird & Rubin 1977.
 */
export class Em {
  readonly #gpu: Gpu;
  readonly #rows: Rows;
  readonly #options: EmOptions;
  readonly #states: Record<
    | "weights"
    | "means"
    | "covariances"
    | "offsets"
    | "precisions"
    | "done"
    | "failed"
    | "failedAt"
    | "iteration"
    | "bound"
    | "history",
    Tensor
  >;
  readonly #sums: Record<"n" | "first" | "second" | "logProb", Tensor>;
  readonly #programs = new Map<string, Program<unknown>>();
  readonly #whole: Tensor | null;

  /** `whole` is all rows, where they fit into one step. */
  constructor(gpu: Gpu, rows: Rows, whole: Tensor | null, options: EmOptions) {
    const { kind, components: k, maxIterations } = options;
    const d = rows.dim;
    this.#gpu = gpu;
    this.#rows = rows;
    this.#whole = whole;
    this.#options = options;
    const state = (shape: Shape) => gpu.state(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    const matrices = kind === "full" || kind === "tied";
    this.#states = {
      weights: state([k]),
      means: state([k, d]),
      covariances: state(covarianceShape(kind, k, d)),
      offsets: state([k]),
      precisions: state(matrices ? covarianceShape(kind, k, d) : [k, d]),
      done: state([]),
      failed: state([]),
      failedAt: state([]),
      iteration: gpu.state(new Uint32Array(1), []),
      bound: state([]),
      history: state([maxIterations]),
    };
    const shapes = statisticShapes(kind, k, d);
    this.#sums = { n: state(shapes.n), first: state(shapes.first), second: state(shapes.second), logProb: state([]) };
  }

  /** Starts from parameters. */
  async startFrom(values: Values): Promise<void> {
    const { kind, components } = this.#options;
    const d = this.#rows.dim;
    const given = [
      this.#gpu.tensor(values.weights, [components]),
      this.#gpu.tensor(values.means, [components, d]),
      this.#gpu.tensor(values.covariances, covarianceShape(kind, components, d)),
    ];
    try {
      const load = await this.#program(
        "load",
        (weights, means, covariances) => this.#begin({ weights: weights!, means: means!, covariances: covariances! }),
        given,
      );
      await load.run(...given);
    } finally {
      for (const t of given) t.dispose();
    }
  }

  /** Starts from the M step of rows that belong to their nearest centre. centres: [K·d]. */
  async startAt(centres: Float32Array<ArrayBuffer>, signal?: AbortSignal): Promise<void> {
    const { means } = this.#states;
    await this.#startFromShares("hard", centres, (x) => nearest(x, means).shares, signal);
  }

  /** Starts from the M step of random shares. origin [d]: any point near the mean of the rows. */
  async startRandom(origin: Float32Array, seed: number, restart: number, signal?: AbortSignal): Promise<void> {
    const { components: k } = this.#options;
    const centres = new Float32Array(k * origin.length);
    for (let c = 0; c < k; c++) centres.set(origin, c * origin.length);
    await this.#startFromShares(
      `random ${restart}`,
      centres,
      (x, step) => {
        const drawn = random.uniform(this.#gpu, [x.shape[0]!, k], {
          seed,
          stream: streamOf("mixture responsibilities") + restart,
          step,
        });
        return div(drawn, sum(drawn, 1, { keepDims: true }));
      },
      signal,
    );
  }

  async #startFromShares(
    name: string,
    centres: Float32Array<ArrayBuffer>,
    shares: (x: Tensor, step: Tensor) => Tensor,
    signal?: AbortSignal,
  ): Promise<void> {
    const { means } = this.#states;
    const { kind, regularization } = this.#options;
    const given = this.#gpu.tensor(centres, means.shape);
    try {
      const place = await this.#program("place", (c) => assign(means, c!), [given]);
      await place.run(given);
    } finally {
      given.dispose();
    }
    await this.#pass(name, (x, step) => ({ ...statistics(kind, x, shares(x, step), means), logProb: null }), signal);
    const open = await this.#program("open", () => {
      this.#begin(maximise(kind, this.#sums, means, regularization));
      this.#clear();
    });
    await open.run();
  }

  /** Iterates until the bound changes by less than the tolerance, or `maxIterations` times. */
  async run(signal?: AbortSignal, onIteration?: (iteration: number, bound: number) => void): Promise<EmResult> {
    const { maxIterations } = this.#options;
    let seen: Promise<Float32Array> | null = null;
    const look = async (): Promise<Float32Array> =>
      Float32Array.of(
        await this.#states.done.item(),
        await this.#states.iteration.item(),
        await this.#states.bound.item(),
      );
    const block = this.#whole ? BLOCK : 1;
    try {
      for (let left = maxIterations; left > 0; left -= block) {
        signal?.throwIfAborted();
        if (this.#whole) await abortable(this.#block(Math.min(block, left)), signal);
        else await this.#longIteration(signal);
        // one block late where blocks are short; a pass over many batches is worth waiting for
        const before: Float32Array | null = await abortable(this.#whole ? Promise.resolve(seen) : look(), signal);
        seen = this.#whole ? look() : null;
        if (before) onIteration?.(before[1]!, before[2]!);
        if (before?.[0] === 1) break;
      }
    } finally {
      // an abort leaves no read behind that could fail later
      (seen as Promise<Float32Array> | null)?.catch(() => {});
    }
    return this.#result();
  }

  async #block(times: number): Promise<void> {
    const step = await this.#program("iterate", () => this.#advance(this.#expect(this.#whole!)));
    await step.repeat(times);
  }

  async #longIteration(signal?: AbortSignal): Promise<void> {
    await this.#pass("soft", (x) => this.#expect(x), signal);
    const close = await this.#program("close", () => {
      this.#advance(this.#sums);
      this.#clear();
    });
    await close.run();
  }

  async #result(): Promise<EmResult> {
    const { weights, means, covariances, done, failed, failedAt, iteration, history } = this.#states;
    const f32 = async (t: Tensor) => (await t.read()) as Float32Array<ArrayBuffer>;
    const iterations = await iteration.item();
    const bad = await failed.item();
    return {
      weights: await f32(weights),
      means: await f32(means),
      covariances: await f32(covariances),
      converged: (await done.item()) === 1 && bad < 0,
      iterations,
      history: (await f32(history)).slice(0, iterations),
      failure: bad < 0 ? null : { component: bad, at: await failedAt.item() },
    };
  }

  /** Adds `part` of every batch to the sums. */
  async #pass(
    name: string,
    part: (x: Tensor, step: Tensor) => Statistics & { logProb: Tensor | null },
    signal?: AbortSignal,
  ): Promise<void> {
    const sums = this.#sums;
    const accumulate = (x: Tensor, step: Tensor) => {
      const { n, first, second, logProb } = part(x, step);
      for (const [key, value] of Object.entries({ n, first, second }))
        assign(sums[key as "n"], add(sums[key as "n"], value));
      if (logProb) assign(sums.logProb, add(sums.logProb, logProb));
    };
    const one = async (start: number, x?: Tensor): Promise<void> => {
      const step = this.#gpu.tensor(Uint32Array.of(start), []);
      const whole = this.#whole;
      try {
        const program = whole
          ? await this.#program(name, (at) => accumulate(whole, at!), [step])
          : await this.#program(name, (at, input) => accumulate(input!, at!), [step, x!]);
        await program.run(step, ...(x ? [x] : []));
      } finally {
        step.dispose();
      }
    };
    if (this.#whole) await abortable(one(0), signal);
    else await eachBatch(this.#rows, this.#options.batch, (x, start) => abortable(one(start, x), signal), signal);
  }

  /** The E step of rows x. */
  #expect(x: Tensor): Statistics & { logProb: Tensor } {
    const { means, offsets, precisions } = this.#states;
    const { logProb, shares } = responsibilities(logJoint(this.#options.kind, x, means, { offsets, precisions }));
    return { ...statistics(this.#options.kind, x, shares, means), logProb: sum(logProb) };
  }

  /** The M step, the test, and the masked assignments. */
  #advance(sums: Statistics & { logProb: Tensor }): void {
    const { kind, regularization, tolerance, maxIterations } = this.#options;
    const { done, failed, failedAt, iteration, bound, history, ...kept } = this.#states;
    const next = maximise(kind, sums, kept.means, regularization);
    const ready = prepare(kind, next);
    const failure = max(ready.failed);
    const broken = greaterEqual(failure, 0);
    const level = mul(sum(sums.logProb), 1 / this.#rows.count);
    const near = less(abs(sub(level, bound)), maximum(mul(abs(level), ROUNDING), tolerance));
    const frozen = maximum(done, broken);
    for (const [key, value] of Object.entries({ ...next, offsets: ready.offsets, precisions: ready.precisions })) {
      const state = kept[key as keyof typeof kept];
      assign(state, where(frozen, state, value));
    }
    const which = indexOfFirst(ready.failed);
    assign(failed, where(done, failed, where(broken, which, -1)));
    assign(failedAt, where(done, failedAt, failure));
    assign(bound, where(done, bound, level));
    const place = equal(positions(this.#gpu, maxIterations), cast(iteration, "f32"));
    assign(history, where(mul(place, sub(1, done)), level, history));
    assign(iteration, add(iteration, cast(sub(1, done), "u32")));
    assign(done, maximum(frozen, near));
  }

  /** First parameters: prepared, counters at their start. */
  #begin(parameters: Parameters): void {
    const { kind } = this.#options;
    const { done, failed, failedAt, iteration, bound, weights, means, covariances, offsets, precisions } = this.#states;
    const ready = prepare(kind, parameters);
    const failure = max(ready.failed);
    const broken = greaterEqual(failure, 0);
    assign(weights, parameters.weights);
    assign(means, parameters.means);
    assign(covariances, parameters.covariances);
    assign(offsets, ready.offsets);
    assign(precisions, ready.precisions);
    assign(done, cast(broken, "f32"));
    assign(failed, where(broken, indexOfFirst(ready.failed), -1));
    assign(failedAt, failure);
    assign(bound, constant(this.#gpu, -3e38));
    assign(iteration, constant(this.#gpu, 0, "u32"));
  }

  #clear(): void {
    for (const state of Object.values(this.#sums)) assign(state, expand(constant(this.#gpu, 0), state.shape));
  }

  async #program(
    name: string,
    body: (...inputs: Tensor[]) => void,
    examples: readonly Tensor[] = [],
  ): Promise<Program<unknown>> {
    const known = this.#programs.get(name);
    if (known) return known;
    const made = (await this.#gpu.compile(body, ...examples)) as Program<unknown>;
    // an abort may have ended all this meanwhile
    if (this.#states.done.disposed) made.dispose();
    else this.#programs.set(name, made);
    return made;
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.dispose();
    for (const state of [...Object.values(this.#states), ...Object.values(this.#sums)]) state.dispose();
  }
}
