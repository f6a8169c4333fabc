import { assign } from "../../graph/assign.ts";
import type { Shape } from "../../graph/dtype.ts";
import { add, div, equal, greaterEqual, less, maximum, mul, sub, where } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { abs } from "../../graph/ops/elementwise.ts";
import { expand } from "../../graph/ops/shape.ts";
import { max, sum } from "../../graph/ops/sum.ts";
import { constant } from "../../graph/record.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Rows } from "../../data/rows.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { CovarianceFamily, EmState, Maximised, Statistics, Tensors } from "../covariance/family.ts";
import { indexOfFirst, positions } from "../kmeans/nearest.ts";
import { totalOf } from "../weights.ts";
import { prepare } from "./components.ts";

/** Numbers by name, as the GPU holds them. */
export interface Floats {
  readonly [name: string]: Float32Array<ArrayBuffer>;
}

/** The parameters as numbers. */
export interface MixtureValues {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly means: Float32Array<ArrayBuffer>;
  readonly covariances: Floats;
}

export interface EmOptions {
  readonly family: CovarianceFamily;
  /** Directions, of families that have them. */
  readonly rank: number;
  readonly components: number;
  readonly regularization: number;
  readonly tolerance: number;
  readonly maxIterations: number;
  /** Rows of one step. */
  readonly batch: number;
  /** How much each row counts. */
  readonly weights?: Float32Array<ArrayBuffer> | undefined;
  /** Values [d] that missing entries have before the first E step; their presence says that NaN is one. */
  readonly fill?: Float32Array<ArrayBuffer> | undefined;
  /** Every batch moves the parameters, in random order of batches. */
  readonly online?: { readonly seed: number } | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface EmResult extends MixtureValues {
  readonly converged: boolean;
  readonly iterations: number;
  /** Mean log-likelihood in nats before each M step. */
  readonly history: Float32Array;
  /** The component and the pivot or feature at which a covariance became singular, or null. */
  readonly failure: { readonly component: number; readonly at: number } | null;
}

/** Changes of the mean log-likelihood below so many units of rounding are none. */
const ROUNDING = 2 * 2 ** -23;

/**
 * What EM keeps on the GPU from one iteration to the next: parameters, sums of batches, counters. Once `done` or failed, steps leave
 * all as it is.
 */
export class EmStates {
  readonly #gpu: Gpu;
  /** Sum of the weights of all rows. */
  readonly total: number;
  readonly #options: EmOptions;
  /** The parameters, and what densities need of them. */
  readonly state: EmState & { readonly weights: Tensor; readonly offsets: Tensor };
  /** Where the iterations stand. */
  readonly counters: Record<"done" | "failed" | "failedAt" | "iteration" | "bound" | "history", Tensor>;
  /** What batches add up to. */
  readonly sums: Record<"n" | "first" | "second" | "logProb", Tensor>;

  constructor(gpu: Gpu, rows: Rows, options: EmOptions) {
    const { family, rank, components: k, maxIterations } = options;
    const d = rows.dim;
    this.#gpu = gpu;
    this.total = options.weights ? totalOf(options.weights) : rows.count;
    this.#options = options;
    const state = (shape: Shape) => gpu.state(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    const states = (shapes: { readonly [name: string]: Shape }): Tensors =>
      Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, state(shape)]));
    this.state = {
      weights: state([k]),
      means: state([k, d]),
      offsets: state([k]),
      covariances: states(family.shapes(k, d, rank)),
      whitening: states(family.whiteningShapes(k, d, rank)),
    };
    this.counters = {
      done: state([]),
      failed: state([]),
      failedAt: state([]),
      iteration: gpu.state(new Uint32Array(1), []),
      bound: state([]),
      history: state([maxIterations]),
    };
    const second = state(family.secondShape(k, d, rank));
    this.sums = { n: state([k]), first: state([k, d]), second, logProb: state([]) };
  }

  /** The M step, the test, and the masked assignments. */
  advance(sums: Statistics & { logProb: Tensor }): void {
    this.#tested(sums.logProb, this.#maximised(sums));
  }

  /**
   * One step of online EM: what the parameters say of moments, and a part `rate` of what a batch of total weight `size` does; then the M step.
   * Source: Cappé & Moulines, On-line expectation–maximization algorithm for latent data models, JRSS B 2009.
   */
  advanceBy(part: Statistics & { logProb: Tensor }, size: Tensor, rate: Tensor): void {
    const { family, regularization } = this.#options;
    const { state, sums, total } = this;
    const before = mul(sub(1, rate), total);
    const scale = div(mul(rate, total), size);
    const blended = {
      n: add(mul(state.weights, before), mul(part.n, scale)),
      first: mul(part.first, scale),
      second: add(mul(family.moments(state, regularization), before), mul(part.second, scale)),
    };
    const broken = this.#maximised(blended);
    assign(sums.logProb, add(sums.logProb, part.logProb));
    assign(this.counters.done, maximum(this.counters.done, broken));
  }

  /** Ends a pass of online EM: the test alone. */
  closePass(): void {
    this.#tested(this.sums.logProb, constant(this.#gpu, 0));
  }

  /** The M step, masked; whether a covariance became singular. */
  #maximised(sums: Statistics): Tensor {
    const { family, regularization } = this.#options;
    const { done, failed, failedAt } = this.counters;
    const next = family.maximise(sums, this.state, regularization);
    const ready = prepare(family, next);
    const failure = max(ready.failed);
    const broken = greaterEqual(failure, 0);
    const frozen = maximum(done, broken);
    for (const [state, value] of this.#assigned(next, ready)) assign(state, where(frozen, state, value));
    const which = indexOfFirst(ready.failed);
    assign(failed, where(done, failed, where(broken, which, -1)));
    assign(failedAt, where(done, failedAt, failure));
    return broken;
  }

  /** Whether the mean log-likelihood still changes. */
  #tested(logProb: Tensor, broken: Tensor): void {
    const { tolerance, maxIterations } = this.#options;
    const { done, iteration, bound, history } = this.counters;
    const level = mul(sum(logProb), 1 / this.total);
    const near = less(abs(sub(level, bound)), maximum(mul(abs(level), ROUNDING), tolerance));
    assign(bound, where(done, bound, level));
    const place = equal(positions(this.#gpu, maxIterations), cast(iteration, "f32"));
    assign(history, where(mul(place, sub(1, done)), level, history));
    assign(iteration, add(iteration, cast(sub(1, done), "u32")));
    assign(done, maximum(maximum(done, broken), near));
  }

  /** States, and what they become with new parameters. */
  #assigned({ weights, means, covariances }: Maximised, ready: ReturnType<typeof prepare>): [Tensor, Tensor][] {
    const { state } = this;
    const named = (states: Tensors, values: Tensors) =>
      Object.entries(values).map(([name, value]): [Tensor, Tensor] => [states[name]!, value]);
    return [
      [state.weights, weights],
      [state.means, means],
      ...named(state.covariances, covariances),
      [state.offsets, ready.offsets],
      ...named(state.whitening, ready.whitening),
    ];
  }

  /** First parameters: prepared, counters at their start. */
  begin(parameters: Maximised): void {
    const { done, failed, failedAt, iteration, bound } = this.counters;
    const ready = prepare(this.#options.family, parameters);
    const failure = max(ready.failed);
    const broken = greaterEqual(failure, 0);
    for (const [state, value] of this.#assigned(parameters, ready)) assign(state, value);
    assign(done, cast(broken, "f32"));
    assign(failed, where(broken, indexOfFirst(ready.failed), -1));
    assign(failedAt, failure);
    assign(bound, constant(this.#gpu, -3e38));
    assign(iteration, constant(this.#gpu, 0, "u32"));
  }

  clear(): void {
    for (const state of Object.values(this.sums)) assign(state, expand(constant(this.#gpu, 0), state.shape));
  }

  async result(): Promise<EmResult> {
    const { weights, means } = this.state;
    const { done, failed, failedAt, iteration, history } = this.counters;
    const f32 = async (t: Tensor) => (await t.read()) as Float32Array<ArrayBuffer>;
    const iterations = await iteration.item();
    const bad = await failed.item();
    const covariances: { [name: string]: Float32Array<ArrayBuffer> } = {};
    for (const [name, state] of Object.entries(this.state.covariances)) covariances[name] = await f32(state);
    return {
      weights: await f32(weights),
      means: await f32(means),
      covariances,
      converged: (await done.item()) === 1 && bad < 0,
      iterations,
      history: (await f32(history)).slice(0, iterations),
      failure: bad < 0 ? null : { component: bad, at: await failedAt.item() },
    };
  }

  dispose(): void {
    const { weights, means, offsets, covariances, whitening } = this.state;
    for (const group of [{ weights, means, offsets }, covariances, whitening, this.counters, this.sums])
      for (const state of Object.values(group)) state.dispose();
  }
}
