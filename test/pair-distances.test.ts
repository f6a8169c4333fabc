import { afterAll, beforeAll, expect, it } from "vitest";
import { eachPair, type Gpu, nearest, sum, type Tensor } from "../src/index.ts";
import { pairDistances } from "../src/linalg/pairDistances.ts";
import { generator } from "./table/row.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const UNIT = 2 ** -24;

/** Rows far from 0, two of three of which lie close together. */
function rows(seed: number, n: number, d: number): Float32Array<ArrayBuffer> {
  const random = generator(seed);
  return Float32Array.from({ length: n * d }, (_, at) => 3 + (random() - 0.5) * (Math.floor(at / d) % 3 ? 0.01 : 1));
}

function squares(a: Float32Array, b: Float32Array, d: number): Float64Array {
  const [n, m] = [a.length / d, b.length / d];
  const found = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) for (let c = 0; c < d; c++) found[i * m + j]! += (a[i * d + c]! - b[j * d + c]!) ** 2;
  return found;
}

const read = async (x: Tensor): Promise<Float32Array> => (await x.read()) as Float32Array;

for (const [n, m, d] of [
  [130, 67, 784],
  [131, 70, 37],
  [20, 9, 64],
  [90, 70, 3],
] as const)
  it(`squared distances of ${n} and ${m} rows of ${d} features are right relative to themselves`, async () => {
    const [x, y] = [rows(1, n, d), rows(2, m, d)];
    y.set(x.subarray(0, 4 * d));
    const [a, b] = [gpu.tensor(x, [n, d]), gpu.tensor(y, [m, d])];
    const exactly = squares(x, y, d);
    const limit = gpu.full([n, 1], exactly.toSorted()[Math.floor((n * m) / 3)]!);
    const found = gpu.within(() => {
      const { squares: values, atMost, exact } = pairDistances(gpu, a, b);
      return [values, atMost, exact(limit), exact(gpu.full([n, 1], 1e30))];
    });
    const [values, bounds, nearer, differences] = (await Promise.all(found.map(read))) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const [at] = (await read(limit)) as unknown as [number];
    for (const [pair, value] of exactly.entries()) {
      // sums of squares to √d roundings or so; products to twice that of a quarter
      const allowed = 4 * (8 + Math.sqrt(d)) * UNIT * value;
      expect(Math.abs(values[pair]! - value)).toBeLessThanOrEqual(allowed);
      expect(Math.abs(differences[pair]! - value)).toBeLessThanOrEqual(allowed);
      expect(bounds[pair]!).toBeGreaterThanOrEqual(differences[pair]!);
      if (differences[pair]! <= at) expect(nearer[pair]).toBe(differences[pair]);
      else expect(nearer[pair]!).toBeGreaterThan(at);
    }
    for (const tensor of new Set([a, b, limit, ...found])) tensor.dispose();
  });

it("a pair of rows has one number, whichever block and side it is in", async () => {
  const [n, d] = [150, 50];
  const x = gpu.tensor(rows(3, n, d), [n, d]);
  const part = gpu.tensor((await x.read()).slice(0, 80 * d), [80, d]);
  const { squared } = await nearest(x, x, 4, { others: true });
  const limits = gpu.tensor(
    Float32Array.from({ length: n }, (_, i) => squared[4 * i + 3]!),
    [n, 1],
  );
  const far = gpu.full([80, 1], 1e30);
  const [whole, parts] = gpu.within(() => [
    pairDistances(gpu, x, part).exact(limits),
    pairDistances(gpu, part, x).exact(far),
  ]) as [Tensor, Tensor];
  const [one, other] = await Promise.all([read(whole), read(parts)]);
  let ties = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < 80; j++) {
      if (one[i * 80 + j]! > squared[4 * i + 3]!) continue;
      expect(one[i * 80 + j]).toBe(other[j * n + i]);
      ties += Number(one[i * 80 + j] === squared[4 * i + 3]);
    }
  // the fourth neighbour itself is on the edge of its ball, to the last bit
  expect(ties).toBeGreaterThan(60);
  for (const tensor of [x, part, limits, far, whole, parts]) tensor.dispose();
});

it("the nearest are those of a sort, equals by the lower index", async () => {
  for (const [n, m, d, k] of [
    [70, 1009, 1, 3],
    [70, 1000, 40, 5],
    [65, 300, 33, 1],
  ] as const) {
    const random = generator(7);
    const whole = (count: number) => Float32Array.from({ length: count * d }, () => Math.floor(random() * 3));
    const [x, y] = [whole(n), whole(m)];
    const exactly = squares(x, y, d);
    const [a, b] = [gpu.tensor(x, [n, d]), gpu.tensor(y, [m, d])];
    const { indices, squared } = await nearest(a, b, k);
    for (let i = 0; i < n; i++) {
      const row = exactly.subarray(i * m, (i + 1) * m);
      const order = Array.from(row.keys())
        .sort((p, q) => row[p]! - row[q]! || p - q)
        .slice(0, k);
      expect([...indices.subarray(i * k, (i + 1) * k)]).toEqual(order);
      expect([...squared.subarray(i * k, (i + 1) * k)]).toEqual(order.map((j) => row[j]));
    }
    for (const tensor of [a, b]) tensor.dispose();
  }
});

it("what overflows as a product is still told apart, and nothing stays in memory", async () => {
  const d = 40;
  const values = new Float32Array(70 * d).fill(1e20);
  for (let i = 0; i < 70; i++) values[i * d] = 1e20 + i * 2 ** 44;
  const x = gpu.tensor(values, [70, d]);
  const before = gpu.memory();
  const { indices } = await nearest(x, x, 1, { others: true });
  expect([...indices.subarray(0, 4)]).toEqual([1, 0, 1, 2]);
  await eachPair(x, x, (block) => [sum(block, 1)]);
  expect(gpu.memory().bytes).toBe(before.bytes);
  x.dispose();
});

it("an abort ends the walk at once", async () => {
  const n = 3000;
  const x = gpu.tensor(rows(4, n, 256), [n, 256]);
  const controller = new AbortController();
  let aborted = 0;
  const onProgress = () => {
    if (aborted > 0) return;
    aborted = performance.now();
    controller.abort(new Error("enough"));
  };
  await expect(nearest(x, x, 1, { signal: controller.signal, onProgress })).rejects.toThrow("enough");
  expect(performance.now() - aborted).toBeLessThan(200);
  x.dispose();
});
