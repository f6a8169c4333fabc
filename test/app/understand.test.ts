import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addressOf,
  FACTORS,
  FIRST,
  parseAddress,
  MEAN_LIMIT,
  type Settings,
} from "../../src/app/page/understand/address.ts";
import { clusteredPoints, normals } from "../../src/app/page/understand/clusters.ts";
import { dialProgram, DRAWS, SHOWN } from "../../src/app/page/understand/dialProgram.ts";
import { divergence } from "../../src/app/page/understand/divergence.ts";
import { ellipseOf } from "../../src/app/page/understand/ellipse.ts";
import { afterSteps, beginning, verdictOf } from "../../src/app/page/understand/em.ts";
import { formula, index, row } from "../../src/app/page/understand/formula.ts";
import { type Frame, lineThrough, placeOf, valuesAt } from "../../src/app/page/understand/frame.ts";
import { spectrumOf } from "../../src/app/page/understand/gaussian.ts";
import { density, drawsOf, frechet, type Law, overlap } from "../../src/app/page/understand/laws.ts";
import { pixelPair } from "../../src/app/page/understand/pixelPair.ts";
import { PUBLISHED } from "../../src/app/page/understand/published.ts";
import { estimateOf } from "../../src/app/page/understand/scores.ts";
import { STORY } from "../../src/app/page/understand/story.ts";
import { shifted } from "../../src/app/page/understand/strokes.ts";
import { html } from "../../src/app/report/markup.ts";
import { unitUniforms } from "../../src/data/philox.ts";
import { meanAndVariance } from "../../src/metrics/statistics.ts";
import { eigenpairs } from "../../src/linalg/tridiagonal.ts";
import { Gaussian, type Gpu, kl, VAE } from "../../src/index.ts";
import { openShared } from "../helpers.ts";

const standard: Law = { mean: 0, deviation: 1, hasHumps: false };
const sumOf = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);

describe("laws of one number", () => {
  const humps: Law = { mean: 1, deviation: 2, hasHumps: true };

  it("have densities whose integral is 1, with the mean and the deviation that they say", () => {
    for (const law of [standard, humps, { mean: -2, deviation: 0.3, hasHumps: true }]) {
      const width = 0.001;
      const xs = Array.from({ length: 40_000 }, (_, i) => -20 + (i + 0.5) * width);
      const moment = (of: (x: number) => number) => sumOf(xs.map((x) => density(law, x) * of(x))) * width;
      expect(moment(() => 1)).toBeCloseTo(1, 6);
      expect(moment((x) => x)).toBeCloseTo(law.mean, 6);
      expect(moment((x) => (x - law.mean) ** 2)).toBeCloseTo(law.deviation ** 2, 6);
    }
  });

  it("are at the distance of their means and deviations, whatever their form", () => {
    expect(frechet(standard, { mean: 3, deviation: 0.5, hasHumps: false })).toBe(9.25);
    expect(frechet(standard, { ...standard, hasHumps: true })).toBe(0);
  });

  it("have in common what lies under both curves", () => {
    expect(overlap(standard, standard)).toBeCloseTo(1, 6);
    // 2·Φ(−1)
    expect(overlap(standard, { mean: 2, deviation: 1, hasHumps: false })).toBeCloseTo(0.3173105079, 5);
    const apart = overlap(standard, { ...standard, hasHumps: true });
    expect(apart).toBeGreaterThan(0.6);
    expect(apart).toBeLessThan(0.75);
  });

  it("are drawn from with their moments", () => {
    const n = 100_000;
    const drawn = drawsOf(humps, normals(n, 1), unitUniforms(n, 2, 0));
    const { mean, variance } = meanAndVariance(drawn);
    expect(Math.abs(mean - 1)).toBeLessThan(4 * Math.sqrt(variance / n));
    expect(Math.sqrt(variance)).toBeCloseTo(2, 1);
  });
});

describe("the divergence of a code", () => {
  it("is that of the README's example, 0 only at N(0, I), and grows as the deviations do", () => {
    expect(divergence([1, -0.5], [0, Math.log(4)], 1)).toBeCloseTo(1.43185281944, 10);
    expect(divergence([0, 0, 0], [0, 0, 0], 1)).toBe(0);
    // KL(t) − KL(1) = ½ Σ s² (t² − 1) − d · ln t
    const [mean, logVar] = [[0.3, -1, 2], [-3, -1, 0.2]]; // prettier-ignore
    const squares = sumOf(logVar.map(Math.exp));
    for (const t of [1 / 8, 0.7, 8]) {
      const difference = divergence(mean, logVar, t) - divergence(mean, logVar, 1);
      expect(difference).toBeCloseTo(0.5 * squares * (t * t - 1) - 3 * Math.log(t), 10);
    }
  });
});

describe("pictures", () => {
  const frame: Frame = { width: 400, height: 300, left: 50, right: 10, top: 20, bottom: 40, x: { from: 1, to: 100, isLog: true }, y: { from: -2, to: 2 } }; // prettier-ignore

  it("place values between the ends of their axes, and find them again", () => {
    expect(placeOf(frame, 10, 0)).toEqual([220, 140]);
    expect(valuesAt(frame, 220, 140)).toEqual([expect.closeTo(10, 10), 0]);
    expect(valuesAt(frame, -5, 999)).toEqual([1, -2]);
    expect(lineThrough(frame, [[1, -2], [100, 2]])).toBe("M50.0 260.0L390.0 20.0"); // prettier-ignore
  });

  it("have ellipses along the eigenvectors of a covariance", () => {
    expect(ellipseOf([4, 0, 0, 1], 2)).toEqual({ long: 4, short: 2, angle: 0 });
    const { long, short, angle } = ellipseOf([2, 1, 1, 2], 1);
    expect([long ** 2, short ** 2, angle]).toEqual([3, 1, Math.PI / 4].map((value) => expect.closeTo(value, 12) as number)); // prettier-ignore
    expect(ellipseOf([1, 0, 0, 4], 1).angle).toBeCloseTo(Math.PI / 2, 12);
  });

  it("tell how two pixels go together", () => {
    // three pixels of four images: the second follows the first, the third is against it
    const images = Float32Array.of(0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0);
    expect(pixelPair(images, 3, 0, 1)).toEqual({ correlation: 1, counts: { bright: 2, dark: 2 }, brightAmong: { bright: 1, dark: 0 } }); // prettier-ignore
    expect(pixelPair(images, 3, 0, 2).correlation).toBe(-1);
    expect(pixelPair(Float32Array.of(0, 0, 0, 1), 2, 0, 1)).toEqual({ correlation: undefined, counts: { bright: 0, dark: 2 }, brightAmong: { bright: undefined, dark: 0.5 } }); // prettier-ignore
  });

  it("shift a stroke without bringing it back on the other side", () => {
    const image = new Float32Array(784);
    image[28 + 26] = 1;
    expect(shifted(image, -3)[28 + 23]).toBe(1);
    expect(sumOf(shifted(image, 3))).toBe(0);
  });

  it("write formulas as MathML, whose brackets keep their size", () => {
    expect(html(formula(row("ln p(", index("x", "10"), ")≥2.5")))).toBe(
      '<math display="block"><mrow><mi>ln</mi><mspace width="0.17em"></mspace><mi>p</mi><mo stretchy="false">(</mo><msub><mrow><mi>x</mi></mrow><mrow><mn>10</mn></mrow></msub><mo stretchy="false">)</mo><mo>≥</mo><mn>2.5</mn></mrow></math>',
    );
  });
});

describe("the address", () => {
  it("gives back what it was made of, and is short where nothing was moved", () => {
    const moved: Settings = { ...FIRST, pixels: [3, 783], digit: 5, image: 7, directions: 784, means: [0, -1.25, 3.6, -3.6, 0.5, 1], steps: 12, noise: 0, beta: 5, law: { mean: -0.75, deviation: 1.2, hasHumps: true }, draws: 0 }; // prettier-ignore
    expect(parseAddress(addressOf(moved))).toEqual(moved);
    expect(addressOf(FIRST)).toBe("#understand");
    expect(parseAddress("#understand")).toEqual(FIRST);
  });

  it.each([
    "pixels=1",
    "pixels=1,784",
    "k=0",
    "k=1.5",
    "means=1,2,3,4,5,9",
    "means=,,,,,",
    "steps=1e9",
    "noise=25",
    "beta=-1",
    "deviation=0",
    "mean=x",
    "humps=yes",
    "draws=",
    "digit=1024",
  ])(
    // prettier-ignore
    "leaves out %s",
    (text) => expect(parseAddress(`#understand?${text}`)).toEqual(FIRST),
  );
});

describe("the text", () => {
  it("has two to four sentences and a formula a chapter, and the numbers of the committed reports", () => {
    for (const { paragraph, title } of Object.values(STORY)) {
      const sentences = paragraph.match(/[.:?](?= [A-Z]|$)/g)!.length;
      expect(sentences, title).toBeGreaterThanOrEqual(2);
      expect(sentences, title).toBeLessThanOrEqual(4);
    }
    const json = (name: string) => JSON.parse(readFileSync(`bench/results/${name}.json`, "utf8")) as unknown;
    const { rows } = json("family") as { rows: { model: string; [from: string]: unknown }[] };
    const samples = rows.find(({ model }) => model === "AutoEncoder") as unknown as { [from in "prior" | "mixture"]: { frechet: { value: number } } }; // prettier-ignore
    const rounded = (value: number) => Number(value.toFixed(1));
    expect(PUBLISHED.autoEncoder.prior).toBe(rounded(samples.prior.frechet.value));
    expect(PUBLISHED.autoEncoder.mixture).toBe(rounded(samples.mixture.frechet.value));
    const { floor } = json("report") as { floor: { frechetDistance: { value: number; n: number; interval: number[] } } }; // prettier-ignore
    const { value, n, interval } = floor.frechetDistance;
    expect(PUBLISHED.realImages).toEqual({ n, distance: rounded(value), interval: interval.map(rounded) });
  });
});

describe("on the GPU", () => {
  let gpu: Gpu;
  const owned: { dispose(): void }[] = [];
  const own = <T extends { dispose(): void }>(one: T): T => (owned.push(one), one);
  const bytesOf = (name: string) => Uint8Array.from(readFileSync(`src/app/studio/models/${name}.safetensors`));
  beforeAll(async () => {
    gpu = await openShared();
  });
  afterAll(() => {
    for (const one of owned.reverse()) one.dispose();
    gpu.dispose();
  });

  it("each step of EM raises the log-likelihood, and several are as many single ones", async () => {
    const points = clusteredPoints();
    expect(Math.max(...points.map((value, i) => (i % 2 ? Math.abs(value) : 0)))).toBeLessThan(MEAN_LIMIT);
    const x = own(gpu.tensor(points, [points.length / 2, 2]));
    let mixture = beginning(FIRST.means);
    const { responsibilities, logLikelihood } = await verdictOf(gpu, x, mixture);
    expect(sumOf(responsibilities)).toBeCloseTo(points.length / 2, 3);
    let last = logLikelihood;
    for (let step = 0; step < 12; step++) {
      mixture = await afterSteps(x, mixture, 1);
      const verdict = await verdictOf(gpu, x, mixture);
      // float32 of log-densities
      expect(verdict.logLikelihood - last).toBeGreaterThan(-1e-6);
      if (step < 4) expect(verdict.logLikelihood).toBeGreaterThan(last);
      last = verdict.logLikelihood;
    }
    const once = await afterSteps(x, beginning(FIRST.means), 12);
    for (const [i, value] of once.means.entries()) expect(Math.abs(value - mixture.means[i]!)).toBeLessThan(1e-3);
  });

  it("a component far from all points takes part in EM without a fault", async () => {
    const points = clusteredPoints();
    const x = own(gpu.tensor(points, [points.length / 2, 2]));
    let mixture = beginning([3.6, 3.6, 3.6, -3.6, -3.6, -3.6]);
    for (let step = 0; step < 5; step++) mixture = await afterSteps(x, mixture, 1);
    expect(Number.isFinite((await verdictOf(gpu, x, mixture)).logLikelihood)).toBe(true);
  });

  it("the spectrum adds up to the variance of all pixels, and a cut leaves the mean and its directions", async () => {
    const gaussian = own(await Gaussian.load(gpu, bytesOf("gaussian")));
    const { variances, samples } = await spectrumOf({ gpu, own, gaussian }, async (found, n) => {
      const { values, vectors } = eigenpairs(Float64Array.from(found), n);
      return { values, vectors: Float32Array.from(vectors) };
    });
    expect(variances).toHaveLength(784);
    const covariance = gaussian.covariance;
    const dense = await covariance.read();
    covariance.dispose();
    const trace = sumOf(Array.from({ length: 784 }, (_, i) => dense[i * 785]!));
    expect(Math.abs(sumOf(variances) / trace - 1)).toBeLessThan(1e-5);
    expect([...variances].every((value, i) => i === 0 || value <= variances[i - 1]!)).toBe(true);
    const mean = await gaussian.mean.read();
    const differences = async (k: number) => (await samples(k)).map((value, i) => value - mean[i % 784]!);
    // with one direction all samples differ from the mean by a multiple of the same image
    const one = await differences(1);
    const [a, b] = [one.subarray(0, 784), one.subarray(784, 1568)];
    const dot = (u: Float32Array, v: Float32Array) => sumOf(u.map((value, i) => value * v[i]!));
    expect(Math.abs(dot(a, b)) / Math.sqrt(dot(a, a) * dot(b, b))).toBeCloseTo(1, 4);
    const squares = (values: Float32Array) => sumOf(values.map((value) => value * value)) / 8;
    expect(squares(await differences(40))).toBeGreaterThan(squares(one));
  });

  it("the dial's KL is the model's own at t = 1, and its reconstruction falls with less noise", async () => {
    const vae = own(VAE.load(gpu, bytesOf("vae")));
    const run = await dialProgram({ gpu, own, vae });
    const digit = Float32Array.from({ length: 784 }, (_, p) => (p % 28 > 12 && p % 28 < 16 && p > 140 && p < 644 ? 1 : 0)); // prettier-ignore
    const { mean, logVar, reconstruction, images } = await run(digit);
    using exact = kl(gpu.tensor(mean, [1, mean.length]), gpu.tensor(logVar, [1, mean.length]));
    const nats = await exact.item();
    expect(Math.abs(divergence(mean, logVar, 1) / nats - 1)).toBeLessThan(1e-5);
    expect(reconstruction).toHaveLength(FACTORS.length * DRAWS);
    expect(images).toHaveLength(FACTORS.length * SHOWN * 784);
    const costs = FACTORS.map((_, i) => meanAndVariance(reconstruction.subarray(i * DRAWS, (i + 1) * DRAWS).map((value) => -value)).mean); // prettier-ignore
    expect(costs[0]!).toBeLessThan(costs[12]!);
    expect(costs[12]!).toBeLessThan(costs[24]!);
    // where the text says that the sum is smallest
    const best = (beta: number) => {
      const sums = costs.map((cost, i) => cost + beta * divergence(mean, logVar, FACTORS[i]!));
      return FACTORS[sums.indexOf(Math.min(...sums))]!;
    };
    expect([0.7, 1.2].map((t) => Math.sign(best(4) - t))).toEqual([1, -1]);
    expect([0.35, 0.72].map((t) => Math.sign(best(1) - t))).toEqual([1, -1]);
  });

  it("draws of equal laws are apart by about 3s²/n on average, which many draws take away", async () => {
    const repeats = 400;
    const n = 20;
    const values = normals(2 * n * repeats, 5);
    let total = 0;
    for (let i = 0; i < repeats; i++) {
      const [a, b] = [0, 1].map((half) => {
        const own = values.subarray((2 * i + half) * n, (2 * i + half + 1) * n);
        const { mean, variance } = meanAndVariance(own);
        return { mean, deviation: Math.sqrt(variance), hasHumps: false };
      });
      total += frechet(a!, b!) / repeats;
    }
    expect(total).toBeGreaterThan(2.5 / n);
    expect(total).toBeLessThan(3.5 / n);
    expect(await estimateOf(gpu, standard, 1000)).toBeLessThan(0.02);
    const far: Law = { mean: 2, deviation: 0.5, hasHumps: true };
    expect(Math.abs((await estimateOf(gpu, far, 1000)) - frechet(standard, far))).toBeLessThan(0.25);
  });
});
