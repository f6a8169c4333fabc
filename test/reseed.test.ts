import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GaussianMixture, type Gpu } from "../src/index.ts";
import { isBetter } from "../src/models/mixture/fit.ts";
import { selectMixture } from "../src/models/mixture/select.ts";
import { failure, openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

describe("a component that dies goes on at rows that count", () => {
  const init = { weights: [0.5, 0.5], means: [[0], [1e4]], covariances: [[1], [1]] };
  const options = { components: 2, covariance: "diag", regularization: 1e-3, reseed: true } as const;

  test("and at none of weight 0, however far", async () => {
    const rows = gpu.tensor([[-1], [0], [1], [20], [21], [22], [1000]]);
    using model = await GaussianMixture.fit(rows, { ...options, init, weights: [1, 1, 1, 1, 1, 1, 0] });
    expect(model.warnings).toEqual([]);
    const means = [...(await model.means.read())].sort((a, b) => a - b);
    expect(Math.abs(means[0]!)).toBeLessThan(1e-3);
    expect(Math.abs(means[1]! - 21)).toBeLessThan(1e-3);
  });

  test("and stays where it is where there are fewer of them than dead components", async () => {
    const three = { weights: [0.4, 0.3, 0.3], means: [[0], [1e4], [2e4]], covariances: [[1], [1], [1]] };
    const rows = gpu.tensor([[0], [5], [9]]);
    using model = await GaussianMixture.fit(rows, { ...options, components: 3, init: three, weights: [4, 0, 0] });
    expect(model.warnings.at(-1)).toContain("components 1, 2 have no rows left");
  });
});

test("a restart that ends at no number is below every other", () => {
  const [high, low, none] = [-1, -2, Number.NaN].map((bound) => ({ history: Float32Array.of(-3, bound) }));
  expect([isBetter(high!, low!), isBetter(low!, high!), isBetter(low!, low!)]).toEqual([true, false, false]);
  expect([isBetter(none!, low!), isBetter(low!, none!), isBetter(none!, none!)]).toEqual([false, true, false]);
});

test("select frees every model where scoring one of them fails", async () => {
  const left = new Set<number>();
  const fit = (_: unknown, { components }: { components: number }) => {
    left.add(components);
    const rest = { components, parameterCount: 1, iterations: 1, converged: true };
    const logProb = () => {
      if (components === 2) throw new Error("no score");
      return gpu.zeros([3]);
    };
    return Promise.resolve({ ...rest, logProb, dispose: () => left.delete(components) });
  };
  const options = { components: [1, 2] };
  await expect(selectMixture("select", gpu.zeros([3, 1]), options, fit)).rejects.toThrow("no score");
  expect([...left]).toEqual([]);
  expect((await failure(() => GaussianMixture.select(gpu.zeros([3, 1]), { components: [] }))).code).toBe("argument");
});
