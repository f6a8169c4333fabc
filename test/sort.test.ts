import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gpu, sort, type TypedArray } from "../src/index.ts";
import { type SortVariant, sortVariants } from "../src/kernels/sort.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** The order that Array.prototype.sort, which is stable, gives the places: NaN above all numbers, −0 equal to 0. */
function orderOf(values: ArrayLike<number>, descending: boolean): number[] {
  const isBelow = (a: number, b: number) => a < b || (Number.isNaN(b) && !Number.isNaN(a));
  const compare = (a: number, b: number) => Number(isBelow(b, a)) - Number(isBelow(a, b));
  return Array.from({ length: values.length }, (_, i) => i).sort((i, j) =>
    descending ? compare(values[j]!, values[i]!) : compare(values[i]!, values[j]!),
  );
}

const bits = (values: TypedArray) => new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Chooses the kernels for lines of this shape, whatever the adapter. */
const use = (variant: SortVariant, outer: number, extent: number, inner = 1) =>
  gpu.tuning.add(new Map([[sortVariants({ outer, extent, inner }).class, variant]]));

async function check(values: TypedArray, rows: number, extent: number, descending: boolean): Promise<void> {
  await gpu.scope(async () => {
    const sorted = sort(gpu.tensor(values, [rows, extent]), { descending });
    await gpu.evaluate([sorted.values, sorted.indices]);
    const [got, indices] = [await sorted.values.read(), await sorted.indices.read()];
    expect([got.constructor, indices.constructor]).toEqual([values.constructor, Uint32Array]);
    const from = bits(values);
    const [want, wanted] = [new Uint32Array(values.length), new Uint32Array(values.length)];
    for (let start = 0; start < values.length; start += extent) {
      const order = orderOf(values.subarray(start, start + extent), descending);
      want.set(order, start);
      wanted.set(
        order.map((place) => from[start + place]!),
        start,
      );
    }
    // the first place that differs says more than two long lists
    expect(want.findIndex((place, i) => indices[i] !== place)).toBe(-1);
    const found = bits(got);
    expect(wanted.findIndex((word, i) => found[i] !== word)).toBe(-1);
  });
}

const number = fc.oneof(
  fc.float({ noNaN: true }),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1e-45, -1e-45),
  fc.integer({ min: -3, max: 3 }),
);

describe.each<SortVariant>(["chunks", "tiles"])("sort by %s", (variant) => {
  it("gives values in order and the places they came from, equal ones in theirs, NaN last", () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 70 }),
        fc.boolean(),
        fc.array(number, { minLength: 1, maxLength: 280 }),
        async (rows, extent, descending, numbers) => {
          use(variant, rows, extent);
          const values = Float32Array.from({ length: rows * extent }, (_, i) => numbers[(i * 7) % numbers.length]!);
          await check(values, rows, extent, descending);
        },
      ),
      { seed: 1, numRuns: 60 },
    ));

  it.each([
    [1, 1],
    [300, 3],
    [5, 8],
    [3, 1023],
    [2, 1024],
    [2, 1025],
    [3, 2048],
    [2, 5000],
    [1, 20_001],
  ])("sorts %i rows of %i with many equal ones", async (rows, extent) => {
    use(variant, rows, extent);
    const values = Float32Array.from({ length: rows * extent }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 20) - 2048);
    await check(values, rows, extent, false);
    await check(values, rows, extent, true);
  });

  it.each([Int32Array, Uint32Array])("sorts an %o by all its bits", async (array) => {
    use(variant, 3, 1000);
    const values = new array(3000).map((_, i) => Math.imul(i % 2900, 0x9e3779b1));
    values.set([0, -1, 2 ** 31 - 1, -(2 ** 31)], 700);
    await check(values, 3, 1000, false);
    await check(values, 3, 1000, true);
  });

  // a software adapter needs half a minute for the barriers of a million
  const longest = variant === "chunks" ? 2 ** 20 : 2 ** 17;
  it(`sorts a row of ${longest}`, async () => {
    use(variant, 1, longest);
    const values = Float32Array.from({ length: longest }, (_, i) => Math.sin(i) * 1e4);
    await check(values, 1, longest, false);
  });

  it("sorts along an axis in the middle", async () => {
    const [outer, extent, inner] = [3, 1100, 5];
    use(variant, outer, extent, inner);
    const values = Float32Array.from({ length: outer * extent * inner }, (_, i) => Math.sin(i * i));
    const sorted = sort(gpu.tensor(values, [outer, extent, inner]), { axis: 1 });
    await gpu.evaluate([sorted.values, sorted.indices]);
    const [got, indices] = [await sorted.values.read(), await sorted.indices.read()];
    for (let o = 0; o < outer; o++)
      for (let k = 0; k < inner; k++) {
        const at = (r: number) => (o * extent + r) * inner + k;
        const places = Array.from({ length: extent }, (_, r) => at(r));
        const want = orderOf(
          places.map((p) => values[p]!),
          false,
        );
        expect(places.map((p) => indices[p])).toEqual(want);
        expect(places.map((p) => got[p])).toEqual(want.map((r) => values[at(r)]));
      }
  });
});
