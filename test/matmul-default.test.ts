import { describe, expect, it } from "vitest";
import type { DeviceTraits } from "../src/kernels/launch.ts";
import { matmul as launches, type MatmulShape } from "../src/kernels/matmul.ts";
import { shapeOf } from "./products.ts";

describe("untuned", () => {
  const traits: DeviceTraits = {
    software: false,
    features: new Set(["subgroups"]),
    maxBindingBytes: 2 ** 27,
    maxStorageBuffers: 8,
    maxGroups: 65_535,
    maxImmediateBytes: 0,
    choices: new Map(),
  };
  /** The workgroups that make the product, and the tile of each; or the kernel's name. */
  const chosenFor = (rows: number, columns: number, inner: number, more: Partial<MatmulShape> = {}) => {
    const shape = { ...shapeOf({ rows, columns, inner }, [false, false]), ...more };
    const [launch] = launches(shape, traits).launches;
    const { THREAD_M, THREADS_M, THREAD_N, THREADS_N, K_TEAMS } = launch!.constants as {
      readonly [name: string]: number;
    };
    if (!launch!.kernel.name.startsWith("matmul_tiled")) return launch!.kernel.name;
    return `${4 * THREAD_M! * THREADS_M!}×${4 * THREAD_N! * THREADS_N!} in ${K_TEAMS} of ${launch!.params["k_slices"]}`;
  };

  it("a GPU takes larger tiles the more of them there are, and parts or slices of the inner axis where there are few", () => {
    expect(chosenFor(4096, 4096, 4096)).toBe("128×128 in 1 of 1");
    expect(chosenFor(1024, 1024, 1024)).toBe("64×64 in 1 of 1");
    expect(chosenFor(64, 100_000, 400)).toBe("64×128 in 1 of 1");
    expect(chosenFor(128, 400, 784)).toBe("32×32 in 4 of 1");
    expect(chosenFor(784, 784, 10_000, { symmetric: true, transposeA: true })).toBe("128×128 in 1 of 5");
    expect(chosenFor(1000, 1, 784)).toBe("matmul_tall_skinny.product");
    expect(chosenFor(5, 5, 5)).toBe("matmul_naive.product");
  });

  it("no default is one that the shape does not admit", () => {
    for (const rows of [1, 9, 65, 1000])
      for (const columns of [1, 9, 65, 1000])
        for (const inner of [1, 40, 10_000])
          for (const symmetric of rows === columns ? [false, true] : [false]) {
            const shape = { ...shapeOf({ rows, columns, inner }, [true, false]), symmetric };
            const { launches: list, scratch = [] } = launches(shape, traits);
            expect(list.length).toBe(scratch.length + 1);
            for (const bytes of scratch) expect(bytes).toBeLessThanOrEqual(traits.maxBindingBytes);
          }
  });
});
