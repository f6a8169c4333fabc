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
import type { CovarianceFamily, EmState, Maximised, Statistics, Tensors } from "../covariance/family.ts";
import { expected, indexOfFirst, logJoint, nearest, positions, prepare } from "./components.ts";

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
}

export interface EmResult extends MixtureValues {
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
    "weights" | "means" | "offsets" | "done" | "failed" | "failedAt" | "iteration" | "bound" | "history",
    Tensor
  >;
  readonly #covariances: Tensors;
  readonly #whitening: Tensors;
  readonly #sums: Record<"n" | "first" | "second" | "logProb", Tensor>;
  readonly #programs = new Map<string, Program<unknown>>();
  readonly #whole: Tensor | null;

  /** `whole` is all rows, where they fit into one step. */
  constructor(gpu: Gpu, rows: Rows, whole: Tensor | null, options: EmOptions) {
    const { family, rank, components: k, maxIterations } = options;
    const d = rows.dim;
    this.#gpu = gpu;
    this.#rows = rows;
    this.#whole = whole;
    this.#options = options;
    const state = (shape: Shape) => gpu.state(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    const states = (shapes: { readonly [name: string]: Shape }): Tensors =>
      Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, state(shape)]));
    this.#states = {
      weights: state([k]),
      means: state([k, d]),
      offsets: state([k]),
      done: state([]),
      failed: state([]),
      failedAt: state([]),
      iteration: gpu.state(new Uint32Array(1), []),
      bound: state([]),
      history: state([maxIterations]),
    };
    this.#covariances = states(family.shapes(k, d, rank));
    this.#whitening = states(family.whiteningShapes(k, d, rank));
    const second = state(family.secondShape(k, d, rank));
    this.#sums = { n: state([k]), first: state([k, d]), second, logProb: state([]) };
  }

  /** What a step starts from. */
  get #state(): EmState & { readonly offsets: Tensor } {
    const { means, offsets } = this.#states;
    return { means, offsets, covariances: this.#covariances, whitening: this.#whitening };
  }

  /** Starts from parameters. */
  async startFrom(values: MixtureValues): Promise<void> {
    const { family, rank, components } = this.#options;
    const d = this.#rows.dim;
    const shapes = Object.entries(family.shapes(components, d, rank));
    const given = [
      this.#gpu.tensor(values.weights, [components]),
      this.#gpu.tensor(values.means, [components, d]),
      ...shapes.map(([name, shape]) => this.#gpu.tensor(values.covariances[name]!, shape)),
    ];
    try {
      const load = await this.#program(
        "load",
        (weights, means, ...covariances) =>
          this.#begin({
            weights: weights!,
            means: means!,
            covariances: Object.fromEntries(shapes.map(([name], at) => [name, covariances[at]!])),
          }),
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
    await this.#startFromResponsibilities("hard", centres, (x) => nearest(x, means).responsibilities, signal);
  }

  /** Starts from the M step of random responsibilities. origin [d]: any point near the mean of the rows. */
  async startRandom(origin: Float32Array, seed: number, restart: number, signal?: AbortSignal): Promise<void> {
    const { components: k } = this.#options;
    const centres = new Float32Array(k * origin.length);
    for (let c = 0; c < k; c++) centres.set(origin, c * origin.length);
    await this.#startFromResponsibilities(
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

  async #startFromResponsibilities(
    name: string,
    centres: Float32Array<ArrayBuffer>,
    responsibilities: (x: Tensor, step: Tensor) => Tensor,
    signal?: AbortSignal,
  ): Promise<void> {
    const { means } = this.#states;
    const { family, rank, components: k, regularization } = this.#options;
    const given = this.#gpu.tensor(centres, means.shape);
    const shapes = family.whiteningShapes(k, means.shape[1]!, rank);
    try {
      const place = await this.#program(
        "place",
        (c) => {
          assign(means, c!);
          for (const [key, value] of Object.entries(family.first?.probe(this.#gpu, shapes) ?? {}))
            assign(this.#whitening[key]!, value);
        },
        [given],
      );
      await place.run(given);
    } finally {
      given.dispose();
    }
    const of = (x: Tensor, step: Tensor) => family.statistics(x, responsibilities(x, step), this.#state);
    await this.#pass(name, (x, step) => ({ ...of(x, step), logProb: null }), signal);
    const open = await this.#program("open", () => {
      this.#begin((family.first ?? family).maximise(this.#sums, this.#state, regularization));
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
    const { weights, means, done, failed, failedAt, iteration, history } = this.#states;
    const f32 = async (t: Tensor) => (await t.read()) as Float32Array<ArrayBuffer>;
    const iterations = await iteration.item();
    const bad = await failed.item();
    const covariances: { [name: string]: Float32Array<ArrayBuffer> } = {};
    for (const [name, state] of Object.entries(this.#covariances)) covariances[name] = await f32(state);
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
    const { family } = this.#options;
    const { logProb, responsibilities } = expected(logJoint(family, x, this.#state));
    return { ...family.statistics(x, responsibilities, this.#state), logProb: sum(logProb) };
  }

  /** The M step, the test, and the masked assignments. */
  #advance(sums: Statistics & { logProb: Tensor }): void {
    const { family, regularization, tolerance, maxIterations } = this.#options;
    const { done, failed, failedAt, iteration, bound, history } = this.#states;
    const next = family.maximise(sums, this.#state, regularization);
    const ready = prepare(family, next);
    const failure = max(ready.failed);
    const broken = greaterEqual(failure, 0);
    const level = mul(sum(sums.logProb), 1 / this.#rows.count);
    const near = less(abs(sub(level, bound)), maximum(mul(abs(level), ROUNDING), tolerance));
    const frozen = maximum(done, broken);
    for (const [state, value] of this.#assigned(next, ready)) assign(state, where(frozen, state, value));
    const which = indexOfFirst(ready.failed);
    assign(failed, where(done, failed, where(broken, which, -1)));
    assign(failedAt, where(done, failedAt, failure));
    assign(bound, where(done, bound, level));
    const place = equal(positions(this.#gpu, maxIterations), cast(iteration, "f32"));
    assign(history, where(mul(place, sub(1, done)), level, history));
    assign(iteration, add(iteration, cast(sub(1, done), "u32")));
    assign(done, maximum(frozen, near));
  }

  /** States, and what they become with new parameters. */
  #assigned({ weights, means, covariances }: Maximised, ready: ReturnType<typeof prepare>): [Tensor, Tensor][] {
    const { weights: ownWeights, means: ownMeans, offsets } = this.#states;
    const named = (states: Tensors, values: Tensors) =>
      Object.entries(values).map(([name, value]): [Tensor, Tensor] => [states[name]!, value]);
    return [
      [ownWeights, weights],
      [ownMeans, means],
      ...named(this.#covariances, covariances),
      [offsets, ready.offsets],
      ...named(this.#whitening, ready.whitening),
    ];
  }

  /** First parameters: prepared, counters at their start. */
  #begin(parameters: Maximised): void {
    const { done, failed, failedAt, iteration, bound } = this.#states;
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
    for (const group of [this.#states, this.#covariances, this.#whitening, this.#sums])
      for (const state of Object.values(group)) state.dispose();
  }
}
