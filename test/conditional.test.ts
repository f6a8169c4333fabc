import { afterAll, beforeAll, expect, test } from "vitest";
import { Gaussian, GaussianMixture, type Gpu, random, type Tensor } from "../src/index.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
let rows: Tensor;
beforeAll(async () => {
  gpu = await openShared();
  rows = random.normal(gpu, [60, 4], { seed: 1 });
  await gpu.evaluate([rows]);
});
afterAll(() => gpu.dispose());

const values = async (x: Tensor) => [...((await x.read().finally(() => x.dispose())) as Float32Array)];

test.each(["full", "diag", "spherical", "low-rank", "factor"] as const)(
  "a conditional frees what it made, and nothing of its model or of its caller: %s",
  async (covariance) => {
    const ranked = covariance === "low-rank" || covariance === "factor" ? { rank: 1 } : {};
    const options = { components: 2, ...ranked, covariance, seed: 1, maxIterations: 5 };
    using mixture = await GaussianMixture.fit(rows, options);
    using gaussian = await Gaussian.fit(rows, { ...ranked, covariance });
    using known = gpu.tensor([
      [0.5, -1],
      [0, 2],
    ]);
    for (const model of [gaussian, mixture]) {
      const before = await values(model.logProb(rows));
      await gpu.idle();
      const { buffers, bytes } = gpu.memory();
      const rest = model.conditional({ observed: [0, 2], values: known });
      const mean = await values(rest.mean);
      await values(rest.covariance);
      await values(rest.sample({ seed: 1 }));
      rest.dispose();
      rest[Symbol.dispose]();
      await gpu.idle();
      // what calls before left behind may have gone as well
      const after = gpu.memory();
      expect(after.buffers).toBeLessThanOrEqual(buffers);
      expect(after.bytes).toBeLessThanOrEqual(bytes);
      expect(() => rest.complete()).toThrow("disposed");
      expect(await values(model.logProb(rows))).toEqual(before);
      using again = model.conditional({ observed: [0, 2], values: known });
      expect(await values(again.mean)).toEqual(mean);
    }
  },
);
