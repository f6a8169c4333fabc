// Products in tiles of more than 1024 terms: runs of 512 are added up, what came before waits in scratch.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Gpu, grad, linear, matmul, mul, sum } from "../src/index.ts";
import type { MatmulVariant } from "../src/kernels/matmul.ts";
import { hardwareDefaults, openShared } from "./helpers.ts";
import { force, type Layout, named, operands, shapeOf, type Size, values, worst } from "./products.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared({ defaultLimits: true });
});
afterAll(() => gpu.dispose());

/** Five runs, the last one short. */
const inner = 2084;
/** Additions in a row are those of a run, of the runs, and of teams and slices. */
const most = (512 + 5 + 4 + 16) / inner;

const cases: readonly (readonly [MatmulVariant, Layout, Size])[] = [
  ["tiled128x128", [false, false], { rows: 68, columns: 132, inner }],
  ["tiled128x128", [true, true], { rows: 131, columns: 67, inner: inner - 1 }],
  ["tiled64x64", [false, true], { rows: 36, columns: 68, inner, stacks: 2 }],
  ["tiled32x32", [true, false], { rows: 40, columns: 36, inner }],
  ["tiled32x32KTeams", [false, true], { rows: 33, columns: 36, inner }],
  ["late32x32", [false, false], { rows: 36, columns: 40, inner }],
  ["late32x32", [true, true], { rows: 33, columns: 31, inner: inner - 3 }],
  ["lateSplitK32x32", [false, true], { rows: 36, columns: 40, inner }],
];

describe("a product of many terms", () => {
  for (const [variant, layout, size] of cases)
    it(`${variant} ${named(layout)} ${size.rows} × ${size.columns} keeps to the bound of its runs`, async () => {
      force(gpu, variant, [shapeOf(size, layout)]);
      const { a, b, x, y } = operands(gpu, size, layout);
      const found = (await matmul(x, y).read()) as Float32Array;
      expect(worst(found, a, b, size, layout)).toBeLessThanOrEqual(most);
      expect(await matmul(x, y).read()).toEqual(found);
    });

  it("with the sums of rows, by the defaults of hardware and of Intel", async () => {
    const [batch, width, out] = [1500, 70, 40];
    const [a, b] = [values(batch * width, 1), values(batch * out, 2)];
    const expected = new Float64Array(out);
    for (let i = 0; i < batch * out; i++) expected[i % out]! += b[i]!;
    for (const family of ["unknown", "intel"] as const) {
      const own = hardwareDefaults(await openShared(), family);
      const [x, g] = [own.tensor(a, [batch, width]), own.tensor(b, [batch, out])];
      const [w, bias] = [own.tensor(values(out * width, 3), [out, width]), own.tensor(values(out, 4))];
      const [dw, dBias] = grad(sum(mul(linear(x, w, bias), g)), [w, bias]);
      const sums = (await dBias!.read()) as Float32Array;
      const scale = batch * 2 ** -24 * batch;
      for (const [i, value] of sums.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(scale);
      const size = { rows: out, columns: width, inner: batch };
      expect(worst((await dw!.read()) as Float32Array, b, a, size, [true, false])).toBeLessThanOrEqual(1);
      own.dispose();
    }
  });
});
