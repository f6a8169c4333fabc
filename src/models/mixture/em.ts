import { abortable } from "../../formats/call.ts";
import { assign } from "../../graph/assign.ts";
import { add, div, mul, sub, where } from "../../graph/ops/arithmetic.ts";
import { isNaN, log } from "../../graph/ops/elementwise.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import { random } from "../../graph/ops/random.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { permutation } from "../../data/philox.ts";
import { eachBatch, type Rows } from "../../data/rows.ts";
import { streamOf } from "../../data/streams.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Statistics } from "../covariance/family.ts";
import { nearest } from "../kmeans/nearest.ts";
import { Programs } from "../programs.ts";
import { totalOf } from "../weights.ts";
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
  readonly #programs: Programs;
  readonly #whole: Tensor | null;
  /** The weights of all rows, where one step holds them. */
  readonly #weights: Tensor | null;
  /** Values [d] for missing entries before the first E step. */
  readonly #fill: Tensor | null;

  /** `whole` is all rows, where they fit into one step. */
  constructor(gpu: Gpu, rows: Rows, whole: Tensor | null, options: EmOptions) {
    this.#gpu = gpu;
    this.#rows = rows;
    this.#whole = whole;
    this.#options = options;
    this.#programs = new Programs(gpu, options.signal);
    this.#states = new EmStates(gpu, rows, options);
    this.#fill = options.fill ? gpu.tensor(options.fill, [rows.dim]) : null;
    this.#weights = whole && options.weights ? gpu.tensor(options.weights, [rows.count]) : null;
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
      const load = await this.#programs.get(
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
      const place = await this.#programs.get(
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
    await this.#pass(
      name,
      (x, step, weights) => {
        const whole = this.#filled(x);
        const soft = responsibilities(whole, step);
        const own = weights ? mul(soft, reshape(weights, [weights.size, 1])) : soft;
        return { ...family.statistics(whole, own, this.#states.state), logProb: null };
      },
      signal,
    );
    const open = await this.#programs.get("open", () => {
      this.#states.begin((family.first ?? family).maximise(this.#states.sums, this.#states.state, regularization));
      this.#states.clear();
    });
    await open.run();
  }

  /** Iterates until the bound changes by less than the tolerance, or `maxIterations` times. */
  async run(signal?: AbortSignal, onIteration?: (iteration: number, bound: number) => void): Promise<EmResult> {
    const { maxIterations } = this.#options;
    let statusRead: Promise<Float32Array> | null = null;
    const { done, iteration, bound } = this.#states.counters;
    const readStatus = async (): Promise<Float32Array> =>
      Float32Array.of(await done.item({ signal }), await iteration.item({ signal }), await bound.item({ signal }));
    const block = this.#whole ? BLOCK : 1;
    try {
      for (let left = maxIterations; left > 0; left -= block) {
        signal?.throwIfAborted();
        if (this.#options.online) await this.#onlinePass(maxIterations - left, signal);
        else if (this.#whole) await abortable(this.#block(Math.min(block, left)), signal);
        else await this.#longIteration(signal);
        // one block late where blocks are short; a pass over many batches is worth waiting for
        const before: Float32Array | null = await abortable(
          this.#whole ? Promise.resolve(statusRead) : readStatus(),
          signal,
        );
        statusRead = this.#whole ? readStatus() : null;
        if (before) onIteration?.(before[1]!, before[2]!);
        if (before?.[0] === 1) break;
      }
    } finally {
      // an abort leaves no read behind that could fail later
      (statusRead as Promise<Float32Array> | null)?.catch(() => {});
    }
    return this.#states.result();
  }

  async #block(times: number): Promise<void> {
    const step = await this.#programs.get("iterate", () =>
      this.#states.advance(this.#expect(this.#whole!, this.#weights)),
    );
    await step.repeat(times);
  }

  async #longIteration(signal?: AbortSignal): Promise<void> {
    await this.#pass("soft", (x, _step, weights) => this.#expect(x, weights), signal);
    const close = await this.#programs.get("close", () => {
      this.#states.advance(this.#states.sums);
      this.#states.clear();
    });
    await close.run();
  }

  /** Every batch once, in random order, each followed by an M step that it takes part in by (2 + steps before it)^−0.6. */
  async #onlinePass(pass: number, signal?: AbortSignal): Promise<void> {
    const { batch, weights, online } = this.#options;
    const rows = this.#rows;
    const batches = Math.ceil(rows.count / batch);
    const order = permutation(batches, { seed: online!.seed, stream: streamOf("mini-batches"), step: pass });
    let steps = pass * batches;
    const step = async (x: Tensor, start: number): Promise<void> => {
      const rate = (2 + steps++) ** -0.6;
      const own = weights?.slice(start, start + x.shape[0]!);
      const total = own ? totalOf(own) : x.shape[0]!;
      if (total === 0) return;
      const owned = [total, rate].map((value) => this.#gpu.tensor([value], []));
      if (own) owned.push(this.#gpu.tensor(own, [own.length]));
      const inputs = [x, ...owned];
      try {
        const program = await this.#programs.get(
          "online",
          (part, size, rate, rowWeights) =>
            this.#states.advanceBy(this.#expect(part!, rowWeights ?? null), size!, rate!),
          inputs,
        );
        await program.run(...inputs);
      } finally {
        for (const t of owned) t.dispose();
      }
    };
    await eachBatch(rows, batch, step, signal, order);
    const close = await this.#programs.get("close pass", () => {
      this.#states.closePass();
      this.#states.clear();
    });
    await close.run();
  }

  /** x with the starting value of each feature for what is missing. */
  #filled(x: Tensor): Tensor {
    return this.#fill ? where(isNaN(x), this.#fill, x) : x;
  }

  /** Adds `part` of every batch to the sums. */
  async #pass(
    name: string,
    part: (x: Tensor, step: Tensor, weights: Tensor | null) => Statistics & { logProb: Tensor | null },
    signal?: AbortSignal,
  ): Promise<void> {
    const sums = this.#states.sums;
    const accumulate = (x: Tensor, step: Tensor, weights: Tensor | null) => {
      const { n, first, second, logProb } = part(x, step, weights);
      for (const [key, value] of Object.entries({ n, first, second }))
        assign(sums[key as "n"], add(sums[key as "n"], value));
      if (logProb) assign(sums.logProb, add(sums.logProb, logProb));
    };
    const one = async (start: number, x?: Tensor): Promise<void> => {
      const step = this.#gpu.tensor(Uint32Array.of(start), []);
      const whole = this.#whole;
      const part = x ? this.#options.weights?.slice(start, start + x.shape[0]!) : undefined;
      const own = part ? [this.#gpu.tensor(part, [part.length])] : [];
      try {
        const program = whole
          ? await this.#programs.get(name, (at) => accumulate(whole, at!, this.#weights), [step])
          : await this.#programs.get(name, (at, input, rowWeights) => accumulate(input!, at!, rowWeights ?? null), [
              step,
              x!,
              ...own,
            ]);
        await program.run(step, ...(x ? [x, ...own] : []));
      } finally {
        for (const t of [step, ...own]) t.dispose();
      }
    };
    if (this.#whole) await abortable(one(0), signal);
    else await eachBatch(this.#rows, this.#options.batch, (x, start) => abortable(one(start, x), signal), signal);
  }

  /** The E step of rows x [n, d] with weights [n] or none. */
  #expect(x: Tensor, weights: Tensor | null): Statistics & { logProb: Tensor } {
    const { family } = this.#options;
    const { state } = this.#states;
    const rows = this.#fill ? family.incomplete(x, state) : null;
    const joint = rows ? sub(log(state.weights), mul(rows.squares, 0.5)) : logJoint(family, x, state);
    const { logProb, responsibilities } = expected(joint);
    const own = weights ? mul(responsibilities, reshape(weights, [weights.size, 1])) : responsibilities;
    const moments = rows ? rows.statistics(own) : family.statistics(x, own, state);
    return { ...moments, logProb: sum(weights ? mul(logProb, weights) : logProb) };
  }

  dispose(): void {
    this.#programs.dispose();
    this.#states.dispose();
    for (const t of [this.#fill, this.#weights]) t?.dispose();
  }
}
