import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { grad, type Gpu, linear, matmul, mul, square, sub, sum, type Tensor } from "../src/index.ts";
import type { MatmulVariant } from "../src/kernels/matmul.ts";
import { force, type Layout, LAYOUTS, named, operands, shapeOf, type Size, values, worst } from "./products.ts";
import { openShared } from "./helpers.ts";

/** One with default limits and no features, for all kernels that ask for none; and the device as it is. */
let small: Gpu;
let whole: Gpu;
beforeAll(async () => {
  small = await openShared({ defaultLimits: true });
  whole = await openShared();
});
afterAll(() => {
  small.dispose();
  whole.dispose();
});

async function check(gpu: Gpu, variant: MatmulVariant, layout: Layout, sizes: readonly Size[]): Promise<void> {
  force(
    gpu,
    variant,
    sizes.map((size) => shapeOf(size, layout)),
  );
  for (const size of sizes) {
    const { a, b, x, y } = operands(gpu, size, layout);
    const found = await matmul(x, y).read();
    const label = `${variant} ${named(layout)} ${JSON.stringify(size)}`;
    expect(worst(found as Float32Array, a, b, size, layout), label).toBeLessThanOrEqual(1);
    expect(await matmul(x, y).read(), `${label} again`).toEqual(found);
    x.dispose();
    y.dispose();
  }
}

const many = { stacks: 3 } as const;
const shared = { stacks: 3, shared: true } as const;
/** Sizes that matmul_tiled takes, and those that matmul_tiled_any takes; the larger ones where a variant wants them. */
const SIZES: { readonly [kind: string]: readonly [aligned: readonly Size[], any: readonly Size[]] } = {
  every: [
    [
      { rows: 4, columns: 4, inner: 4 },
      { rows: 64, columns: 64, inner: 64 },
      { rows: 132, columns: 68, inner: 20, ...many },
      { rows: 36, columns: 132, inner: 36, ...shared },
    ],
    [
      { rows: 1, columns: 1, inner: 1 },
      { rows: 3, columns: 31, inner: 33 },
      { rows: 129, columns: 65, inner: 17, ...many },
      { rows: 33, columns: 127, inner: 31, ...shared },
      { rows: 64, columns: 130, inner: 2 },
    ],
  ],
  large: [
    [
      { rows: 68, columns: 68, inner: 4 },
      { rows: 128, columns: 128, inner: 32, ...shared },
      { rows: 260, columns: 132, inner: 20, ...many },
    ],
    [
      { rows: 65, columns: 127, inner: 1 },
      { rows: 129, columns: 130, inner: 33, ...many },
      { rows: 127, columns: 259, inner: 31 },
    ],
  ],
  deep: [
    [
      { rows: 4, columns: 4, inner: 260 },
      { rows: 68, columns: 36, inner: 516, ...shared },
      { rows: 32, columns: 132, inner: 256, ...many },
    ],
    [
      { rows: 1, columns: 3, inner: 257 },
      { rows: 65, columns: 33, inner: 515, ...many },
      { rows: 31, columns: 127, inner: 300, ...shared },
    ],
  ],
  both: [
    [
      { rows: 68, columns: 68, inner: 260 },
      { rows: 132, columns: 136, inner: 516, ...many },
    ],
    [
      { rows: 65, columns: 127, inner: 257, ...many },
      { rows: 129, columns: 130, inner: 301 },
    ],
  ],
};

/** Which sizes each takes. All try their odd sizes, by one layout each: they differ in constants that know nothing of transposition, and take seconds to compile. */
const TILED: readonly { variant: MatmulVariant; kind: keyof typeof SIZES }[] = [
  { variant: "tiled64x64", kind: "every" },
  { variant: "tiled128x128", kind: "large" },
  { variant: "tiled128x64", kind: "large" },
  { variant: "tiled64x128", kind: "large" },
  { variant: "tiled32x32", kind: "every" },
  { variant: "tiled32x32KTeams", kind: "deep" },
  { variant: "splitK64x64", kind: "deep" },
  { variant: "splitK128x128", kind: "both" },
  { variant: "splitK32x32", kind: "deep" },
  { variant: "late32x32", kind: "every" },
  { variant: "lateSplitK32x32", kind: "deep" },
];

/** One of each structure tries aligned sizes, each by another layout. */
const ALIGNED: readonly MatmulVariant[] = ["tiled64x64", "splitK128x128", "tiled32x32", "tiled32x32KTeams"];

describe("a product in tiles is within γ_k·Σ|a||b|, twice the same bits, with default limits:", () => {
  for (const [n, { variant, kind }] of TILED.entries()) {
    const [aligned, any] = SIZES[kind]!;
    const layout = LAYOUTS[n % 4]!;
    it(`${variant} ${named(layout)}, any`, () => check(small, variant, layout, any));
    const own = LAYOUTS[ALIGNED.indexOf(variant)];
    if (own) it(`${variant} ${named(own)}, aligned`, () => check(small, variant, own, aligned));
  }
});

describe("other products are as right:", () => {
  for (const layout of LAYOUTS) {
    it(`broadcast ${named(layout)}`, async () => {
      const sizes = SIZES["every"]![0];
      await check(whole, "broadcast", layout, [
        ...sizes,
        { rows: 520, columns: 36, inner: 8 },
        { rows: 4, columns: 520, inner: 12 },
      ]);
    });
    it(`quadswap ${named(layout)}`, async () => {
      const [aligned, any] = SIZES["every"]!;
      await check(whole, "quadSwap", layout, aligned);
      await check(whole, "quadSwapSmall", layout, aligned);
      await check(whole, "quadSwapAny", layout, any);
    });
    it(`tall and skinny ${named(layout)}`, async () => {
      await check(small, "tallSkinny", layout, [
        { rows: 1, columns: 1, inner: 1000 },
        { rows: 130, columns: 3, inner: 65, ...many },
        { rows: 5, columns: 129, inner: 33, ...shared },
        { rows: 8, columns: 64, inner: 300 },
        { rows: 33, columns: 8, inner: 257 },
      ]);
    });
  }
});

it("tall_skinny takes four rows, or columns, at a time where there are very many", async () => {
  await check(small, "tallSkinny", LAYOUTS[0]!, [
    { rows: 1, columns: 66_000, inner: 9 },
    { rows: 33_000, columns: 1, inner: 6 },
  ]);
});

/** One for each text; the other tilings differ in constants only. */
const VARIANTS: readonly MatmulVariant[] = [
  "tiled64x64",
  "tiled32x32KTeams",
  "splitK64x64",
  "broadcast",
  "tallSkinny",
  "quadSwap",
  "quadSwapSmall",
  "naive",
  "registerTiled",
];
/** `quadSwapSmall` is in matmul_quadswap_small.wgsl. */
const fileOf = (variant: MatmulVariant) =>
  variant.replace("quadSwap", "quadswap").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const gpuFor = (variant: MatmulVariant) => (/^(broadcast|quad)/.test(variant) ? whole : small);
const kernelOf = (variant: MatmulVariant) =>
  `matmul_${/^(tiled|split|late)/.test(variant) ? "tiled" : fileOf(variant)}.`;

describe("beside the product,", () => {
  for (const [n, variant] of VARIANTS.entries()) {
    const size = { rows: variant === "tallSkinny" ? 8 : 72, columns: 132, inner: 260 };

    it(`${variant} stores a map of it and adds another up`, async () => {
      const gpu = gpuFor(variant);
      const layout = LAYOUTS[n % 4]!;
      force(gpu, variant, [shapeOf(size, layout)]);
      const { a, b, x, y } = operands(gpu, size, layout);
      const target = gpu.tensor(values(size.rows * size.columns, 3), [size.rows, size.columns]);
      const step = await gpu.compile(() => {
        const difference = sub(matmul(x, y), target);
        return [sum(square(difference)), mul(difference, 2)];
      });
      const splitK = variant.startsWith("split");
      expect(step.stats.dispatches, step.explain()).toBeLessThanOrEqual(splitK ? 4 : 3);
      if (variant !== "naive") expect(step.explain()).toContain("+ sum");
      expect(step.explain()).toContain(kernelOf(variant));
      const [loss, slope] = await step.run();
      const slopes = (await slope!.read()) as Float32Array;
      const total = await loss!.item();
      const goal = await target.read();
      const shifted = slopes.map((v, i) => v / 2 + goal[i]!);
      // the difference is rounded once more, at most by 2u of what Σ|a||b| is
      expect(worst(shifted, a, b, size, layout)).toBeLessThanOrEqual(1.1);
      const expected = slopes.reduce((all, v) => all + (v / 2) ** 2, 0);
      expect(Math.abs(total - expected)).toBeLessThanOrEqual(1e-5 * expected);
      step.dispose();
    });

    it(`${variant} sums the rows of a`, async () => {
      const gpu = gpuFor(variant);
      const batch = 260;
      for (const [out, columns] of variant === "tallSkinny"
        ? [
            [8, 130],
            [130, 3],
          ]
        : [
            [72, 132],
            [131, 67],
          ]) {
        if (gpuFor(variant) === whole && out! % 4) continue; // these take aligned sizes only
        const shape = { ...shapeOf({ rows: out!, columns: columns!, inner: batch }, [true, false]), rowSums: true };
        force(gpu, variant, [shape]);
        const [g, x] = [values(batch * out!, 1), values(batch * columns!, 2)];
        const [w, bias] = [
          gpu.tensor(values(out! * columns!, 4), [out!, columns!]),
          gpu.tensor(values(out!, 5), [out!]),
        ];
        const y = linear(gpu.tensor(x, [batch, columns!]), w, bias);
        const [dW, dB] = grad(sum(mul(y, gpu.tensor(g, [batch, out!]))), [w, bias]) as [Tensor, Tensor];
        const found = (await dW.read()) as Float32Array;
        expect(worst(found, g, x, { rows: out!, columns: columns!, inner: batch }, [true, false])).toBeLessThanOrEqual(
          1,
        );
        const sums = await dB.read();
        for (let i = 0; i < out!; i++) {
          let [value, scale] = [0, 0];
          for (let k = 0; k < batch; k++)
            [value, scale] = [value + g[k * out! + i]!, scale + Math.abs(g[k * out! + i]!)];
          expect(Math.abs(sums[i]! - value)).toBeLessThanOrEqual(batch * 2 ** -24 * scale);
        }
      }
    });
  }
});
