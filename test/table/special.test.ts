import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as L from "../../src/index.ts";
import { openShared } from "../helpers.ts";

let gpu: L.Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const values = async (op: (x: L.Tensor) => L.Tensor, inputs: readonly number[]): Promise<number[]> => [
  ...(await op(gpu.tensor(Float32Array.from(inputs))).read()),
];

const total = (y: ArrayLike<number>): number => Array.from(y).reduce((a, b) => a + b, 0);
describe("what is not a number", () => {
  it.each([3, 4, 130, 5000])("is the largest and smallest of %i, wherever it stands", async (n) => {
    for (const at of [0, 1, n - 1]) {
      const row = Float32Array.from({ length: n }, (_, i) => (i === at ? NaN : i % 7));
      const x = gpu.tensor(
        [...row, ...row].map((v, i) => (i < n ? v : i % 5)),
        [2, n],
      );
      for (const extreme of [L.max, L.min]) {
        const [spoilt, clean] = await extreme(x, 1).read();
        expect(spoilt).toBeNaN();
        expect(clean).toBe(extreme === L.max ? 4 : 0);
        expect([...(await extreme(L.transpose(x), 0).read())]).toEqual([NaN, clean]);
      }
      expect([...(await L.argmax(x, 1).read())][0]).toBe(at);
      expect([...(await L.argmax(L.transpose(x), 0).read())][0]).toBe(at);
    }
  });
});

describe("long angles and powers", () => {
  const x = [1e5, 12870, -12870, 12867.9, 1e10, 3e38, -1e15, 3.1415927, 355, 1e-3, 16777216, 2 ** 100, 710, 1.5707964];
  it("sine, cosine and tangent are right at any size, by their own digits", async () => {
    // exact remainders by 60 digits of π would do no better: Math.sin reduces by all the digits that float64 needs
    for (const [op, f] of [
      [L.sin, Math.sin],
      [L.cos, Math.cos],
      [L.tan, Math.tan],
    ] as const) {
      const got = await values(op, x);
      const faults = x.flatMap((v, i) => {
        const want = f(Math.fround(v));
        return Math.abs(got[i]! - want) <= 5e-7 * Math.abs(want)
          ? []
          : [`${f.name}(${v}) = ${got[i]}, expected ${want}`];
      });
      expect(faults).toEqual([]);
    }
  });

  it("whole powers are exact where they fit, and others to a few ulps up to 2¹⁶ and beyond", async () => {
    const exact: [number, number, number][] = [
      [7, 4, 2401],
      [10, 10, 1e10],
      [3, 15, 14348907],
      [-3, 15, -14348907],
      [5, 10, 9765625],
      [-7, 8, 5764801],
      [2, 127, 2 ** 127],
      [0.5, -127, 2 ** 127],
      [2, -126, 2 ** -126],
      [1.5, 14, 1.5 ** 14],
      [4, 0.5, 2],
      [4, 1.5, 8],
      [9, 3.5, 2187],
      [4, -1.5, 0.125],
      [-1, 65536, 1],
      [-1, 65535, -1],
      [-2, 5, -32],
      [-0.5, -3, -8],
      [16, 2.5, 1024],
    ];
    const [a, b] = [0, 1].map((k) => gpu.tensor(Float32Array.from(exact, (row) => row[k]!)));
    expect([...(await L.pow(a!, b!).read())]).toEqual(exact.map(([, , y]) => y));
    // the same with the exponent as a number
    for (const [base, exponent, y] of exact)
      expect([exponent, ...(await L.pow(gpu.tensor([base]), exponent).read())]).toEqual([exponent, y]);
    const near: [number, number][] = [
      [1.0001, 65536],
      [0.9999, 65536],
      [-1.0001, 65535],
      [1.00001, 1e6],
      [1.7, 2.3],
      [1e-30, 1.25],
      [1e30, 1.27],
      [0.3, 60.1],
      [3, 80],
      [1.1, 900.5],
      [2.718281828, 88],
      [1e38, -0.97],
      [0.99999994, 1e9],
      [1.0000001, 7e8],
      [123.456, 7.7],
      [1e-40, 0.5],
      [1e-40, -0.25],
      [7, 30],
    ];
    const [c, d] = [0, 1].map((k) => Float32Array.from(near, (row) => row[k]!));
    const got = await L.pow(gpu.tensor(c!), gpu.tensor(d!)).read();
    const faults = near.flatMap(([p, q], i) => {
      const want = c![i]! ** d![i]!;
      return Math.abs(got[i]! - want) <= 4 * 2 ** -23 * Math.abs(want)
        ? []
        : [`${p}^${q} = ${got[i]}, expected ${want}`];
    });
    expect(faults).toEqual([]);
  });
});

describe("ties", () => {
  const gradient = async (f: (x: L.Tensor) => L.Tensor, x: L.Tensor) => [
    ...(await L.grad(L.sum(f(x)), [x])[0]!.read()),
  ];

  it("equal extremes share the gradient", async () => {
    expect(await gradient((x) => L.max(x), gpu.tensor([1, 3, 3, 3]))).toEqual([
      0,
      ...Array.from({ length: 3 }, () => Math.fround(1 / 3)),
    ]);
    expect(
      await gradient(
        (x) => L.min(x, 1),
        gpu.tensor([
          [1, 1],
          [2, 3],
        ]),
      ),
    ).toEqual([0.5, 0.5, 1, 0]);
    expect(await gradient((x) => L.maximum(x, 3), gpu.tensor([1, 3, 4]))).toEqual([0, 0.5, 1]);
    expect(await gradient((x) => L.minimum(x, x), gpu.tensor([1, 2]))).toEqual([1, 1]);
  });

  it("the corner of relu, abs and clamp has the slope that PyTorch gives it", async () => {
    expect(await gradient(L.relu, gpu.tensor([-1, 0, 1]))).toEqual([0, 0, 1]);
    expect(await gradient(L.abs, gpu.tensor([-1, 0, 1]))).toEqual([-1, 0, 1]);
    expect(await gradient((x) => L.clamp(x, -1, 1), gpu.tensor([-2, -1, 0, 1, 2]))).toEqual([0, 1, 1, 1, 0]);
  });
});

describe("softmax and logsumexp at the extremes", () => {
  for (const n of [1, 2, 100003]) {
    it(`of ${n} equal −1e30`, async () => {
      const x = gpu.tensor(new Float32Array(n).fill(-1e30));
      const y = await L.softmax(x).read();
      expect(Math.abs(total(y) - 1)).toBeLessThanOrEqual(1e-6);
      expect(y[n - 1]).toBe(y[0]);
      expect(await L.logsumexp(x).item()).toBe(Math.fround(-1e30));
    });
  }

  it("of neighbours that are large keeps their difference", async () => {
    const [a] = await L.logSoftmax(gpu.tensor([1e7, 1e7 + 1])).read();
    expect(a).toBeCloseTo(-Math.log1p(Math.E), 6);
    const [b] = await L.logSoftmax(gpu.tensor([1e4, 10001, 10002, 10003])).read();
    expect(b).toBeCloseTo(-Math.log(1 + Math.E + Math.E ** 2 + Math.E ** 3), 6);
    const loss = L.crossEntropy(gpu.tensor([[1e7, 1e7 + 1]]), gpu.tensor(Int32Array.of(0)));
    expect(await loss.item()).toBeCloseTo(Math.log1p(Math.E), 6);
  });

  it("goes over several axes at once", async () => {
    const x = gpu.tensor(
      Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      [2, 3, 4],
    );
    const flat = L.reshape(L.transpose(x, [1, 0, 2]), [3, 8]);
    const back = (y: L.Tensor) => L.transpose(L.reshape(y, [3, 2, 4]), [1, 0, 2]);
    const pairs = [
      ...[L.softmax, L.logSoftmax].map((op) => [op(x, [0, -1]), back(op(flat, 1))] as const),
      [L.logsumexp(x, [0, 2]), L.logsumexp(flat, 1)] as const,
    ];
    for (const [a, b] of pairs) {
      const [found, wanted] = [await a.read(), await b.read()];
      // a sum in another order, a quotient or a logarithm
      for (const [i, v] of wanted.entries())
        expect(Math.abs(found[i]! - v)).toBeLessThanOrEqual(4 * 2 ** -24 * Math.max(1, Math.abs(v)));
    }
  });

  it("of one dominant element", async () => {
    const x = new Float32Array(100003).fill(-1e30);
    x[77777] = 50;
    const y = await L.softmax(gpu.tensor(x)).read();
    expect([y[77777], y[0], y[100002]]).toEqual([1, 0, 0]);
    expect(await L.logsumexp(gpu.tensor(x)).item()).toBe(50);
  });

  it("of 100 003 different elements sums to 1", async () => {
    const x = Float32Array.from({ length: 100003 }, (_, i) => 20 * Math.sin(i));
    const y = await L.softmax(gpu.tensor(x)).read();
    expect(Math.abs(total(y) - 1)).toBeLessThanOrEqual(1e-6);
    const top = x.reduce((a, b) => Math.max(a, b));
    const want = top + Math.log(x.reduce((a, b) => a + Math.exp(b - top), 0));
    expect(Math.abs((await L.logsumexp(gpu.tensor(x)).item()) - want)).toBeLessThanOrEqual(4e-6 * want);
  });
});

describe("more than 65 535 workgroups", () => {
  // one element more than 65 535 workgroups of 256 hold; 67 MB
  const size = 65535 * 256 + 1;

  it("a map reaches its last element, and a sum counts every one", () =>
    gpu.scope(async () => {
      const y = L.arange(gpu, size).add(7);
      const few = await L.slice(y, 0, size - 3, size).read();
      expect([...few]).toEqual([size + 4, size + 5, size + 6]);
      const ones = L.minimum(L.cast(y, "f32"), 1);
      // 16 776 961 < 2²⁴, so every partial sum is a whole number that f32 holds
      expect(await L.sum(ones).item()).toBe(size);
      await gpu.evaluate([y]);
      expect((await L.slice(y, 0, size - 1, size).read())[0]).toBe(size + 6);
    }));

  it("short and long rows, columns and lines do, too", () =>
    gpu.scope(async () => {
      // 64 rows a workgroup: 65 536 of them; each row [r, 2r]
      const rows = 65535 * 64 + 1;
      const r = L.cast(L.arange(gpu, rows), "f32");
      const pairs = L.reshape(r, [rows, 1]).mul(gpu.tensor([[1, 2]]));
      const last = async (x: L.Tensor) => (await L.slice(x, 0, rows - 1, rows).read())[0];
      await gpu.evaluate([pairs]);
      expect(await last(L.sum(pairs, 1))).toBe(3 * (rows - 1));
      expect(await last(L.argmax(pairs, 1))).toBe(1);
      // a workgroup a row
      const long = L.expand(L.reshape(L.cast(L.arange(gpu, 65537), "f32"), [65537, 1]), [65537, 33]);
      expect((await L.slice(L.max(long, 1), 0, 65536, 65537).read())[0]).toBe(65536);
    }));
});
