import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grad } from "../src/graph/grad.ts";
import { add, mul, square, sub } from "../src/graph/ops/arithmetic.ts";
import { matmul } from "../src/graph/ops/matmul.ts";
import { random } from "../src/graph/ops/random.ts";
import { expand, reshape, transpose } from "../src/graph/ops/shape.ts";
import { sum } from "../src/graph/ops/sum.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { linalg } from "../src/linalg/index.ts";
import { swap } from "../src/linalg/matrix.ts";
import { singularValues } from "../src/linalg/singular.ts";
import { eigenvalues } from "../src/linalg/tridiagonal.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { hardwareRoutes, openShared } from "./helpers.ts";

const oracle = JSON.parse(readFileSync(new URL("./oracles/iris.json", import.meta.url), "utf8")) as {
  x: number[][];
  eigenvalues: number[];
};
let gpu: Gpu;
/** The same adapter, with the kernels of hardware. */
let hardware: Gpu;
beforeAll(async () => {
  gpu = await openShared();
  hardware = hardwareRoutes(await openShared());
});
afterAll(() => {
  gpu.dispose();
  hardware.dispose();
});

/** A stack of covariances of 2n normal rows: well conditioned. */
function spd(stack: number, n: number, seed = 1): Tensor {
  const z = random.normal(gpu, [stack, n, 2 * n], { seed });
  return mul(matmul(z, swap(z)), 1 / (2 * n));
}
const largest = async (x: Tensor) =>
  Array.from(await x.read()).reduce((m: number, v: number) => Math.max(m, Math.abs(v)), 0);

describe("factors and systems", () => {
  test.each([
    [1, 1],
    [1, 3],
    [3, 5],
    [1, 32],
    [2, 33],
    [1, 64],
    [5, 40],
    [1, 345],
  ])("cholesky and both triangular solves of %i matrices of %i rows", async (stack, n) => {
    const a = spd(stack, n);
    const { factor, failedPivot } = linalg.cholesky(a);
    const b = random.normal(gpu, [stack, n, 7], { seed: 2 });
    const [x, y] = [linalg.solveTriangular(factor, b), linalg.solveTriangular(factor, b, { transpose: true })];
    const residuals = [
      sub(matmul(factor, swap(factor)), a),
      sub(matmul(factor, x), b),
      sub(matmul(swap(factor), y), b),
    ];
    // γ_{n+1} of entries near 1, times the norm of the factor
    for (const residual of residuals) expect(await largest(residual)).toBeLessThan((n + 20) * 2 ** -23);
    expect([...(await failedPivot.read())]).toEqual(new Array(stack).fill(-1));
    const upper = await factor.read();
    if (n > 1) expect(upper[1]).toBe(0);
  });

  test.each([
    [3, 65],
    [1, 134],
  ])("hardware's factors and systems, %i matrices of %i rows, are the software adapter's", async (stack, n) => {
    const a = spd(stack, n);
    const expected = await linalg.cholesky(a).factor.read();
    const theirs = hardware.tensor(Float32Array.from(await a.read()), [stack, n, n]);
    const { factor, failedPivot } = linalg.cholesky(theirs);
    const b = random.normal(hardware, [stack, n, 67], { seed: 2 });
    const [x, y] = [linalg.solveTriangular(factor, b), linalg.solveTriangular(factor, b, { transpose: true })];
    const residuals = [matmul(factor, x), matmul(swap(factor), y), matmul(theirs, linalg.solve(theirs, b))];
    // |T|·|x| stays below 4
    for (const product of residuals) expect(await largest(sub(product, b))).toBeLessThan((n + 20) * 2 ** -22);
    // the same sums in the same order; products and sums may contract otherwise
    for (const [i, value] of (await factor.read()).entries())
      expect(Math.abs(value - expected[i]!)).toBeLessThan((n + 20) * 2 ** -23);
    expect([...(await failedPivot.read())]).toEqual(new Array(stack).fill(-1));
  });

  test("inverse and log-determinant of a stack", async () => {
    const a = spd(2, 50);
    expect(await largest(sub(matmul(a, linalg.inverse(a)), expand(eye(50), [2, 50, 50])))).toBeLessThan(1e-4);
    const values = await a.read();
    const logs = await linalg.logdet(a).read();
    for (const s of [0, 1]) {
      const exact = eigenvalues(Float64Array.from(values.subarray(s * 2500, (s + 1) * 2500)), 50).reduce(
        (total, v) => total + Math.log(v),
        0,
      );
      expect(Math.abs(logs[s]! - exact)).toBeLessThan(1e-4 * Math.abs(exact));
    }
  });

  test("a bad pivot is data: its index, and a finite factor", async () => {
    const a = gpu.tensor([
      [
        [4, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
      [
        [1, 2, 0],
        [2, 1, 0],
        [0, 0, 1],
      ],
      [
        [1, 0, 0],
        [0, 2, 0],
        [0, 0, -1],
      ],
      [
        [1, 1, 0],
        [1, 1, 0],
        [0, 0, 1],
      ],
    ]);
    const { factor, failedPivot } = linalg.cholesky(a);
    expect([...(await failedPivot.read())]).toEqual([-1, 1, 2, 1]);
    for (const value of await factor.read()) expect(Number.isFinite(value)).toBe(true);
    const late = spd(1, 70);
    const spoilt = gpu.tensor(
      Float32Array.from(await late.read(), (v, i) => (Math.floor(i / 70) === 50 && i % 70 === 50 ? -1 : v)),
      [70, 70],
    );
    expect(await linalg.cholesky(spoilt).failedPivot.item()).toBe(50);
  });

  test.each([
    ["a negative pivot", 5, 5, -1, 5],
    ["NaN in a block", 5, 3, NaN, 5],
    ["∞ in a block", 5, 3, Infinity, 5],
    ["NaN below a block", 60, 3, NaN, 60],
    ["∞ on the diagonal", 40, 40, Infinity, 40],
    ["NaN on the diagonal", 40, 40, NaN, 40],
  ])("%s makes its row and column those of the identity", async (_, row, column, value, failed) => {
    const n = 70;
    const whole = Float32Array.from(await spd(1, n).read());
    whole[row * n + column] = value;
    for (const on of [gpu, hardware]) {
      const { factor, failedPivot } = linalg.cholesky(on.tensor(whole, [n, n]));
      const l = await factor.read();
      expect(await failedPivot.item()).toBe(failed);
      for (let k = 0; k < n; k++) {
        expect(l[row * n + k]).toBe(Number(k === row));
        expect(l[k * n + row]).toBe(Number(k === row));
      }
      // and the rest is the factor of what is left
      for (let i = 0; i < n; i++)
        for (let j = 0; j <= i; j++) {
          if (i === row || j === row) continue;
          let product = 0;
          for (let k = 0; k <= j; k++) product += l[i * n + k]! * l[j * n + k]!;
          expect(Math.abs(product - whole[i * n + j]!)).toBeLessThan(
            1e-4 * Math.sqrt(whole[i * n + i]! * whole[j * n + j]!),
          );
        }
    }
  });

  test("shapes that do not fit are refused", () => {
    expect(() =>
      linalg.cholesky(
        gpu.tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ),
    ).toThrow(/no square matrix. Expected \[..., n, n\]; got \[2, 3\]/);
    expect(() => linalg.solveTriangular(eye(3), gpu.tensor([[1], [2]]))).toThrow(/sizes do not fit/);
    expect(() => linalg.covariance(gpu.tensor([[1, 2]]))).toThrow(/too few rows/);
  });
});

const eye = (n: number): Tensor =>
  gpu.tensor(
    Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
    [n, n],
  );

describe("gradients", () => {
  /** The slope along a symmetric direction, analytic and by differences. */
  async function slopes(loss: (a: Tensor) => Tensor, n: number): Promise<[number, number]> {
    const a = spd(1, n);
    const matrix = reshape(a, [n, n]);
    const base = gpu.tensor(Float32Array.from(await matrix.read()), [n, n]);
    const z = random.normal(gpu, [n, n], { seed: 7 });
    const direction = gpu.tensor(Float32Array.from(await add(z, transpose(z)).read()), [n, n]);
    const [g] = grad(loss(base), [base]);
    const analytic = await sum(mul(g!, direction)).item();
    const h = 2 ** -9;
    const [up, down] = [
      await loss(add(base, mul(direction, h))).item(),
      await loss(sub(base, mul(direction, h))).item(),
    ];
    return [analytic, (up - down) / (2 * h)];
  }

  test.each([
    ["logdet", 6],
    ["cholesky", 5],
    ["inverse", 5],
  ] as const)("of %s", async (name, n) => {
    const probe = random.normal(gpu, [n, n], { seed: 9 });
    const losses = {
      logdet: (a: Tensor) => linalg.logdet(a),
      cholesky: (a: Tensor) => sum(mul(linalg.cholesky(a).factor, probe)),
      inverse: (a: Tensor) => sum(mul(linalg.inverse(a), probe)),
    };
    const [analytic, numeric] = await slopes(losses[name], n);
    expect(Math.abs(analytic - numeric)).toBeLessThan(1e-2 * Math.abs(numeric) + 1e-3);
  });

  test("of both triangular solves, by both arguments", async () => {
    const l = reshape(linalg.cholesky(spd(1, 5)).factor, [5, 5]);
    const factor = gpu.tensor(Float32Array.from(await l.read()), [5, 5]);
    const b = gpu.tensor(Float32Array.from(await random.normal(gpu, [5, 3], { seed: 4 }).read()), [5, 3]);
    for (const transposed of [false, true]) {
      const loss = (m: Tensor, r: Tensor) => sum(square(linalg.solveTriangular(m, r, { transpose: transposed })));
      const [dL, dB] = grad(loss(factor, b), [factor, b]);
      const [gl, gb] = [await dL!.read(), await dB!.read()];
      const h = 2 ** -8;
      const bumped = async (at: number, by: number, of: Tensor) =>
        gpu.tensor(
          Float32Array.from(await of.read(), (v, i) => (i === at ? v + by : v)),
          of.shape,
        );
      for (const at of [0, 10, 24]) {
        const numeric =
          ((await loss(await bumped(at, h, factor), b).item()) - (await loss(await bumped(at, -h, factor), b).item())) /
          (2 * h);
        expect(Math.abs(gl[at]! - numeric)).toBeLessThan(2e-2 * Math.abs(numeric) + 1e-2);
      }
      const numeric =
        ((await loss(factor, await bumped(7, h, b)).item()) - (await loss(factor, await bumped(7, -h, b)).item())) /
        (2 * h);
      expect(Math.abs(gb[7]! - numeric)).toBeLessThan(1e-2 * Math.abs(numeric) + 1e-2);
    }
  });
});

describe("covariance", () => {
  test("by blocks is symmetric and right, whatever the offset", async () => {
    const [n, d] = [200, 300];
    // eighths, so that an offset of 4096 is exact in f32
    const values = Float32Array.from(
      await random.normal(gpu, [n, d], { seed: 5 }).read(),
      (v) => Math.round(8 * v) / 8,
    );
    const near = await linalg.covariance(gpu.tensor(values, [n, d])).read();
    const far = await linalg
      .covariance(
        gpu.tensor(
          values.map((v) => v + 4096),
          [n, d],
        ),
      )
      .read();
    const mean = Float64Array.from({ length: d }, (_, j) => {
      let s = 0;
      for (let i = 0; i < n; i++) s += values[i * d + j]!;
      return s / n;
    });
    for (const [i, j] of [
      [0, 0],
      [299, 299],
      [10, 290],
      [290, 10],
      [149, 150],
    ] as const) {
      let c = 0;
      for (let r = 0; r < n; r++) c += (values[r * d + i]! - mean[i]!) * (values[r * d + j]! - mean[j]!);
      for (const got of [near, far]) expect(Math.abs(got[i * d + j]! - c / (n - 1))).toBeLessThan(2e-6);
      expect(near[i * d + j]).toBe(near[j * d + i]);
    }
  });

  test("takes weights, a mean, and a divisor", async () => {
    const x = gpu.tensor([
      [1, 2],
      [3, 5],
      [4, 4],
    ]);
    const doubled = gpu.tensor([
      [1, 2],
      [3, 5],
      [3, 5],
      [4, 4],
    ]);
    const weighted = await linalg.covariance(x, { weights: gpu.tensor([1, 2, 1]), ddof: 0 }).read();
    for (const [i, value] of (await linalg.covariance(doubled, { ddof: 0 }).read()).entries())
      expect(Math.abs(weighted[i]! - value)).toBeLessThan(1e-6);
    const about = await linalg.covariance(x, { mean: gpu.tensor([0, 0]), ddof: 0 }).read();
    for (const [i, value] of [26 / 3, 33 / 3, 33 / 3, 45 / 3].entries())
      expect(Math.abs(about[i]! - value)).toBeLessThan(1e-5);
  });
});

describe("spectra, in float64 on the CPU", () => {
  test("eigenvalues and vectors of the covariance of iris", async () => {
    const a = linalg.covariance(gpu.tensor(oracle.x), { ddof: 0 });
    const { values, vectors } = await linalg.eigh(a);
    // the covariance itself is f32: a few units of rounding of its norm, 4.2
    for (const [i, value] of (await values.read()).entries())
      expect(Math.abs(value - oracle.eigenvalues[i]!)).toBeLessThan(16 * 2 ** -23);
    expect(await largest(sub(matmul(a, vectors), mul(vectors, values)))).toBeLessThan(16 * 2 ** -23);
    expect(await largest(sub(matmul(transpose(vectors), vectors), eye(4)))).toBeLessThan(1e-6);
  });

  test.each([
    [1, 1],
    [5, 3],
    [3, 5],
    [40, 40],
  ])("singular values of %i × %i are roots of the Gram matrix's eigenvalues", async (m, n) => {
    const a = Float64Array.from(await random.normal(gpu, [m, n], { seed: 6 }).read());
    const least = Math.min(m, n);
    const gram = new Float64Array(n * n);
    for (let k = 0; k < m; k++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) gram[i * n + j] = gram[i * n + j]! + a[k * n + i]! * a[k * n + j]!;
    const roots = eigenvalues(gram, n)
      .reverse()
      .slice(0, least)
      .map((v) => Math.sqrt(Math.max(0, v)));
    const got = singularValues(a, m, n);
    for (const [i, value] of roots.entries()) expect(Math.abs(got[i]! - value)).toBeLessThan(1e-7);
    const tensor = await linalg.svdvals(gpu.tensor(a, [m, n]));
    expect(tensor.shape).toEqual([least]);
  });

  test("a rank-one matrix and zeros", () => {
    const got = singularValues(
      Float64Array.from({ length: 12 }, (_, i) => (1 + Math.floor(i / 4)) * (1 + (i % 4))),
      3,
      4,
    );
    expect(Math.abs(got[0]! - Math.sqrt(14 * 30))).toBeLessThan(1e-12);
    expect(Math.max(got[1]!, got[2]!)).toBeLessThan(1e-14);
    expect([...singularValues(new Float64Array(6), 2, 3)]).toEqual([0, 0]);
  });
});
