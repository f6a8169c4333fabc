import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  classScore,
  densityCoverage,
  eachPair,
  frechetDistance,
  type Gpu,
  kernelDistance,
  Moments,
  nearest,
  parzen,
  precisionRecall,
  sum,
  type Tensor,
} from "../src/index.ts";
import { rowsOf } from "../src/data/rows.ts";
import { failure, openShared } from "./helpers.ts";
import { generator } from "./table/row.ts";

const [N, D] = [2000, 64];
let gpu: Gpu;
let real: Float32Array<ArrayBuffer>;
let made: Float32Array<ArrayBuffer>;
let r: Tensor;
let g: Tensor;

/** Rows of a factor model: neighbours are near, as in features. */
function rowsFrom(seed: number, n: number, shift: number): Float32Array<ArrayBuffer> {
  const random = generator(seed);
  const normal = () => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const x = new Float32Array(n * D);
  for (let i = 0; i < n; i++) {
    const factors = Array.from({ length: 6 }, normal);
    for (let j = 0; j < D; j++)
      x[i * D + j] = shift + 0.3 * normal() + factors[j % 6]! * (0.5 + (j % 5) / 5) + 0.2 * factors[(j * 7) % 6]!;
  }
  return x;
}

/** |a_i − b_j|² in float64, [n, m]. */
function squaresOf(a: Float32Array, b: Float32Array): Float64Array {
  const [n, m] = [a.length / D, b.length / D];
  const found = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      let total = 0;
      for (let c = 0; c < D; c++) {
        const gap = a[i * D + c]! - b[j * D + c]!;
        total += gap * gap;
      }
      found[i * m + j] = total;
    }
  return found;
}

/** The k-th smallest of each row, its own place left out. */
const radii = (squares: Float64Array, n: number, k: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => {
    const row = squares.slice(i * n, (i + 1) * n);
    row[i] = Infinity;
    return row.sort()[k - 1]!;
  });

beforeAll(async () => {
  gpu = await openShared();
  [real, made] = [rowsFrom(1, N, 0), rowsFrom(2, N, 0.15)];
  [r, g] = [gpu.tensor(real, [N, D]), gpu.tensor(made, [N, D])];
});
afterAll(() => gpu.dispose());

describe("2,000 × 2,000 × 64 against float64", () => {
  let rr: Float64Array;
  let gg: Float64Array;
  let rg: Float64Array;
  beforeAll(() => {
    [rr, gg, rg] = [squaresOf(real, real), squaresOf(made, made), squaresOf(real, made)];
  });

  test("precision, recall, density and coverage count the same pairs", async () => {
    const count = (radius: Float64Array, byReal: boolean) => {
      const inside = new Float64Array(N);
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++) {
          const value = byReal ? rg[i * N + j]! : rg[j * N + i]!;
          if (value <= radius[i]!) inside[j]! += 1;
        }
      return inside;
    };
    const share = (counts: Float64Array) => counts.filter((c) => c > 0).length / N;
    const found = await precisionRecall(r, g, { k: 3, resamples: 0 });
    expect(found.precision).toBe(share(count(radii(rr, N, 3), true)));
    expect(found.recall).toBe(share(count(radii(gg, N, 3), false)));
    expect(found.value).toBe(found.precision);
    expect(found.n).toEqual({ real: N, generated: N });
    const five = radii(rr, N, 5);
    const { density, coverage } = await densityCoverage(r, g, { k: 5, resamples: 0 });
    expect(density * 5 * N).toBeCloseTo(
      count(five, true).reduce((a, b) => a + b, 0),
      6,
    );
    let covered = 0;
    for (let i = 0; i < N; i++) if (Math.min(...rg.subarray(i * N, (i + 1) * N)) <= five[i]!) covered++;
    expect(coverage).toBe(covered / N);
  });

  test("kernel distances are right to 1e-5", async () => {
    const mean = (squares: Float64Array, a: Float32Array, b: Float32Array, own: boolean, rbf: boolean) => {
      let total = 0;
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++) {
          if (own && i === j) continue;
          if (rbf) total += Math.exp(-squares[i * N + j]! / 128);
          else {
            let dot = 0;
            for (let c = 0; c < D; c++) dot += a[i * D + c]! * b[j * D + c]!;
            total += (dot / D + 1) ** 3;
          }
        }
      return total / (own ? N * (N - 1) : N * N);
    };
    for (const rbf of [false, true]) {
      const expected =
        mean(rr, real, real, true, rbf) + mean(gg, made, made, true, rbf) - 2 * mean(rg, real, made, false, rbf);
      const { value, interval } = await kernelDistance(r, g, rbf ? { kernel: "rbf", sigma: 8 } : {});
      expect(Math.abs(value / expected - 1)).toBeLessThan(1e-5);
      expect(interval![0] < value && value < interval![1]).toBe(true);
    }
  });

  test("Parzen log-densities are right to 1e-5", async () => {
    const h = 0.7;
    let total = 0;
    for (let j = 0; j < N; j++) {
      const logs = Float64Array.from({ length: N }, (_, i) => -rg[i * N + j]! / (2 * h * h));
      const top = logs.reduce((a, b) => Math.max(a, b));
      total += top + Math.log(logs.reduce((sum_, value) => sum_ + Math.exp(value - top), 0)) - Math.log(N);
    }
    const expected = total / N - D * Math.log(h * Math.sqrt(2 * Math.PI));
    const { value, deviation } = await parzen(r, g, { bandwidth: h });
    expect(Math.abs(value / expected - 1)).toBeLessThan(1e-5);
    expect(deviation).toBeGreaterThan(0);
  });

  test("neighbours are those of float64, a row not its own", async () => {
    const { indices, squared } = await nearest(rowsOf("test", r), rowsOf("test", r), 2, { others: true });
    for (const i of [0, 7, 1999]) {
      const row = rr.slice(i * N, (i + 1) * N);
      row[i] = Infinity;
      const order = Array.from(row.keys()).sort((a, b) => row[a]! - row[b]!);
      expect([...indices.subarray(2 * i, 2 * i + 2)]).toEqual(order.slice(0, 2));
      expect(Math.abs(squared[2 * i]! / row[order[0]!]! - 1)).toBeLessThan(1e-6);
    }
  });
});

test("neighbours whose squared distance f32 does not hold are refused, not named at random", async () => {
  const [a, b] = [gpu.tensor([[0], [3e19]]), gpu.tensor([[1], [-3e19]])];
  const error = await failure(() => nearest(a, b, 2));
  expect(error).toMatchObject({ code: "numeric" });
  expect(error.message).toMatch(/^nearest: row 0 has only 1 neighbours nearer than 1.8e19/);
  expect([...(await nearest(gpu.tensor([[0]]), b, 1)).indices]).toEqual([0]);
});

describe("whatever the order and the parts", () => {
  test("counts are the same for rows in another order, and in a stream of parts", async () => {
    const [a, b] = [rowsFrom(3, 300, 0), rowsFrom(4, 257, 0.2)];
    const turned = (x: Float32Array) => {
      const n = x.length / D;
      const y = new Float32Array(x.length);
      for (let i = 0; i < n; i++) y.set(x.subarray(((i * 7 + 3) % n) * D, (((i * 7 + 3) % n) + 1) * D), i * D);
      return y;
    };
    const [x, y] = [gpu.tensor(a, [300, D]), gpu.tensor(b, [257, D])];
    const whole = await precisionRecall(x, y, { resamples: 0 });
    const other = await precisionRecall(gpu.tensor(turned(a), [300, D]), gpu.tensor(turned(b), [257, D]), {
      resamples: 0,
    });
    expect([other.precision, other.recall]).toEqual([whole.precision, whole.recall]);
    const [first, second] = [
      precisionRecall.streaming({ real: x, resamples: 0 }),
      precisionRecall.streaming({ real: x, resamples: 0 }),
    ];
    const part = (from: number, to: number) => gpu.tensor(b.slice(from * D, to * D), [to - from, D]);
    await first.update(part(0, 100));
    await first.update(part(100, 101));
    await second.update(part(101, 257));
    const merged = await first.merge(second).result();
    expect([merged.precision, merged.recall]).toEqual([whole.precision, whole.recall]);
    for (const stream of [first, second]) stream.dispose();
  });

  test("a set and itself have the ideal values", async () => {
    const x = gpu.tensor(rowsFrom(5, 200, 0), [200, D]);
    const { precision, recall } = await precisionRecall(x, x, { resamples: 0 });
    const { density, coverage, open } = await densityCoverage(x, x, { resamples: 0 });
    expect([precision, recall, coverage, open.density]).toEqual([1, 1, 1, 1]);
    expect(density).toBeCloseTo(6 / 5, 12);
    expect((await kernelDistance(x, x, { estimator: "biased" })).value).toBeCloseTo(0, 9);
    expect((await kernelDistance(x, x, { estimator: "u" })).value).toBeCloseTo(0, 6);
  });

  test("a shift by a large number changes no squared distance of whole numbers", async () => {
    const whole = (shift: number) =>
      gpu.tensor(
        Float32Array.from({ length: 50 * 3 }, (_, i) => shift + ((i * 37) % 11)),
        [50, 3],
      );
    const of = async (x: Tensor) => {
      const blocks = await eachPair(rowsOf("test", x), rowsOf("test", x), (squares) => [sum(squares, 1)]);
      return blocks.flatMap(({ found }) => [...found[0]!]);
    };
    expect(await of(whole(2 ** 20))).toEqual(await of(whole(0)));
  });
});

describe("moments of batches", () => {
  test("are read once, and right to 1e-6 of float64", async () => {
    // more features than are read back and multiplied in float64; each batch has a mean of its own
    const [n, d] = [1500, 96];
    const random = generator(9);
    const x = Float32Array.from({ length: n * d }, (_, at) => random() + (at % 7) * 0.3 + Math.floor(at / d / 512));
    let reads = 0;
    const map = GPUBuffer.prototype.mapAsync;
    GPUBuffer.prototype.mapAsync = function (...given) {
      reads++;
      return map.apply(this, given);
    };
    try {
      const stream = Moments.streaming();
      for (let at = 0; at < n; at += 512) {
        const size = Math.min(512, n - at);
        await stream.update(gpu.tensor(x.slice(at * d, (at + size) * d), [size, d]));
      }
      const { count, mean, covariance } = await stream.result();
      stream.dispose();
      expect([reads, count]).toEqual([1, n]);
      const exact = new Float64Array(d);
      for (let at = 0; at < x.length; at++) exact[at % d]! += x[at]! / n;
      for (let j = 0; j < d; j++) expect(Math.abs(mean[j]! - exact[j]!)).toBeLessThan(1e-6);
      for (let a = 0; a < d; a += 7)
        for (let b = 0; b <= a; b++) {
          let total = 0;
          for (let i = 0; i < n; i++) total += (x[i * d + a]! - exact[a]!) * (x[i * d + b]! - exact[b]!);
          expect(Math.abs(covariance[a * d + b]! - total / (n - 1))).toBeLessThan(1e-6);
        }
    } finally {
      GPUBuffer.prototype.mapAsync = map;
    }
  });

  test("streamed Fréchet distances are those of the whole, and say their conditions", async () => {
    const stream = frechetDistance.streaming({ real: r, features: "six factors" });
    await stream.update(gpu.tensor(made.slice(0, 700 * D), [700, D]));
    await stream.update(gpu.tensor(made.slice(700 * D), [N - 700, D]));
    const parts = await stream.result();
    stream.dispose();
    const whole = await frechetDistance(r, g, { features: "six factors" });
    expect(Math.abs(parts.value / whole.value - 1)).toBeLessThan(1e-5);
    expect(String(whole)).toMatch(
      /^frechetDistance [\d.]+, meanTerm .* to .*; n = 2000 real, 2000 generated; features: six factors\)$/,
    );
  });
});

test("what measures cannot use is refused by name", async () => {
  const x = gpu.tensor(rowsFrom(6, 10, 0), [10, D]);
  expect((await failure(() => precisionRecall(x, x, { k: 10 }))).message).toMatch(/k below the 10 rows.*got 10/);
  expect((await failure(() => kernelDistance(x, x, { subsetSize: 11 }))).message).toMatch(/subsetSize.*10; got 11/);
  expect((await failure(() => kernelDistance(x, x, { kernel: "rbf2" as "rbf" }))).message).toMatch(
    /kernel "polynomial" or "rbf"; got "rbf2"/,
  );
  expect((await failure(() => parzen(x, x, { bandwidth: -1 }))).message).toMatch(
    /bandwidth as a number > 0, "validation", "scott" or "silverman"; got -1/,
  );
  expect((await failure(() => densityCoverage(x, x, { neighbours: 3 } as object))).message).toMatch(/unknown option/);
  expect((await failure(() => precisionRecall([[1, 2]], [[3, 4]]))).message).toMatch(/which gpu to use/);
  expect((await failure(() => classScore(gpu.tensor([[0.5, 0.5]]), { splits: 0 }))).message).toMatch(
    /splits as a whole number/,
  );
  const bad = rowsFrom(7, 10, 0);
  bad[3 * D + 2] = NaN;
  const error = await failure(() => precisionRecall(gpu.tensor(bad, [10, D]), x));
  expect(error.message).toMatch(/precisionRecall: row 3, feature 2 is NaN/);
});
