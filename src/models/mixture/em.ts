import { abortable } from "../../formats/call.ts";
import { assign } from "../../graph/assign.ts";
import { add, div } from "../../graph/ops/arithmetic.ts";
import { sum } from "../../graph/ops/sum.ts";
import { random } from "../../graph/ops/random.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { eachBatch, type Rows } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Program } from "../../program/program.ts";
import type { Statistics } from "../covariance/family.ts";
import { nearest } from "../kmeans/nearest.ts";
import { expected, logJoint } from "./components.ts";
import { type EmOptions, type EmResult, EmStates, type MixtureValues } from "./emStates.ts";

/** Iterations between two looks of the host at `done`. */
const BLOCK = 8;
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
  readonly #states: EmStates;
  readonly #programs = new Map<string, Program<unknown>>();
  readonly #whole: Tensor | null;

  /** `whole` is all rows, where they fit into one step. */
  constructor(gpu: Gpu, rows: Rows, whole: Tensor | null, options: EmOptions) {
    this.#gpu = gpu;
    this.#rows = rows;
    this.#whole = whole;
    this.#options = options;
    this.#states = new EmStates(gpu, rows, options);
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
          this.#states.begin({
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
    const { means } = this.#states.state;
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
    const { means } = this.#states.state;
    const { family, rank, components: k, regularization } = this.#options;
    const given = this.#gpu.tensor(centres, means.shape);
    const shapes = family.whiteningShapes(k, means.shape[1]!, rank);
    try {
      const place = await this.#program(
        "place",
        (c) => {
          assign(means, c!);
          for (const [key, value] of Object.entries(family.first?.probe(this.#gpu, shapes) ?? {}))
            assign(this.#states.state.whitening[key]!, value);
        },
        [given],
      );
      await place.run(given);
    } finally {
      given.dispose();
    }
    const of = (x: Tensor, step: Tensor) => family.statistics(x, responsibilities(x, step), this.#states.state);
    await this.#pass(name, (x, step) => ({ ...of(x, step), logProb: null }), signal);
    const open = await this.#program("open", () => {
      this.#states.begin((family.first ?? family).maximise(this.#states.sums, this.#states.state, regularization));
      this.#states.clear();
    });
    await open.run();
  }

  /** Iterates until the bound changes by less than the tolerance, or `maxIterations` times. */
  async run(signal?: AbortSignal, onIteration?: (iteration: number, bound: number) => void): Promise<EmResult> {
    const { maxIterations } = this.#options;
    let seen: Promise<Float32Array> | null = null;
    const { done, iteration, bound } = this.#states.counters;
    const readStatus = async (): Promise<Float32Array> =>
      Float32Array.of(await done.item(), await iteration.item(), await bound.item());
    const block = this.#whole ? BLOCK : 1;
    try {
      for (let left = maxIterations; left > 0; left -= block) {
        signal?.throwIfAborted();
        if (this.#whole) await abortable(this.#block(Math.min(block, left)), signal);
        else await this.#longIteration(signal);
        // one block late where blocks are short; a pass over many batches is worth waiting for
        const before: Float32Array | null = await abortable(this.#whole ? Promise.resolve(seen) : readStatus(), signal);
        seen = this.#whole ? readStatus() : null;
        if (before) onIteration?.(before[1]!, before[2]!);
        if (before?.[0] === 1) break;
      }
    } finally {
      // an abort leaves no read behind that could fail later
      (seen as Promise<Float32Array> | null)?.catch(() => {});
    }
    return this.#states.result();
  }

  async #block(times: number): Promise<void> {
    const step = await this.#program("iterate", () => this.#states.advance(this.#expect(this.#whole!)));
    await step.repeat(times);
  }

  async #longIteration(signal?: AbortSignal): Promise<void> {
    await this.#pass("soft", (x) => this.#expect(x), signal);
    const close = await this.#program("close", () => {
      this.#states.advance(this.#states.sums);
      this.#states.clear();
    });
    await close.run();
  }

  /** Adds `part` of every batch to the sums. */
  async #pass(
    name: string,
    part: (x: Tensor, step: Tensor) => Statistics & { logProb: Tensor | null },
    signal?: AbortSignal,
  ): Promise<void> {
    const sums = this.#states.sums;
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
    const { logProb, responsibilities } = expected(logJoint(family, x, this.#states.state));
    return { ...family.statistics(x, responsibilities, this.#states.state), logProb: sum(logProb) };
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
    if (this.#states.counters.done.disposed) made.dispose();
    else this.#programs.set(name, made);
    return made;
  }

  dispose(): void {
    for (const program of this.#programs.values()) program.dispose();
    this.#states.dispose();
  }
}
