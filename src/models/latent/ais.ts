import { streamOf } from "../../data/streams.ts";
import { check } from "../../device/errors.ts";
import { abortable, checkCall, progressOf } from "../../formats/call.ts";
import { oneOf, readOptions, whole } from "../../formats/options.ts";
import { assign } from "../../graph/assign.ts";
import { grad } from "../../graph/grad.ts";
import { add, greater, less, mul, square, sub, where as select } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { clamp, log } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { random } from "../../graph/ops/random.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { mean, sum } from "../../graph/ops/sum.ts";
import { take } from "../../graph/ops/take.ts";
import { Tensor } from "../../graph/tensor.ts";
import type { Gpu } from "../../program/gpu.ts";
import type { Program } from "../../program/program.ts";
import type { Ais, AisOptions } from "./calls.ts";
import type { Code, Parts } from "./recipe.ts";
import type { Posterior } from "./distribution.ts";

const table = {
  chains: whole(1, 16),
  temperatures: whole(2, 1000),
  leapfrogs: whole(1, 10),
  start: oneOf("prior", "posterior"),
  seed: whole(0, 0),
};

/** Floats of the images that are decoded at once: 16 MiB. */
const BLOCK = 2 ** 22;
/** Moves between two looks at the signal. */
const MOVES = 16;
/** The rule of the step's size: where it starts and stays, what the acceptance should be, and what a step changes. */
const STEP = { first: 0.01, least: 1e-4, most: 0.5, target: 0.65, up: 1.02, down: 0.98, memory: 0.9 };

/** β of `points` temperatures: σ(4 (2t/(T − 1) − 1)), brought to 0 … 1. */
export function annealingSchedule(points: number): Float64Array {
  const sigmoid = Float64Array.from(
    { length: points },
    (_, t) => 1 / (1 + Math.exp(-4 * ((2 * t) / (points - 1) - 1))),
  );
  const [low, high] = [sigmoid[0]!, sigmoid.at(-1)!];
  return sigmoid.map((value) => (value - low) / (high - low));
}

/**
 * Annealed importance sampling of log p(x) = log ∫ p(x|z) p(z) dz, with Hamiltonian moves of z:
 *
 *     log w = Σ_t (β_{t+1} − β_t) · log p(x|z_t),   z_{t+1} one move that keeps p(z)·p(x|z)^β at β_{t+1};   log p(x) ≈ log mean w
 *
 * From "posterior", the path is q^{1−β}·(p(z) p(x|z))^β. One size of step for all chains of a batch, adapted, times U(½, 1) at each move: a fixed
 * trajectory resonates. A move is one compiled program, replayed. Sources: Neal 2001; Wu et al. 2017 (arXiv 1611.04273).
 */
export async function annealed(
  where: string,
  gpu: Gpu,
  { encode, decode, prior }: Parts,
  encoded: () => { readonly images: Tensor; readonly labels: Tensor | undefined; readonly q: Code },
  options: AisOptions,
): Promise<Ais> {
  const values = readOptions(where, table, options, ["labels", "signal", "onProgress"]);
  const { chains, temperatures, leapfrogs, start, seed } = values;
  checkCall(where, options);
  const { signal, onProgress } = options;
  const { n, pixels, isNormal } = gpu.within(() => {
    const { images, q } = encoded();
    const n = images.shape[0]!;
    return { n, pixels: images.size / n, isNormal: !(q instanceof Tensor) && q.takesNormal === true };
  });
  check(
    isNormal,
    "unsupported",
    where,
    () =>
      "expected a model whose codes are drawn as normal numbers, since moves change them a little at a time; got another.",
  );
  const posterior = (x: Tensor, rows?: Tensor) => encode(x, rows) as Posterior;
  const latent = prior.shape[0]!;
  const size = Math.max(1, Math.min(n, Math.floor(BLOCK / (chains * pixels))));
  const betas = annealingSchedule(temperatures);
  const rises = betas.map((beta, t) => beta - (betas[t - 1] ?? 0));
  const own: Tensor[] = [
    gpu.tensor(betas),
    gpu.tensor(rises),
    gpu.state(new Float32Array(chains * size * latent), [chains, size, latent]),
  ];
  const [schedule, deltas, z] = own as [Tensor, Tensor, Tensor];
  const weights = gpu.state(new Float32Array(chains * size), [chains, size]);
  // `drawn` counts the moves of all batches, so that no two share their random numbers
  const [point, drawn] = [gpu.state(new Uint32Array(1)), gpu.state(new Uint32Array(1))];
  const [step, taken] = [gpu.state([0]), gpu.state([0])];
  own.push(weights, point, drawn, step, taken);

  /** One temperature: weigh, then move. x [size, …], rows [size, classes]. */
  const move = (x: Tensor, rows?: Tensor): Tensor => {
    const draw = (name: string) => ({ seed, step: drawn, stream: streamOf(`ais ${name}`) });
    const q = start === "posterior" ? posterior(x, rows) : null;
    const beta = take(schedule, point as Tensor);
    const base = (code: Tensor) => (q ?? prior).logProb(code);
    const gain = (code: Tensor): Tensor => {
      const likelihood = decode(code, rows).logProb(x);
      return q ? sub(add(likelihood, prior.logProb(code)), q.logProb(code)) : likelihood;
    };
    const density = (code: Tensor): Tensor => add(base(code), mul(gain(code), beta));
    const slope = (code: Tensor): Tensor => grad(sum(density(code)), [code])[0];
    const kinetic = (v: Tensor): Tensor => mul(sum(square(v), 2), 0.5);
    const length = mul(step, add(mul(random.uniform(gpu, [1], draw("length")), 0.5), 0.5));
    const first = random.normal(gpu, z.shape, draw("momentum"));
    let [code, v] = [z, add(first, mul(slope(z), mul(length, 0.5)))];
    for (let l = 1; l <= leapfrogs; l++) {
      code = add(code, mul(v, length));
      v = add(v, mul(slope(code), l < leapfrogs ? length : mul(length, 0.5)));
    }
    const change = sub(sub(density(code), kinetic(v)), sub(density(z), kinetic(first)));
    // a trajectory that left the numbers is not taken
    const accepted = less(log(random.uniform(gpu, [chains, size], draw("acceptance"))), change);
    const rate = add(mul(taken, STEP.memory), mul(mean(cast(accepted, "f32")), 1 - STEP.memory));
    const next = mul(step, select(greater(rate, STEP.target), STEP.up, STEP.down));
    assign(weights, add(weights, mul(gain(z), take(deltas, point as Tensor))));
    assign(z, select(reshape(accepted, [chains, size, 1]), code, z));
    assign(taken, reshape(rate, [1]));
    assign(step, reshape(clamp(next, STEP.least, STEP.most), [1]));
    assign(point, add(point, 1));
    assign(drawn, add(drawn, 1));
    return rate;
  };

  const began = performance.now();
  const total = Math.ceil(n / size) * (temperatures - 1);
  const [logProb, deviations] = [new Float64Array(n), new Float64Array(n)];
  let [done, acceptance, stepSize] = [0, 0, 0];
  let program: Program<Tensor, Tensor[]> | undefined;
  try {
    for (let from = 0; from < n; from += size) {
      // the last batch is filled up with images of the first
      const places = gpu.tensor(Uint32Array.from({ length: size }, (_, i) => (from + i) % n));
      const inputs = gpu.within(() => {
        const { images, labels } = encoded();
        return [images, ...(labels ? [labels] : [])].map((rows) => gather(rows, places));
      });
      own.push(places, ...inputs);
      await gpu.evaluate(inputs, { signal });
      const draw = { seed, step: from, name: "ais start" };
      const codes = gpu.within(() =>
        start === "posterior"
          ? posterior(inputs[0]!, inputs[1]).sample(draw, chains)
          : prior.sample(chains * size, draw),
      );
      z.write(await codes.read({ signal }).finally(() => codes.dispose()));
      weights.write(new Float32Array(chains * size));
      point.write(new Uint32Array([1]));
      step.write([STEP.first]);
      taken.write([STEP.target]);
      const body = (...[x, rows]: Tensor[]): Tensor => move(x!, rows);
      const moving = (program ??= await gpu.compileFor<Tensor, Tensor[]>(signal, body, ...inputs));
      for (let t = 1; t < temperatures; t += MOVES) {
        signal?.throwIfAborted();
        const moves = Math.min(MOVES, temperatures - t);
        await abortable(moving.repeat(moves, ...inputs), signal);
        onProgress?.(progressOf(began, (done += moves), total));
      }
      const found = await weights.read({ signal });
      for (let i = from; i < Math.min(n, from + size); i++) {
        const logs = Float64Array.from({ length: chains }, (_, c) => found[c * size + i - from]!);
        [logProb[i], deviations[i]] = logMean(logs);
      }
      [acceptance, stepSize] = [await taken.item({ signal }), await step.item({ signal })];
    }
    check(
      logProb.every(Number.isFinite),
      "numeric",
      where,
      () => "a weight is no finite number. Expected images that the likelihood can score.",
    );
    return { logProb, deviations, chains, temperatures, leapfrogs, start, acceptance, stepSize, seed };
  } finally {
    program?.dispose();
    for (const tensor of own) tensor.dispose();
  }
}

/** log of the mean of e^logs, and its standard error by the delta method; ∞ for one. */
function logMean(logs: Float64Array): [mean: number, deviation: number] {
  const top = Math.max(...logs);
  const values = logs.map((value) => Math.exp(value - top));
  const count = values.length;
  const average = values.reduce((all, value) => all + value, 0) / count;
  const variance = values.reduce((all, value) => all + (value - average) ** 2, 0) / (count - 1);
  return [top + Math.log(average), count > 1 ? Math.sqrt(variance / count) / average : Infinity];
}
