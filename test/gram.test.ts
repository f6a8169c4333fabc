import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gram } from "../src/graph/ops/gram.ts";
import { grad, type Gpu, linalg, mul, sum, type Tensor } from "../src/index.ts";
import { isTiled } from "../src/kernels/matmulTiles.ts";
import { hardwareDefaults, openShared } from "./helpers.ts";
import { force, shapeOf, values, worst } from "./products.ts";

let small: Gpu;
let able: Gpu;
beforeAll(async () => {
  small = await openShared({ defaultLimits: true });
  able = await openShared();
});
afterAll(() => {
  small.dispose();
  able.dispose();
});

describe("gram", () => {
  const halving = [
    "naive",
    "registerTiled",
    "tiled32x32KTeams",
    "splitK32x32",
    "quadSwap",
    "quadSwapSmall",
    "quadSwapAny",
  ] as const;
  for (const variant of halving)
    it(`by ${variant} is aᵀ·b, exactly symmetric`, async () => {
      const isAligned = variant === "quadSwap" || variant === "quadSwapSmall";
      const gpu = variant.startsWith("quad") ? able : small;
      const [n, large, little] = isAligned ? [264, 260, 132] : [261, 260, 131];
      // the tilings take seconds to compile
      for (const d of isTiled(variant) ? [little] : [large, little]) {
        const a = values(n * d, 6);
        const weights = values(n, 7).map(Math.abs);
        const shape = { ...shapeOf({ rows: d, columns: d, inner: n }, [true, false]), symmetric: true };
        force(gpu, variant, [shape]);
        const x = gpu.tensor(a, [n, d]);
        const scaled = mul(x, gpu.tensor(weights, [n, 1]));
        const found = (await gram(scaled, x).read()) as Float32Array;
        const left = (await scaled.read()) as Float32Array;
        expect(worst(found, left, a, { rows: d, columns: d, inner: n }, [true, false])).toBeLessThanOrEqual(1);
        for (let i = 0; i < d; i++)
          for (let j = 0; j < i; j++) if (found[i * d + j] !== found[j * d + i]) expect.unreachable(`[${i}, ${j}]`);
        // what freed buffers held gets into no total, whatever tiles are left out
        const freed = Array.from({ length: 512 }, (_, k) => gpu.tensor(new Float32Array(4 * k + 4).fill(1e6)));
        for (const tensor of freed) tensor.dispose();
        const whole = found.reduce((total, v) => total + v, 0);
        expect(Math.abs((await sum(mul(gram(scaled, x), 0.5)).item()) - whole / 2)).toBeLessThanOrEqual(1e-3 * n);
      }
    });

  it("has the gradient of a product with itself", async () => {
    const [n, d] = [261, 131];
    const a = values(n * d, 6);
    const x = able.tensor(a, [n, d]);
    const [slope] = grad(sum(mul(gram(x), 0.5)), [x]) as [Tensor];
    const rows = Array.from({ length: n }, (_, k) => a.subarray(k * d, k * d + d).reduce((s, v) => s + v, 0));
    const slopes = await slope.read();
    for (const [i, v] of slopes.entries()) expect(Math.abs(v - rows[Math.floor(i / d)]!)).toBeLessThanOrEqual(1e-4);
  });

  it("refuses what is not [n, d] twice", () => {
    const [x, y] = [small.tensor(values(6, 1), [2, 3]), small.tensor(values(6, 1), [3, 2])];
    expect(() => gram(x, y)).toThrow("gram: expected a and b [n, d] of one shape; got [2, 3] and [3, 2].");
  });
});

it("a covariance is exactly symmetric, and as on a GPU", async () => {
  const taken = hardwareDefaults(await openShared());
  const [n, d] = [301, 270];
  const numbers = values(n * d, 8);
  const results = [able, taken].map(async (gpu) => {
    const weights = gpu.tensor(values(n, 9).map(Math.abs), [n]);
    const x = gpu.tensor(numbers, [n, d]);
    const plan = await gpu.compile(() => [linalg.covariance(x, { weights })]);
    return {
      text: plan.explain(),
      values: await Promise.all((await plan.run()).map(async (t) => [...(await t.read())])),
    };
  });
  const [software, hardware] = await Promise.all(results);
  expect(software!.text).toContain("matmul_quadswap_any");
  expect(hardware!.text).toContain("matmul_tiled");
  for (const { values: both } of [software!, hardware!])
    for (const [i, found] of both.entries())
      for (const [at, value] of found.entries()) {
        // deviations and weights are at most 1: sums of n terms, divided by n or the weights' sum
        expect(Math.abs(value - software!.values[i]![at]!)).toBeLessThanOrEqual(n * 2 ** -23);
        expect(value).toBe(found[(at % d) * d + Math.floor(at / d)]);
      }
  taken.dispose();
});
