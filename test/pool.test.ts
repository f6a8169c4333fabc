import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { grad } from "../src/graph/grad.ts";
import { mul } from "../src/graph/ops/arithmetic.ts";
import { avgPool2d, maxPool2d } from "../src/graph/ops/pool.ts";
import { sum } from "../src/graph/ops/sum.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { type Case, error, values } from "./oracles/conv2d.ts";
import { openShared } from "./helpers.ts";

const { cases } = JSON.parse(readFileSync(new URL("oracles/conv2d.json", import.meta.url), "utf8")) as {
  cases: Case[];
};
const poolings = cases.filter((c) => c.op === "maxPool2d" || c.op === "avgPool2d");

describe("pooling", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openShared();
  });
  afterAll(() => gpu.dispose());

  /** Rows in which runs of `repeated` neighbours are equal. */
  const image = (c: Case): Float32Array<ArrayBuffer> => {
    const [width, run] = [c.x[3]!, c.repeated ?? 1];
    const x = values(c.x, 1);
    return x.map((_, i) => x[i - ((i % width) % run)]!);
  };

  for (const c of poolings)
    it(`${c.op} of ${c.x.join("×")} by ${String(c.kernel)} with ${JSON.stringify(c.options)} equals float64`, async () => {
      const x = gpu.tensor(image(c), c.x);
      const y = (c.op === "maxPool2d" ? maxPool2d : avgPool2d)(x, c.kernel!, c.options);
      expect(y.shape).toEqual(c.shape);
      const g = gpu.tensor(values(c.shape, 4), c.shape);
      const [dx] = grad(sum(mul(g, y)), [x]) as [Tensor];
      // both are linear in g, so <h, ∂(g·dx)> by g is the same pooling of h at the same places
      const h = gpu.tensor(values(c.x, 5), c.x);
      const [dg] = grad(sum(mul(h, dx)), [g]) as [Tensor];
      const [left, right] = [sum(mul(h, dx)), sum(mul(g, dg))];
      // a maximum is exact; sums of at most 49 values in float32
      expect(error(await y.read(), c.y, c.scale)).toBeLessThanOrEqual(c.op === "maxPool2d" ? 0 : 1e-6);
      expect(error(await dx.read(), c.dx, c.scale)).toBeLessThanOrEqual(1e-6);
      const both = [await left.item(), await right.item()] as const;
      expect(Math.abs(both[0] - both[1])).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(both[0])));
    });

  it("refuses what does not fit", () => {
    const x = gpu.tensor(new Float32Array(16), [1, 1, 4, 4]);
    expect(() => maxPool2d(x, 5)).toThrow(
      "maxPool2d: the kernel is larger than the padded input. Expected a kernel within [4, 4]; got one that spans [5, 5].",
    );
    expect(() => maxPool2d(x, 2, { padding: 2 })).toThrow(
      "maxPool2d: padding out of range. Expected less than the [2, 2] pixels that the kernel spans; got [2, 2, 2, 2].",
    );
    expect(() => avgPool2d(x, 0)).toThrow(
      "avgPool2d: kernel out of range. Expected an integer ≥ 1 or a pair of them; got 0.",
    );
    expect(() => avgPool2d(x, 2, { stride: 1.5 })).toThrow(
      "avgPool2d: stride out of range. Expected an integer ≥ 1 or a pair of them; got 1.5.",
    );
    expect(() => avgPool2d(gpu.tensor(new Float32Array(4), [2, 2]), 2)).toThrow(
      "avgPool2d: expected x [batch, channels, height, width]; got [2, 2].",
    );
  });
});
