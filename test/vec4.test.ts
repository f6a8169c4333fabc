import { afterAll, beforeAll, expect, it } from "vitest";
import {
  add,
  dropout,
  grad,
  type Gpu,
  mul,
  random,
  reshape,
  slice,
  square,
  sum,
  type Tensor,
  transpose,
} from "../src/index.ts";
import { sampleHeads } from "../src/graph/ops/heads.ts";
import { mapVec4 } from "../src/kernels/map.ts";
import { openShared, ramp } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const value = (i: number) => ((i * 37) % 101) / 101;

const run = async (record: () => Tensor): Promise<number[]> => {
  const step = await gpu.compile(() => [record()]);
  const [result] = await step.run();
  const values = [...(await result!.read())] as number[];
  step.dispose();
  return values;
};

const close = (got: readonly number[], wanted: readonly number[]) => {
  expect(got.length).toBe(wanted.length);
  for (const [i, want] of wanted.entries())
    expect(Math.abs(got[i]! - want), `element ${i}`).toBeLessThan(1e-5 * Math.max(1, Math.abs(want)));
};
const grid = (rows: number, columns: number, of: (i: number, j: number) => number) =>
  Array.from({ length: rows * columns }, (_, n) => of(Math.floor(n / columns), n % columns));

it("reads neighbours as a vec4, one element for four, and strided ones, in one map", async () => {
  const [x, row, column, turned] = [ramp(gpu, 6, 8), ramp(gpu, 8), ramp(gpu, 6, 1), ramp(gpu, 8, 6)];
  const values = await run(() => add(mul(x, row), mul(column, transpose(turned))));
  close(
    values,
    grid(6, 8, (i, j) => value(i * 8 + j) * value(j) + value(i) * value(j * 6 + i)),
  );
});

it("reads one tensor in two ways", async () => {
  const x = ramp(gpu, 8, 8);
  const values = await run(() => mul(x, transpose(x)));
  close(
    values,
    grid(8, 8, (i, j) => value(i * 8 + j) * value(j * 8 + i)),
  );
});

it("keeps to single elements where a vec4 would run over the end of a row", async () => {
  const x = ramp(gpu, 4, 6);
  const values = await run(() => mul(slice(x, 1, 0, 5), 2));
  close(
    values,
    grid(4, 5, (i, j) => 2 * value(i * 6 + j)),
  );
  const offset = await run(() => mul(slice(ramp(gpu, 4, 8), 1, 1, 5), 2));
  close(
    offset,
    grid(4, 4, (i, j) => 2 * value(i * 8 + j + 1)),
  );
});

it.each([
  [0, 12, 64],
  [0, 4096, 8],
  [1, 12, 64],
  [1, 3, 4800],
  [1, 1, 10000],
  [1, 5, 6],
  [0, 7, 6],
])("sums over axis %i of [%i, %i], reading the same tensor again afterwards", async (axis, rows, columns) => {
  const x = ramp(gpu, rows, columns);
  const values = await run(() => add(sum(square(x), axis), reshape(slice(x, axis, 1, 2), [axis ? rows : columns])));
  const kept = axis ? rows : columns;
  const at = (k: number, r: number) => (axis ? k * columns + r : r * columns + k);
  close(
    values,
    Array.from({ length: kept }, (_, k) => {
      let total = 0;
      for (let r = 0; r < (axis ? columns : rows); r++) total += value(at(k, r)) ** 2;
      return total + value(at(k, 1));
    }),
  );
});

it("draws the same numbers one and four at a time", async () => {
  const draws = (length: number) => random.normal(gpu, [length], { seed: 3 });
  const [whole, odd] = [await draws(64).read(), await draws(63).read()];
  expect(odd).toEqual(whole.slice(0, 63));
  const uniform = (length: number) => random.uniform(gpu, [length], { seed: 3 });
  expect([...(await uniform(63).read())]).toEqual([...(await uniform(64).read())].slice(0, 63));
});

it.each([8, 6, 5])("draws the noise of a forward pass again in the gradient of heads, latent %i", async (latent) => {
  const heads = ramp(gpu, 3, 2 * latent);
  const name = { seed: 3, stream: 1, step: 2 };
  const slopes = async (noise: Parameters<typeof sampleHeads>[1]) => {
    const [slope] = grad(sum(mul(sampleHeads(heads, noise), ramp(gpu, 3, latent))), [heads]);
    return [...(await slope!.read())];
  };
  expect(await slopes(name)).toEqual(await slopes(random.normal(gpu, [3, latent], name)));
});

it("drops the same elements inside a larger map", async () => {
  const x = ramp(gpu, 16, 4);
  const kept = [...(await dropout(x, { p: 0.5, seed: 1 }).read())] as number[];
  const within = await run(() => mul(add(dropout(x, { p: 0.5, seed: 1 }), 0), 3));
  close(
    within,
    kept.map((v) => 3 * v),
  );
});

it("keeps its last elements where the grid is folded into one workgroup too many", async () => {
  // 65 537 workgroups become 32 769 · 2
  const length = 256 * 65_537;
  expect(mapVec4(length, gpu.traits).groups[0]).toBe(65_537);
  const draws = async (n: number) => (await random.uniform(gpu, [n], { seed: 3 }).read()).slice(length - 4, length);
  expect([...(await draws(length))]).toEqual([...(await draws(length + 4))]);
});
