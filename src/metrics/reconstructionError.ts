import { gpuOfRows } from "../data/rows.ts";
import { check, named, show } from "../device/errors.ts";
import { above, anything, optional, whole } from "../formats/options.ts";
import { assign } from "../graph/assign.ts";
import { grad } from "../graph/grad.ts";
import { add, div, mul, sqrt, square, sub } from "../graph/ops/arithmetic.ts";
import { random } from "../graph/ops/random.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { STREAMS } from "./bootstrap.ts";
import { defineMeasure } from "./measure.ts";
import type { SampleSet } from "./sets.ts";
import { meanAndVariance, normalInterval } from "./statistics.ts";
import { onWholes } from "./sets.ts";

/** What reconstructionError may be asked for. */
export interface ReconstructionOptions {
  /** Elements of a code; has to be given. */
  readonly latent?: number;
  /** Codes that each row is tried from, drawn from N(0, I), and `start` where it is given; 3. */
  readonly restarts?: number;
  /** Steps of Adam, its rate falling along a cosine; 500. */
  readonly steps?: number;
  /** The rate; 0.1. */
  readonly learningRate?: number;
  /** Codes [n, latent] to start from as well: an encoder's. */
  readonly start?: Tensor;
}

/** The parts of a reconstruction error. */
export interface ReconstructionError {
  /** min_z |x − G(z)|² of each row. */
  readonly values: Float64Array;
  /** The best codes [n, latent]. */
  readonly codes: Float32Array;
  /** Starts of each row. */
  readonly restarts: number;
  /** Steps of each start. */
  readonly steps: number;
  /** Share of starts that came within 1 % of their row's best: far below 1, more are needed. */
  readonly agreement: number;
}

/**
 * Reconstruction error of a generator: mean over rows of min_z |x − G(z)|²/D, by gradient descent on codes. Sees missing modes, blind to bad samples; equal errors of training and test rows speak against memorisation.
 * generator: z [n, latent] → images or rows [n, …], in recorded ops. All rows and starts move in one compiled step. Source: Xiang & Li 2017 (arXiv 1704.03971).
 * Throws LatentError: "argument", "shape" where the generator's size is not the rows'.
 *
 *     const { value } = await reconstructionError(x, (z) => z, { latent: x.shape[1]!, steps: 5 });
 */
export const reconstructionError = /* @__PURE__ */ defineMeasure<
  [x: SampleSet, generator: (z: Tensor) => Tensor],
  ReconstructionOptions,
  ReconstructionError
>({
  name: "reconstructionError",
  sets: ["x", "generator"],
  options: {
    latent: optional(whole(1)),
    restarts: whole(1, 3),
    steps: whole(1, 500),
    learningRate: above(0, 0.1),
    start: anything(),
  },
  async of(
    { generator },
    { latent, restarts, steps, learningRate, start },
    { where, rows, seed, level, long: { signal } },
  ) {
    const set = rows("x");
    const decode = generator as (z: Tensor) => Tensor;
    check(
      typeof decode === "function",
      "argument",
      where,
      () => `expected generator as a function of z; got ${named(decode)}.`,
    );
    check(latent !== undefined, "argument", where, () => "expected latent, the elements of a code; got none.");
    const [n, d] = [set.count, set.dim];
    const starts = restarts! + Number(start !== undefined);
    const shape = [starts * n, latent];
    const owned: Tensor[] = [];
    const state = (values: ArrayLike<number>, of: readonly number[]): Tensor => {
      const tensor = gpu.state(Float32Array.from(values), of);
      owned.push(tensor);
      return tensor;
    };
    /** What is left of each row from each start, and the codes. */
    const descended = async (x: Tensor): Promise<[errors: Float32Array, codes: Float32Array]> => {
      try {
        const drawn = random.normal(gpu, shape, { seed: seed(), stream: STREAMS.centre });
        owned.push(drawn);
        const first = Float32Array.from(await drawn.read({ signal }));
        if (start) first.set(await start.read({ signal }), restarts! * n * latent);
        const zeros = new Float32Array(first.length);
        const [z, m1, m2] = [state(first, shape), state(zeros, shape), state(zeros, shape)];
        const numbers = state([0, 0, 0], [3]);
        const errorsOf = (codes: Tensor): Tensor => {
          const decoded = decode(codes);
          check(decoded.size === starts * n * d, "shape", where, () => {
            return `expected ${show([starts * n, d])} from the generator for codes ${show(codes.shape)}; got ${show(decoded.shape)}.`;
          });
          return sum(square(sub(reshape(decoded, [starts, n, d]), reshape(x, [1, n, d]))), 2);
        };
        using step = await gpu.compileFor(signal, () => {
          const errors = errorsOf(z);
          const [slope] = grad(sum(errors), [z]);
          const [next1, next2] = [add(mul(m1, 0.9), mul(slope, 0.1)), add(mul(m2, 0.999), mul(square(slope), 0.001))];
          const [rate, c1, c2] = [0, 1, 2].map((at) => slice(numbers, 0, at, at + 1)) as [Tensor, Tensor, Tensor];
          assign(z, sub(z, mul(div(div(next1, c1), add(sqrt(div(next2, c2)), 1e-12)), rate)));
          assign(m1, next1);
          assign(m2, next2);
          return sum(errors);
        });
        for (let k = 0; k < steps!; k++) {
          signal?.throwIfAborted();
          const rate = learningRate! * 0.5 * (1 + Math.cos((Math.PI * k) / steps!));
          numbers.write([rate, 1 - 0.9 ** (k + 1), 1 - 0.999 ** (k + 1)]);
          await step.run();
        }
        const last = gpu.within(() => errorsOf(z));
        const errors = await last.read({ signal }).finally(() => last.dispose());
        return [errors as Float32Array, (await z.read({ signal })) as Float32Array];
      } finally {
        for (const tensor of owned) tensor.dispose();
      }
    };
    const gpu = await gpuOfRows(where, set);
    const [errors, codes] = await onWholes(where, [set], descended, signal);
    const values = new Float64Array(n).fill(Infinity);
    const best = new Float32Array(n * latent);
    for (let at = 0; at < starts * n; at++)
      if (errors[at]! < values[at % n]!) {
        values[at % n] = errors[at]!;
        best.set(codes.subarray(at * latent, (at + 1) * latent), (at % n) * latent);
      }
    const near = Array.from(errors).filter((error, at) => error <= 1.01 * values[at % n]! + 1e-12).length;
    const { mean, variance } = meanAndVariance(values.map((value) => value / d));
    const deviation = Math.sqrt(variance / n);
    const parts = { values, codes: best, restarts: starts, steps: steps!, agreement: near / (starts * n) };
    return { value: mean, ...parts, deviation, interval: normalInterval(mean, deviation, level) };
  },
});
