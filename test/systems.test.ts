import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as ops from "../src/graph/ops/index.ts";
import { type Gpu, grad, linalg, type Tensor } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";
import { generator } from "./table/row.ts";

// det, logdet, solve, inverse and qr of general matrices against float64 on the CPU; their gradients against its differences.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type Matrix = Float64Array;
/** Numbers in [−1, 1) without an order, as f32 holds them. */
function values(count: number, seed = 1): Matrix {
  const next = generator(seed);
  return Float64Array.from({ length: count }, () => Math.fround(2 * next() - 1));
}

const product = (a: Matrix, b: Matrix, m: number, k: number, n: number): Matrix =>
  Float64Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let l = 0; l < k; l++) sum += a[Math.floor(at / n) * k + l]! * b[l * n + (at % n)]!;
    return sum;
  });

/** The determinant, and x with a·x = b, by elimination. */
function eliminated(a: Matrix, b: Matrix, n: number, m: number): { det: number; x: Matrix } {
  const [l, x] = [a.slice(), b.slice()];
  let det = 1;
  for (let c = 0; c < n; c++) {
    let p = c;
    for (let i = c; i < n; i++) if (Math.abs(l[i * n + c]!) > Math.abs(l[p * n + c]!)) p = i;
    for (const [t, width] of [
      [l, n],
      [x, m],
    ] as const)
      for (let j = 0; j < width; j++) [t[c * width + j], t[p * width + j]] = [t[p * width + j]!, t[c * width + j]!];
    if (p !== c) det = -det;
    det *= l[c * n + c]!;
    for (let i = 0; i < n; i++) {
      if (i === c) continue;
      const factor = l[i * n + c]! / l[c * n + c]!;
      for (let j = c; j < n; j++) l[i * n + j]! -= factor * l[c * n + j]!;
      for (let j = 0; j < m; j++) x[i * m + j]! -= factor * x[c * m + j]!;
    }
  }
  return { det, x: x.map((value, at) => value / l[Math.floor(at / m) * (n + 1)]!) };
}

/** Householder's factors with LAPACK's signs, as Gram–Schmidt gives them in float64. */
function orthogonal(a: Matrix, m: number, n: number): { q: Matrix; r: Matrix } {
  const k = Math.min(m, n);
  const q = new Float64Array(m * k);
  for (let j = 0; j < k; j++) {
    const column = Float64Array.from({ length: m }, (_, i) => a[i * n + j]!);
    for (let turn = 0; turn < 2; turn++)
      for (let l = 0; l < j; l++) {
        const dot = column.reduce((sum, value, i) => sum + value * q[i * k + l]!, 0);
        for (let i = 0; i < m; i++) column[i]! -= dot * q[i * k + l]!;
      }
    const length = Math.hypot(...column);
    for (let i = 0; i < m; i++) q[i * k + j] = column[i]! / length;
  }
  return { q, r: product(transposed(q, m, k), a, k, m, n) };
}
const transposed = (a: Matrix, m: number, n: number): Matrix =>
  Float64Array.from({ length: m * n }, (_, at) => a[(at % m) * n + Math.floor(at / m)]!);

const tensor = (a: Matrix, shape: number[]) => gpu.tensor(Float32Array.from(a), shape);
const scaled = (found: ArrayLike<number>, expected: ArrayLike<number>): number => {
  const scale = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (value, i) => Math.abs(found[i]! - value) / scale));
};

describe("values", () => {
  it.each([
    [1, 1],
    [3, 5],
    [4, 16],
    [2, 17],
    [1, 33],
    [2, 70],
  ])("%i matrices of %i rows", async (stack, n) => {
    const a = values(stack * n * n);
    const b = values(stack * n * 3, 2);
    const x = await linalg.solve(tensor(a, [stack, n, n]), tensor(b, [stack, n, 3])).read();
    const inverses = await linalg.inverse(tensor(a, [stack, n, n])).read();
    const dets = await linalg.det(tensor(a, [stack, n, n])).read();
    const logs = await linalg.logdet(tensor(a, [stack, n, n])).read();
    const one = Float64Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));
    for (let s = 0; s < stack; s++) {
      const own = a.slice(s * n * n, (s + 1) * n * n);
      const { det, x: expected } = eliminated(own, b.slice(s * n * 3, (s + 1) * n * 3), n, 3);
      // n·2⁻²⁴ times a condition of some hundred
      const limit = 1e-4;
      expect(scaled(x.slice(s * n * 3), expected)).toBeLessThan(limit);
      expect(scaled(inverses.slice(s * n * n), eliminated(own, one, n, n).x)).toBeLessThan(limit);
      expect(Math.abs(dets[s]! / det - 1)).toBeLessThan(limit);
      if (det < 0) expect(logs[s]).toBeNaN();
      else expect(Math.abs(logs[s]! - Math.log(det))).toBeLessThan(limit);
    }
  });

  it("a vector, shared matrices, exchanged rows", async () => {
    const a = gpu.tensor([0, 2, 1, 0], [2, 2]);
    expect([...(await linalg.solve(a, gpu.tensor([2, 3])).read())]).toEqual([3, 1]);
    const y = linalg.solve(a, gpu.tensor([2, 3, 4, 5], [2, 2, 1]));
    expect([y.shape, [...(await y.read())]]).toEqual([
      [2, 2, 1],
      [3, 1, 5, 2],
    ]);
    expect(await linalg.det(a).item()).toBe(-2);
  });

  it("what is singular, negative or not a number", async () => {
    const of = async (f: (a: Tensor) => Tensor, ...a: number[]) => [...(await f(gpu.tensor(a, [2, 2])).read())];
    expect(await of(linalg.inverse, 1, 1, 1, 1)).toEqual([NaN, NaN, NaN, NaN]);
    expect(await of((a) => linalg.solve(a, gpu.tensor([1, 2])), 1, 2, 2, 4)).toEqual([NaN, NaN]);
    expect(await of(linalg.det, 1, 2, 2, 4)).toEqual([0]);
    expect(await of(linalg.logdet, 1, 2, 2, 4)).toEqual([-Infinity]);
    expect(await of(linalg.logdet, -1, 0, 0, 1)).toEqual([NaN]);
    expect((await of(linalg.logdet, -1, 0, 0, -1))[0]).toBeCloseTo(0, 6);
    expect(await of(linalg.det, NaN, 1, 1, 1)).toEqual([NaN]);
    expect(await of(linalg.det, 1e30, 0, 0, 1e-30)).toEqual([expect.closeTo(1, 5)]);
    const large = ops.expand(gpu.tensor([1, 2, 2, 4], [2, 2]), [17, 2, 2]);
    const wide = linalg.inverse(ops.reshape(ops.expand(gpu.tensor([1]), [400]), [20, 20]));
    expect([...(await wide.read())].every(Number.isNaN)).toBe(true);
    expect([...(await linalg.det(large).read())]).toEqual(new Array(17).fill(0));
  });

  it.each([
    [1, 1, 1],
    [2, 5, 3],
    [2, 3, 5],
    [1, 40, 24],
    [1, 24, 40],
    [2, 16, 16],
  ])("qr of %i matrices %i × %i", async (stack, m, n) => {
    const a = values(stack * m * n);
    const { q, r } = linalg.qr(tensor(a, [stack, m, n]));
    const k = Math.min(m, n);
    const [qs, rs] = await Promise.all([q.read(), r.read()]);
    for (let s = 0; s < stack; s++) {
      const own = Float64Array.from(qs.slice(s * m * k, (s + 1) * m * k));
      const upper = Float64Array.from(rs.slice(s * k * n, (s + 1) * k * n));
      const matrix = a.slice(s * m * n, (s + 1) * m * n);
      expect(scaled(product(own, upper, m, k, n), matrix)).toBeLessThan(2e-6);
      const one = product(transposed(own, m, k), own, k, m, k);
      expect(Math.max(...one.map((value, at) => Math.abs(value - Number(at % (k + 1) === 0))))).toBeLessThan(2e-6);
      // the signs of LAPACK: the first diagonal element against the first of a
      expect(Math.sign(upper[0]!)).toBe(m === 1 ? Math.sign(matrix[0]!) : -Math.sign(matrix[0]!));
      const expected = orthogonal(matrix, m, n).r;
      expect(scaled(upper.map(Math.abs), expected.map(Math.abs))).toBeLessThan(1e-4);
      expect(upper.every((value, at) => at % n >= Math.floor(at / n) || value === 0)).toBe(true);
    }
  });
});

describe("gradients", () => {
  const rows: [string, number, number, (a: Tensor) => Tensor, (a: Matrix) => Matrix][] = [
    ["det", 4, 4, linalg.det, (a) => Float64Array.of(eliminated(a, new Float64Array(4), 4, 1).det)],
    [
      "logdet",
      3,
      3,
      (a) => linalg.logdet(ops.matmul(a, ops.transpose(a))),
      (a) =>
        Float64Array.of(Math.log(eliminated(product(a, transposed(a, 3, 3), 3, 3, 3), new Float64Array(3), 3, 1).det)),
    ],
    [
      "inverse",
      4,
      4,
      linalg.inverse,
      (a) =>
        eliminated(
          a,
          Float64Array.from({ length: 16 }, (_, i) => Number(i % 5 === 0)),
          4,
          4,
        ).x,
    ],
    [
      "solve by a",
      4,
      4,
      (a) => linalg.solve(a, tensor(values(8, 3), [4, 2])),
      (a) => eliminated(a, values(8, 3), 4, 2).x,
    ],
    [
      "solve by b",
      4,
      2,
      (b) => linalg.solve(tensor(values(16, 3), [4, 4]), b),
      (b) => eliminated(values(16, 3), b, 4, 2).x,
    ],
    ...(
      [
        [5, 3],
        [3, 5],
        [4, 4],
      ] as const
    ).flatMap(([m, n]): [string, number, number, (a: Tensor) => Tensor, (a: Matrix) => Matrix][] => {
      // of q and r what does not depend on the signs
      const k = Math.min(m, n);
      return [
        [`r of ${m} × ${n}`, m, n, (a) => ops.square(linalg.qr(a).r), (a) => orthogonal(a, m, n).r.map((v) => v * v)],
        [`q of ${m} × ${n}`, m, n, (a) => ops.square(linalg.qr(a).q), (a) => orthogonal(a, m, n).q.map((v) => v * v)],
        [
          `q·r of ${m} × ${n}`,
          m,
          n,
          (a) => {
            const { q, r } = linalg.qr(a);
            return ops.mul(ops.square(ops.slice(r, 1, 0, k)), ops.square(ops.slice(q, 0, 0, k)));
          },
          (a) => {
            const { q, r } = orthogonal(a, m, n);
            return Float64Array.from(
              { length: k * k },
              (_, at) => (r[Math.floor(at / k) * n + (at % k)]! * q[at]!) ** 2,
            );
          },
        ],
      ];
    }),
  ];
  it.each(rows)("of %s", async (_name, m, n, run, reference) => {
    const a = values(m * n, 5);
    const x = tensor(a, [m, n]);
    const y = run(x);
    const probe = values(y.size, 7);
    const [slope] = grad(ops.sum(ops.mul(y, tensor(probe, [...y.shape]))), [x]) as [Tensor];
    const at = (b: Matrix) => reference(b).reduce((sum, value, i) => sum + value * probe[i]!, 0);
    const step = 1e-6;
    const expected = Float64Array.from(
      a,
      (_, i) => (at(a.with(i, a[i]! + step)) - at(a.with(i, a[i]! - step))) / (2 * step),
    );
    expect(scaled(await slope.read(), expected)).toBeLessThan(2e-4);
  });

  it("of the determinant of a singular matrix: its cofactors", async () => {
    const x = gpu.tensor([1, 2, 2, 4], [2, 2]);
    const [slope] = grad(linalg.det(x), [x]) as [Tensor];
    expect(scaled(await slope.read(), [4, -2, -2, 1])).toBeLessThan(1e-5);
  });
});

describe("triangular systems", () => {
  it.each(
    [true, false].flatMap((upper) =>
      [true, false].flatMap((transpose) => [true, false].map((unitriangular) => ({ upper, transpose, unitriangular }))),
    ),
  )("%j", async (options) => {
    const n = 37;
    const a = values(n * n).map((value, at) => value / 8 + Number(at % (n + 1) === 0));
    const read = a.map((value, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      if (i === j) return options.unitriangular ? 1 : value;
      return options.upper === j > i ? value : 0;
    });
    const t = options.transpose ? transposed(read, n, n) : read;
    const b = values(n * 2, 2);
    const l = tensor(a, [n, n]);
    const x = linalg.solveTriangular(l, tensor(b, [n, 2]), options);
    expect(scaled(await x.read(), eliminated(t, b, n, 2).x)).toBeLessThan(1e-5);
    const [slope] = grad(ops.sum(x), [l]) as [Tensor];
    const found = await slope.read();
    expect(
      found.every((value, at) =>
        read[at] !== 0 && !(options.unitriangular && at % (n + 1) === 0) ? true : value === 0,
      ),
    ).toBe(true);
  });
});

it("refuses shapes that do not fit", async () => {
  const square = gpu.tensor([1, 2, 3, 4], [2, 2]);
  const flat = gpu.tensor([1, 2, 3]);
  const messages: [() => unknown, string][] = [
    [() => linalg.det(flat), "linalg.det: no square matrix. Expected [..., n, n]; got [3]."],
    [
      () => linalg.logdet(gpu.tensor([1, 2], [1, 2])),
      "linalg.logdet: no square matrix. Expected [..., n, n]; got [1, 2].",
    ],
    [() => linalg.inverse(flat), "linalg.inverse: no square matrix. Expected [..., n, n]; got [3]."],
    [
      () => linalg.solve(square, flat),
      "linalg.solve: sizes do not fit. Expected a [..., n, n] and b [..., n, m] or [n]; got [2, 2] and [3, 1].",
    ],
    [() => linalg.qr(flat), "linalg.qr: expected matrices [..., m, n]; got [3]."],
  ];
  for (const [work, message] of messages) {
    const error = await failure(work);
    expect([error.code, error.message]).toEqual(["shape", message]);
  }
});
