import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gram } from "../src/graph/ops/gram.ts";
import { grad, type Gpu, linalg, mul, sum, type Tensor } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import { force, shapeOf, values, worst } from "./products.ts";

let small: Gpu;
beforeAll(async () => {
  small = await openNodeGpu({ defaultLimits: true });
});
afterAll(() => small.dispose());

describe("gram", () => {
  const square = ["tiled", "tiledParts", "splitLarge"] as const;
  for (const variant of square)
    it(`by ${variant} is aᵀ·b, exactly symmetric`, { timeout: 120_000 }, async () => {
      for (const d of [260, 131]) {
        const n = 261;
        const a = values(n * d, 6);
        const weights = values(n, 7).map(Math.abs);
        const shape = { ...shapeOf({ rows: d, columns: d, inner: n }, [true, false]), symmetric: true };
        force(small, variant, [shape]);
        const x = small.tensor(a, [n, d]);
        const scaled = mul(x, small.tensor(weights, [n, 1]));
        const found = (await gram(scaled, x).read()) as Float32Array;
        const left = (await scaled.read()) as Float32Array;
        expect(worst(found, left, a, { rows: d, columns: d, inner: n }, [true, false])).toBeLessThanOrEqual(1);
        for (let i = 0; i < d; i++)
          for (let j = 0; j < i; j++) if (found[i * d + j] !== found[j * d + i]) expect.unreachable(`[${i}, ${j}]`);
        if (d === 131) {
          const [slope] = grad(sum(mul(gram(x), 0.5)), [x]) as [Tensor];
          const rows = Array.from({ length: n }, (_, k) => a.subarray(k * d, k * d + d).reduce((s, v) => s + v, 0));
          const slopes = await slope.read();
          for (const [i, v] of slopes.entries())
            expect(Math.abs(v - rows[Math.floor(i / d)]!)).toBeLessThanOrEqual(1e-4);
        }
      }
    });

  it("refuses what is not [n, d] twice", () => {
    const [x, y] = [small.tensor(values(6, 1), [2, 3]), small.tensor(values(6, 1), [3, 2])];
    expect(() => gram(x, y)).toThrow("gram: expected a and b [n, d] of one shape; got [2, 3] and [3, 2].");
  });
});

it("a covariance by gram, as on a GPU, is the one by blocks, exactly symmetric", { timeout: 120_000 }, async () => {
  const taken = await openNodeGpu();
  Object.assign(taken.traits, { software: false });
  const [n, d] = [301, 270];
  const numbers = values(n * d, 8);
  const results = [small, taken].map(async (gpu) => {
    const weights = gpu.tensor(values(n, 9).map(Math.abs), [n]);
    const x = gpu.tensor(numbers, [n, d]);
    const plan = await gpu.compile(() => [linalg.covariance(x), linalg.covariance(x, { weights })]);
    return {
      text: plan.explain(),
      values: await Promise.all((await plan.run()).map(async (t) => [...(await t.read())])),
    };
  });
  const [blocks, whole] = await Promise.all(results);
  expect(blocks!.text).toContain("concat");
  expect(whole!.text).toContain("matmul_tiled");
  expect(whole!.text).not.toContain("concat");
  for (const [i, found] of whole!.values.entries())
    for (const [at, value] of found.entries()) {
      // deviations and weights are at most 1: sums of n terms, divided by n or the weights' sum
      expect(Math.abs(value - blocks!.values[i]![at]!)).toBeLessThanOrEqual(n * 2 ** -23);
      expect(value).toBe(found[(at % d) * d + Math.floor(at / d)]);
    }
  taken.dispose();
});
