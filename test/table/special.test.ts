import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as L from "../../src/index.ts";
import { openNodeGpu } from "../../src/node.ts";

let gpu: L.Gpu;
beforeAll(async () => {
  gpu = await openNodeGpu();
});
afterAll(() => gpu.dispose());

const LARGEST = 3.4028234663852886e38;
const SMALLEST = 2 ** -126;
const SUBNORMAL = 1e-40;

const values = async (op: (x: L.Tensor) => L.Tensor, inputs: readonly number[]): Promise<number[]> => [
  ...(await op(gpu.tensor(Float32Array.from(inputs))).read()),
];

/** What `op` gives at each input: an exact number, or [number, allowed relative error]. */
async function expectAt(
  op: (x: L.Tensor) => L.Tensor,
  table: readonly (readonly [input: number, want: number, error?: number])[],
): Promise<void> {
  const got = await values(
    op,
    table.map(([input]) => input),
  );
  const faults = table.flatMap(([input, want, error = 0], i) => {
    const off = Math.abs(got[i]! - want);
    return off <= error * Math.abs(want) ? [] : [`f(${input}) = ${got[i]}, expected ${want} within ${error}`];
  });
  expect(faults).toEqual([]);
}

const total = (y: ArrayLike<number>): number => Array.from(y).reduce((a, b) => a + b, 0);
const softplus = (a: number) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));
const logistic = (a: number) => 1 / (1 + Math.exp(-a));

describe("what is not a number", () => {
  const through = [
    L.exp,
    L.expm1,
    L.log,
    L.log1p,
    L.sqrt,
    L.square,
    L.tanh,
    L.sigmoid,
    L.softplus,
    L.relu,
    L.sin,
    L.cos,
    (x: L.Tensor) => L.pow(x, 2.5),
    (x: L.Tensor) => L.maximum(1, x),
    (x: L.Tensor) => L.minimum(x, 1),
    (x: L.Tensor) => L.clamp(x, -1, 1),
  ];
  it("stays so in functions, and x⁰ is 1", async () => {
    for (const op of through) expect(await values(op, [NaN, 1])).toEqual([NaN, expect.any(Number)]);
    expect(await values((x) => L.pow(x, 0), [NaN, 0, -2])).toEqual([1, 1, 1]);
  });

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

describe("the ends of the number line", () => {
  it("exp saturates at the largest finite number, and ends in 0", () =>
    expectAt(L.exp, [
      [1e4, LARGEST],
      [88.75, LARGEST],
      [88.7, Math.exp(Math.fround(88.7)), 1e-6],
      [0, 1],
      [-0, 1],
      [SUBNORMAL, 1],
      [-86.9, Math.exp(Math.fround(-86.9)), 1e-6],
      [-87.3, 0],
      [-88.7, 0],
      [-1e4, 0],
      [LARGEST, LARGEST],
      [-LARGEST, 0],
    ]));

  it("log of nothing is the log of the smallest normal number", () =>
    expectAt(L.log, [
      [0, Math.log(SMALLEST), 1e-6],
      [SUBNORMAL, Math.log(SMALLEST), 1e-6],
      [-5, Math.log(SMALLEST), 1e-6],
      [SMALLEST, Math.log(SMALLEST), 1e-6],
      [1, 0],
      [1 + 2 ** -23, Math.log1p(2 ** -23), 1e-6],
      [1 - 2 ** -24, Math.log1p(-(2 ** -24)), 1e-6],
      [LARGEST, Math.log(LARGEST), 1e-6],
    ]));

  it("tanh is ±1 far out, and itself near 0", () =>
    expectAt(L.tanh, [
      [1e4, 1],
      [-1e4, -1],
      [88.7, 1],
      [-88.7, -1],
      [0, 0],
      [1e-20, Math.fround(1e-20), 1e-6],
      [-1e-4, Math.tanh(Math.fround(-1e-4)), 1e-6],
      [LARGEST, 1],
      [-LARGEST, -1],
    ]));

  it("sigmoid reaches 0 and 1 without leaving the finite numbers", () =>
    expectAt(L.sigmoid, [
      [1e4, 1],
      [-1e4, 0],
      [88.7, 1],
      [-86.9, logistic(Math.fround(-86.9)), 1e-6],
      [0, 0.5],
      [SUBNORMAL, 0.5],
      [LARGEST, 1],
      [-LARGEST, 0],
    ]));

  it("softplus is max(a, 0) far out", () =>
    expectAt(L.softplus, [
      [1e4, 1e4],
      [-1e4, 0],
      [88.7, Math.fround(88.7)],
      [-80, softplus(-80), 1e-6],
      [0, Math.LN2, 1e-6],
      [SUBNORMAL, Math.LN2, 1e-6],
      [LARGEST, LARGEST],
    ]));

  it("expm1 and log1p keep their digits near 0, and saturate", async () => {
    await expectAt(L.expm1, [
      [0, 0],
      [1e-20, Math.fround(1e-20), 1e-6],
      [1e4, LARGEST],
      [-1e4, -1],
      [-88.7, -1],
    ]);
    await expectAt(L.log1p, [
      [0, 0],
      [1e-20, Math.fround(1e-20), 1e-6],
      [-1, Math.log(SMALLEST), 1e-6],
      [1e30, Math.log(Math.fround(1e30)), 1e-6],
    ]);
  });

  it("sqrt of nothing is 0", () =>
    expectAt(L.sqrt, [
      [0, 0],
      [-0, 0],
      [-4, 0],
      [4, 2, 1e-6],
      [SMALLEST, 2 ** -63, 1e-6],
      [LARGEST, Math.sqrt(LARGEST), 1e-6],
    ]));

  it("pow follows the parity of a whole exponent", async () => {
    const powers = async (pairs: readonly (readonly [number, number])[]) => [
      ...(await L.pow(
        gpu.tensor(Float32Array.from(pairs, ([a]) => a)),
        gpu.tensor(Float32Array.from(pairs, ([, b]) => b)),
      ).read()),
    ];
    const got = await powers([
      [-2, 2],
      [-2, 3],
      [-2, -1],
      [0, 0],
      [0, 2],
      [0, -1],
      [1, 1e4],
      [2, 10],
      [10, 38],
      [10, 60],
      [0.1, 60],
      [-1, 1e4],
    ]);
    const want = [4, -8, -0.5, 1, 0, LARGEST, 1, 1024, Math.fround(1e38), LARGEST, 0, 1];
    // 4 + 9 · |b log a| ulps, |b log a| ≤ 88
    for (const [i, v] of want.entries())
      expect(Math.abs(got[i]! - v), `pow at ${i}: ${got[i]} for ${v}`).toBeLessThanOrEqual(1e-4 * Math.abs(v));
    expect(await values((x) => L.pow(x, 2), [-2, 0, 1e-30])).toEqual([4, 0, 0]);
    // the root of a negative number is not a real number; its bits say so
    expect(await values((x) => L.isFinite(L.pow(x, gpu.tensor([0.5]))), [-2, 2])).toEqual([0, 1]);
  });

  it("gradients stay finite there, too", async () => {
    const ends = [1e4, -1e4, 88.7, -88.7, 0, SUBNORMAL, -SUBNORMAL];
    for (const [name, op] of Object.entries({
      exp: L.exp,
      tanh: L.tanh,
      sigmoid: L.sigmoid,
      softplus: L.softplus,
      sqrt: L.sqrt,
      expm1: L.expm1,
    })) {
      const x = gpu.tensor(Float32Array.from(ends));
      const [dx] = L.grad(L.sum(op(x).mul(1e-3)), [x]);
      expect(
        [...(await dx!.read())].filter((v) => !Number.isFinite(v)),
        name,
      ).toEqual([]);
    }
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
