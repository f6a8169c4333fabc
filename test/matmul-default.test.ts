import { describe, expect, it } from "vitest";
import { defaultsFor } from "../src/kernels/defaults.ts";
import { matmul as launches, matmulKernels, type MatmulShape, matmulVariants } from "../src/kernels/matmul.ts";
import { isTiled, type TilingCosts } from "../src/kernels/matmulTiles.ts";
import { shapeOf } from "./products.ts";
import { hardware as traits } from "./traits.ts";

const SIZES = [1, 5, 8, 9, 40, 64, 65, 128, 784, 1000, 4096, 100_000];

/** Products of every size, and squares that equal their own transpose. */
const shapes = SIZES.flatMap((rows) =>
  SIZES.flatMap((columns) =>
    SIZES.flatMap((inner) => {
      if (4 * rows * columns > traits.maxBindingBytes) return [];
      const shape = shapeOf({ rows, columns, inner }, [true, false]);
      return rows === columns ? [shape, { ...shape, symmetric: true }] : [shape];
    }),
  ),
);

/** What the launcher describes when `variant` was tuned for the shape, or nothing was. */
const described = (shape: MatmulShape, variant?: string) => {
  const choices = variant ? new Map([[matmulVariants(shape, traits).class, variant]]) : traits.choices;
  return launches(shape, { ...traits, choices });
};

/** What the launches that would run cost by defaults.ts, read off their grids and constants; 256 invocations on each of 128 processors run at once. */
function costOf(shape: MatmulShape, variant?: string): number {
  const { matmul: costs } = defaultsFor(traits);
  if (!("costPerK" in costs)) throw new Error("no costs of tilings");
  const [main, ...further] = described(shape, variant).launches;
  const constant = main!.constants as { readonly [name: string]: number };
  const [m, n] = [4 * constant["THREAD_M"]!, 4 * constant["THREAD_N"]!];
  const [blockM, blockN] = [m * constant["THREADS_M"]!, n * constant["THREADS_N"]!];
  const lanes = constant["THREADS_M"]! * constant["THREADS_N"]! * constant["K_TEAMS"]!;
  const { k_slices: slices, k_tiles: tiles } = main!.params as { readonly [name: string]: number };
  // a symmetric product skips the tiles below its diagonal
  const side = Math.ceil(shape.rows / blockM);
  const workgroups = shape.symmetric ? (main!.groups[0] * (side + 1)) / (2 * side) : main!.groups[0];
  const rounds = Math.max(1, (workgroups * lanes) / (256 * 128));
  const loads = ((blockM + blockN) * constant["K_TEAMS"]!) / lanes;
  // each team takes 16 positions of a tile
  const product =
    rounds * 16 * tiles! * ((costs.costPerK as TilingCosts["costPerK"])[m * n]! + loads * costs.costPerLoad);
  return further.reduce(
    (sum) => sum + costs.costPerLaunch + slices! * shape.rows * shape.columns * costs.costPerSplitElement,
    product,
  );
}

const kernelOf = (shape: MatmulShape) => described(shape).launches[0]!.kernel.name;

describe("untuned, on a GPU", () => {
  it("no other tiling would take less time than the default", () => {
    let seen = 0;
    for (const shape of shapes) {
      if (!kernelOf(shape).startsWith("matmul_tiled")) continue;
      seen++;
      const cost = costOf(shape);
      for (const variant of matmulKernels(shape, traits).filter(isTiled))
        expect(cost, `${variant} of ${JSON.stringify(shape)}`).toBeLessThanOrEqual(
          costOf(shape, variant) * (1 + 1e-12),
        );
    }
    expect(seen).toBeGreaterThan(shapes.length / 2);
  });

  it("vectors and slivers take tall_skinny, single tiles of few elements naive, and nothing else does", () => {
    const { matmul: limits } = defaultsFor(traits);
    if (!("costPerK" in limits)) throw new Error("no limits");
    for (const shape of shapes) {
      const isSliver = Math.min(shape.rows, shape.columns) <= 8 && !shape.symmetric;
      const isDeep = shape.inner >= limits.minInnerForTallSkinny;
      const isTiny = shape.rows * shape.columns <= limits.maxElementsForNaive;
      const family = isSliver && isDeep ? "matmul_tall_skinny" : isTiny ? "matmul_naive" : "matmul_tiled";
      expect(kernelOf(shape), JSON.stringify(shape)).toContain(family);
    }
  });

  it("slices of the inner axis fit their scratch, and a launch more adds them up", () => {
    for (const shape of shapes) {
      const { launches: list, scratch = [] } = described(shape);
      // sums of many terms wait in scratch of their own
      expect(list.length).toBe(scratch.length - Number("earlier" in list[0]!.bind) + 1);
      for (const bytes of scratch) expect(bytes).toBeLessThanOrEqual(traits.maxBindingBytes);
    }
  });

  it("Intel's registers hold 4 × 4 sums and no tile that waits, others load ahead", () => {
    for (const family of ["intel", "nvidia", "amd", "apple", "mobile", "unknown"] as const)
      for (const shape of shapes) {
        const { kernel, constants } = launches(shape, { ...traits, family }).launches[0]!;
        if (!kernel.name.startsWith("matmul_tiled")) continue;
        const isIntel = family === "intel";
        expect(constants!["LATE"], `${family} ${JSON.stringify(shape)}`).toBe(Number(isIntel));
        if (isIntel) expect(constants!["THREAD_M"]! * constants!["THREAD_N"]!).toBe(1);
      }
  });

  it("a product of many terms whose sums find no scratch to wait in takes a kernel that keeps them in registers", () => {
    const shape = { ...shapeOf({ rows: 33, columns: 2 ** 15, inner: 4096 }, [false, false]), symmetric: false };
    const small = { ...traits, maxBindingBytes: 4 * 33 * 2 ** 15 };
    expect(launches(shape, small).launches[0]!.kernel.name).toBe("matmul_register_tiled.product");
    expect(launches(shape, traits).launches[0]!.kernel.name).toBe("matmul_tiled.product");
  });
});
