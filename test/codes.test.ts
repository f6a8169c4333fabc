import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  aggregatePosterior,
  ConditionalVAE,
  Gaussian,
  type Gpu,
  linearProbe,
  random,
  retrieval,
  slerp,
  type Tensor,
  traverse,
  VAE,
  VQVAE,
  WAE,
} from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** By scikit-learn: test/oracles/codes.py. */
const oracle = JSON.parse(readFileSync(new URL("oracles/codes.json", import.meta.url), "utf8")) as {
  readonly codes: number[][];
  readonly labels: number[];
  readonly queries: number[][];
  readonly queryLabels: number[];
  readonly precisionAt5: number;
  readonly nearestAccuracy: number;
  readonly penalty: number;
  readonly linearAccuracy: number;
  readonly linearTrainAccuracy: number;
  readonly linearLoss: number;
};
const { codes, labels, queries, queryLabels } = oracle;

describe("retrieval", () => {
  it("counts neighbours of the query's class as scikit-learn does, and frees what it made", async () => {
    const { buffers } = gpu.memory();
    const five = await retrieval(codes, labels, queries, queryLabels, { k: 5, gpu });
    expect(five.value).toBeCloseTo(oracle.precisionAt5, 12);
    expect(five.precision).toBe(five.value);
    expect(five.interval![0]).toBeLessThan(five.value);
    const [low, high] = five.intervals!.accuracy!;
    expect((low + high) / 2).toBeCloseTo(five.accuracy, 12);
    expect(String(five)).toMatch(/accuracy [\d.]+ \([\d.]+ to [\d.]+\)/);
    const one = await retrieval(codes, labels, queries, queryLabels, { k: 1, gpu });
    expect([one.precision, one.accuracy]).toEqual([oracle.nearestAccuracy, oracle.nearestAccuracy]);
    expect(String(one)).toContain("n = 61 codes, 45 queries");
    expect(gpu.memory().buffers).toBe(buffers);
  });

  it("is 1 where classes are apart, and takes the nearest class of equally common ones", async () => {
    const apart = await retrieval([[0], [1], [100], [101]], [0, 0, 1, 1], [[0.5], [100.2]], [0, 1], { k: 2, gpu });
    expect([apart.precision, apart.accuracy]).toEqual([1, 1]);
    const tied = await retrieval([[0], [3]], [0, 1], [[1]], [0], { k: 2, gpu });
    expect([tied.precision, tied.accuracy]).toEqual([0.5, 1]);
  });

  it("refuses labels of another number, and more neighbours than there are", async () => {
    const short = await failure(() => retrieval(codes, [0, 1], queries, queryLabels, { gpu }));
    expect([short.code, short.message]).toEqual(["shape", "retrieval: expected 61 labels, one a row; got 2."]);
    const many = await failure(() => retrieval([[0], [1]], [0, 1], [[0]], [0], { k: 3, gpu }));
    expect(many.message).toContain("expected k in [1, 2]");
  });
});

describe("a linear probe", () => {
  it("has scikit-learn's accuracy and loss", async () => {
    const found = await linearProbe(codes, labels, queries, queryLabels, { penalty: oracle.penalty, gpu });
    expect(found.accuracy).toBeCloseTo(oracle.linearAccuracy, 12);
    expect(found.trainAccuracy).toBeCloseTo(oracle.linearTrainAccuracy, 12);
    expect(Math.abs(found.loss / oracle.linearLoss - 1)).toBeLessThan(1e-6);
  });

  it("is not moved by the scale of a column, and bears one that never changes", async () => {
    const scaled = (rows: number[][]) => rows.map(([a, b, c, d]) => [a! * 1000, b! / 64, c!, d!, 7]);
    const found = await linearProbe(scaled(codes), labels, scaled(queries), queryLabels, {
      penalty: oracle.penalty,
      gpu,
    });
    expect(found.accuracy).toBeCloseTo(oracle.linearAccuracy, 12);
    expect(Math.abs(found.loss / oracle.linearLoss - 1)).toBeLessThan(1e-5);
    // 0.1 is no sum of a few powers of 2: the mean of 61 of them has to be it, to the last bit
    const constant = codes.map((row) => [...row, 0.1]);
    const apart = queries.map((row) => [...row, 7]);
    const tenth = await linearProbe(constant, labels, apart, queryLabels, { penalty: oracle.penalty, gpu });
    expect(tenth.accuracy).toBeCloseTo(oracle.linearAccuracy, 12);
    expect(Math.abs(tenth.loss / oracle.linearLoss - 1)).toBeLessThan(1e-6);
    expect(
      (await failure(() => linearProbe(codes, labels, queries, queryLabels, { penalty: 0, gpu }))).message,
    ).toContain("expected penalty as a number > 0; got 0.");
  });
});

const small = { image: [1, 1, 2] as [number, number, number], hidden: [], latent: 2 };

/** A VAE whose posteriors have mean `scale`·x and log-variance `logVar`. */
function linear(scale: number, logVar: number): VAE {
  const model = new VAE(gpu, small);
  model.parameters["fc21.weight"]?.write(Float32Array.of(scale, 0, 0, scale));
  model.parameters["mean.weight"]?.write(Float32Array.of(scale, 0, 0, scale));
  model.parameters["log_var.weight"]?.write(new Float32Array(4));
  model.parameters["log_var.bias"]?.write(new Float32Array(2).fill(logVar));
  model.parameters["mean.bias"]?.write(new Float32Array(2));
  return model;
}

describe("the aggregate posterior", () => {
  it("that is the prior has no divergence, no information and no holes", async () => {
    using model = linear(0, 0);
    const x = random.uniform(gpu, [500, 2], { seed: 1 });
    await gpu.evaluate([x]);
    const { buffers } = gpu.memory();
    const { kl, mutualInformation, holes, n } = await aggregatePosterior(model, x, { seed: 1 });
    expect(gpu.memory().buffers).toBe(buffers);
    expect(Math.abs(kl)).toBeLessThan(1e-5);
    expect(Math.abs(mutualInformation)).toBeLessThan(1e-5);
    expect(holes).toBeLessThan(0.04);
    expect(n).toBe(500);
    x.dispose();
  });

  it("is compared with the prior that the model draws from", async () => {
    using model = linear(0, 0);
    const x = random.uniform(gpu, [300, 2], { seed: 1 });
    using wide = await Gaussian.from(gpu, { mean: [0, 0], covariance: [4, 0, 0, 4] });
    const { kl, holes } = await aggregatePosterior(model.withPrior(wide), x, { seed: 1 });
    // KL(N(0, I) ‖ N(0, 4 I)) of two latents is log 4 − ¾, from 300 draws of ⅜ (|z|² − 2) of deviation ¾
    expect(Math.abs(kl - (Math.log(4) - 0.75))).toBeLessThan(4 * (0.75 / Math.sqrt(300)));
    expect(holes).toBeGreaterThan(0.1);
  });

  it("is refused where codes are entries of a codebook, which have no density", async () => {
    using model = new VQVAE(gpu, { image: [1, 1, 2], hidden: [4], positions: 1, dimension: 2, codes: 4 });
    const error = await failure(() => aggregatePosterior(model, gpu.zeros([3, 2])));
    expect([error.code, error.message]).toEqual([
      "unsupported",
      "aggregatePosterior: each image has one code of VQVAE's codebook, so its posterior is no density. Expected posteriors that spread; the frequencies of codes are what terms(x).perplexity tells.",
    ]);
  });

  it("of codes that are far apart tells log n nats of its image, and is full of holes", async () => {
    using model = linear(1e4, -2);
    const x = random.uniform(gpu, [40, 2], { seed: 2 });
    const { mutualInformation, holes } = await aggregatePosterior(model, x);
    expect(mutualInformation).toBeCloseTo(Math.log(40), 4);
    expect(holes).toBe(1);
  });

  it("and what codes tell add up to the sampled divergence, as in float64", async () => {
    using model = linear(3, -1);
    const n = 20;
    const x = random.uniform(gpu, [n, 2], { seed: 3 });
    const found = await aggregatePosterior(model, x, { seed: 5 });
    const q = model.encode(x);
    const z = (await q.sample({ seed: 5, name: "aggregate codes" }).read()) as Float32Array;
    const [mean, logVar] = [(await q.mean.read()) as Float32Array, (await q.logVar.read()) as Float32Array];
    const log = (i: number, m: ArrayLike<number>, l: ArrayLike<number>, at: number): number => {
      let total = 0;
      for (const j of [0, 1]) {
        const variance = Math.exp(l[2 * at + j]!);
        total -= 0.5 * (Math.log(2 * Math.PI * variance) + (z[2 * i + j]! - m[2 * at + j]!) ** 2 / variance);
      }
      return total;
    };
    let [kl, information] = [0, 0];
    for (let i = 0; i < n; i++) {
      const each = Array.from({ length: n }, (_, at) => log(i, mean, logVar, at));
      const aggregate = Math.log(each.reduce((sum, value) => sum + Math.exp(value), 0) / n);
      kl += (aggregate - log(i, [0, 0], [0, 0], 0)) / n;
      information += (log(i, mean, logVar, i) - aggregate) / n;
    }
    expect(found.kl).toBeCloseTo(kl, 4);
    expect(found.mutualInformation).toBeCloseTo(information, 4);
  });

  it("is refused where codes are points, and at a quantile that is none", async () => {
    using model = new WAE(gpu, { image: [1, 1, 2], hidden: 3, latent: 2 });
    using vae = linear(1, 0);
    const x = gpu.zeros([3, 2]);
    expect((await failure(() => aggregatePosterior(model, x))).code).toBe("unsupported");
    expect((await failure(() => aggregatePosterior(vae, x, { quantile: 1 }))).message).toContain(
      "quantile as a number in (0, 1); got 1",
    );
  });
});

describe("walks between codes", () => {
  it("slerp keeps to the arc: both ends, the formula, and the straight line of equal directions", async () => {
    const [a, b] = [gpu.tensor([[3, 0, 0]]), gpu.tensor([[0, 4, 0]])];
    const found = (await slerp(a, b, 5).read()) as Float32Array;
    for (const [i, t] of [0, 0.25, 0.5, 0.75, 1].entries()) {
      expect(found[3 * i]).toBeCloseTo(3 * Math.sin(((1 - t) * Math.PI) / 2), 5);
      expect(found[3 * i + 1]).toBeCloseTo(4 * Math.sin((t * Math.PI) / 2), 5);
    }
    const same = (await slerp(a, gpu.tensor([[6, 0, 0]]), 3).read()) as Float32Array;
    expect([...same]).toEqual([3, 0, 0, 4.5, 0, 0, 6, 0, 0]);
    expect((await failure(() => slerp(a, gpu.tensor([[1, 2]]), 3))).message).toBe(
      "slerp: expected two codes [1, latent]; got [1, 3] and [1, 2].",
    );
  });

  it("traverse takes the label of its image, as numbers or as a tensor", async () => {
    using model = new ConditionalVAE(gpu, { image: [1, 2, 3], hidden: 4, latent: 2, classes: 3, seed: 1 });
    const x = random.uniform(gpu, [1, 6], { seed: 1 });
    const walk = async (labels: ArrayLike<number> | Tensor) => [
      ...((await traverse(model, x, { steps: 3, labels }).read()) as Float32Array),
    ];
    const found = await walk([2]);
    expect(await walk(gpu.tensor(Uint32Array.of(2), [1]))).toEqual(found);
    expect(await walk([1])).not.toEqual(found);
  });

  it("traverse replaces one number of a code at a time", async () => {
    using model = new VAE(gpu, { image: [1, 2, 3], hidden: 4, latent: 3, seed: 1 });
    const x = random.uniform(gpu, [1, 6], { seed: 1 });
    const found = traverse(model, x, { dimensions: [2, 0], range: [-1, 2], steps: 4 });
    expect(found.shape).toEqual([8, 1, 2, 3]);
    const code = [...((await model.encode(x).mean.read()) as Float32Array)];
    const expected = [2, 0].flatMap((j) =>
      [-1, 0, 1, 2].map((value) => code.map((one, at) => (at === j ? value : one))),
    );
    const images = (await model.decode(gpu.tensor(expected)).read()) as Float32Array;
    const got = (await found.read()) as Float32Array;
    for (const [i, value] of images.entries()) expect(got[i]).toBeCloseTo(value, 5);
    expect(traverse(model, x).shape[0]).toBe(21);
    expect((await failure(() => traverse(model, x, { dimensions: [3] }))).message).toBe(
      "traverse: expected dimensions from 0 to 2; got [3].",
    );
    expect((await failure(() => traverse(model, gpu.zeros([2, 6])))).message).toBe(
      "traverse: expected one image; got 2.",
    );
  });
});
