import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gram } from "../src/graph/ops/gram.ts";
import { grad, type Gpu, linear, matmul, mul, sum, square, sub, type Tensor, transpose } from "../src/index.ts";
import type { DeviceTraits } from "../src/kernels/launch.ts";
import {
  matmul as launches,
  matmulKernels,
  type MatmulShape,
  type MatmulVariant,
  matmulVariants,
} from "../src/kernels/matmul.ts";
import { openNodeGpu } from "../src/node.ts";

/** One with default limits and no features, for all kernels that ask for none; and the device as it is. */
let small: Gpu;
let whole: Gpu;
beforeAll(async () => {
  small = await openNodeGpu({ defaultLimits: true });
  whole = await openNodeGpu();
});
afterAll(() => {
  small.dispose();
  whole.dispose();
});

const values = (count: number, seed: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => Math.sin((i + 1) * (12.9898 + seed)));

interface Size {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly stacks?: number;
  /** One matrix of a serves the whole stack. */
  readonly shared?: true;
}
type Layout = readonly [transposeA: boolean, transposeB: boolean];
const LAYOUTS: readonly Layout[] = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
];
const named = ([ta, tb]: Layout) => `${ta ? "aᵀ" : "a"}·${tb ? "bᵀ" : "b"}`;

const shapeOf = (
  { rows, columns, inner, stacks = 1, shared }: Size,
  [transposeA, transposeB]: Layout,
): MatmulShape => ({
  stacks,
  rows,
  columns,
  inner,
  transposeA,
  transposeB,
  aStack: stacks === 1 || shared ? 0 : rows * inner,
  bStack: stacks === 1 ? 0 : inner * columns,
});

/** Makes `variant` the choice for these products, if it can make them. */
function force(gpu: Gpu, variant: MatmulVariant, shapes: readonly MatmulShape[]): void {
  const able = shapes.filter((shape) => matmulKernels(shape, gpu.traits).includes(variant));
  expect(able, `${variant} makes all of them`).toHaveLength(shapes.length);
  const choices = Object.fromEntries(able.map((shape) => [matmulVariants(shape, gpu.traits).class, variant]));
  gpu.tuning.import({ ...gpu.tuning.export(), choices });
}

/** The largest error of `found` over γ_k·Σ|a||b|, for every stack of op(a)·op(b). */
function worst(found: ArrayLike<number>, a: Float32Array, b: Float32Array, size: Size, [ta, tb]: Layout): number {
  const { rows, columns, inner, stacks = 1, shared } = size;
  const u = 2 ** -24;
  const gamma = (inner * u) / (1 - inner * u);
  let most = 0;
  for (let s = 0; s < stacks; s++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let [value, scale] = [0, 0];
        for (let k = 0; k < inner; k++) {
          const x = a[(shared ? 0 : s * rows * inner) + (ta ? k * rows + i : i * inner + k)]!;
          const y = b[s * inner * columns + (tb ? j * inner + k : k * columns + j)]!;
          value += x * y;
          scale += Math.abs(x * y);
        }
        const error = Math.abs(found[(s * rows + i) * columns + j]! - value);
        if (!(error <= most * gamma * scale)) most = error / (gamma * scale);
      }
  return most;
}

/** op(a) and op(b) as tensors, and the numbers as they lie in memory. */
function operands(gpu: Gpu, { rows, columns, inner, stacks = 1, shared }: Size, [ta, tb]: Layout) {
  const a = values((shared ? 1 : stacks) * rows * inner, 1);
  const b = values(stacks * inner * columns, 2);
  const matrix = (
    data: Float32Array<ArrayBuffer>,
    high: number,
    wide: number,
    flipped: boolean,
    many: boolean,
  ): Tensor => {
    const stack = many ? [stacks] : [];
    const order = many ? [0, 2, 1] : [1, 0];
    return flipped
      ? transpose(gpu.tensor(data, [...stack, wide, high]), order)
      : gpu.tensor(data, [...stack, high, wide]);
  };
  const x = matrix(a, rows, inner, ta, stacks > 1 && !shared);
  const y = matrix(b, inner, columns, tb, stacks > 1);
  return { a, b, x, y };
}

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

/** Which sizes each takes. They differ in constants that know nothing of transposition: one goes through all layouts, the others through two. */
const TILED: readonly { variant: MatmulVariant; kind: keyof typeof SIZES; all?: true }[] = [
  { variant: "tiled", kind: "every", all: true },
  { variant: "tiledTwice", kind: "every" },
  { variant: "tiledLarge", kind: "large" },
  { variant: "tiledTall", kind: "large" },
  { variant: "tiledWide", kind: "large" },
  { variant: "tiledFlat", kind: "every" },
  { variant: "tiledSmall", kind: "every" },
  { variant: "tiledParts", kind: "deep" },
  { variant: "split", kind: "deep" },
  { variant: "splitLarge", kind: "both" },
  { variant: "splitSmall", kind: "deep" },
];

describe("a product in tiles is within γ_k·Σ|a||b|, twice the same bits, with default limits:", () => {
  for (const [n, { variant, kind, all }] of TILED.entries())
    for (const [l, layout] of LAYOUTS.entries()) {
      const [aligned, any] = SIZES[kind]!;
      if (all || l === n % 4)
        it(`${variant} ${named(layout)}, aligned`, () => check(small, variant, layout, aligned), 120_000);
      if (all || l === (n + 2) % 4)
        it(`${variant} ${named(layout)}, any`, () => check(small, variant, layout, any), 120_000);
    }
});

describe("other products are as right:", () => {
  for (const layout of LAYOUTS) {
    it(`broadcast ${named(layout)}`, { timeout: 120_000 }, async () => {
      const sizes = SIZES["every"]![0];
      await check(whole, "broadcast", layout, [
        ...sizes,
        { rows: 520, columns: 36, inner: 8 },
        { rows: 4, columns: 520, inner: 12 },
      ]);
    });
    it(`slim ${named(layout)}`, { timeout: 120_000 }, async () => {
      await check(small, "slim", layout, [
        { rows: 1, columns: 1, inner: 1000 },
        { rows: 130, columns: 3, inner: 65, ...many },
        { rows: 5, columns: 129, inner: 33, ...shared },
        { rows: 8, columns: 64, inner: 300 },
        { rows: 33, columns: 8, inner: 257 },
      ]);
    });
  }
});

it("slim takes four rows, or columns, at a time where there are very many", { timeout: 120_000 }, async () => {
  await check(small, "slim", LAYOUTS[0]!, [
    { rows: 1, columns: 66_000, inner: 9 },
    { rows: 33_000, columns: 1, inner: 6 },
  ]);
});

/** One for each text; the other tilings differ in constants only. */
const VARIANTS: readonly MatmulVariant[] = ["tiled", "tiledParts", "split", "broadcast", "slim", "plain", "direct"];
const gpuFor = (variant: MatmulVariant) => (variant === "broadcast" ? whole : small);

describe("beside the product,", () => {
  for (const [n, variant] of VARIANTS.entries()) {
    const size = { rows: variant === "slim" ? 8 : 72, columns: 132, inner: 260 };

    it(`${variant} stores a map of it and adds another up`, { timeout: 120_000 }, async () => {
      const gpu = gpuFor(variant);
      const layout = LAYOUTS[n % 4]!;
      force(gpu, variant, [shapeOf(size, layout)]);
      const { a, b, x, y } = operands(gpu, size, layout);
      const target = gpu.tensor(values(size.rows * size.columns, 3), [size.rows, size.columns]);
      const step = await gpu.compile(() => {
        const difference = sub(matmul(x, y), target);
        return [sum(square(difference)), mul(difference, 2)];
      });
      const sliced = variant.startsWith("split");
      expect(step.stats.dispatches, step.explain()).toBeLessThanOrEqual(sliced ? 4 : 3);
      if (variant !== "plain") expect(step.explain()).toContain("+ sum");
      expect(step.explain()).toContain(`matmul_${/^(tiled|split)/.test(variant) ? "tiled" : variant}`);
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

    it(`${variant} sums the rows of a`, { timeout: 120_000 }, async () => {
      const gpu = gpuFor(variant);
      const batch = 260;
      for (const [out, columns] of variant === "slim"
        ? [
            [8, 130],
            [130, 3],
          ]
        : [
            [72, 132],
            [131, 67],
          ]) {
        if (variant === "broadcast" && out! % 4) continue;
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

describe("untuned", () => {
  const traits: DeviceTraits = {
    software: false,
    features: new Set(["subgroups"]),
    maxBindingBytes: 2 ** 27,
    maxStorageBuffers: 8,
    choices: new Map(),
  };
  /** The workgroups that make the product, and the tile of each; or the kernel's name. */
  const chosenFor = (rows: number, columns: number, inner: number, more: Partial<MatmulShape> = {}) => {
    const shape = { ...shapeOf({ rows, columns, inner }, [false, false]), ...more };
    const [launch] = launches(shape, traits).launches;
    const { HIGH, DOWN, LONG, ACROSS, PARTS } = launch!.constants as { readonly [name: string]: number };
    if (!launch!.kernel.name.startsWith("matmul_tiled")) return launch!.kernel.name;
    return `${4 * HIGH! * DOWN!}×${4 * LONG! * ACROSS!} in ${PARTS} of ${launch!.params["slices"]}`;
  };

  it("a GPU takes larger tiles the more of them there are, and parts or slices of the inner axis where there are few", () => {
    expect(chosenFor(4096, 4096, 4096)).toBe("128×128 in 1 of 1");
    expect(chosenFor(1024, 1024, 1024)).toBe("64×64 in 1 of 1");
    expect(chosenFor(64, 100_000, 400)).toBe("64×128 in 1 of 1");
    expect(chosenFor(128, 400, 784)).toBe("32×32 in 4 of 1");
    expect(chosenFor(784, 784, 10_000, { symmetric: true, transposeA: true })).toBe("128×128 in 1 of 5");
    expect(chosenFor(1000, 1, 784)).toBe("matmul_slim.product");
    expect(chosenFor(5, 5, 5)).toBe("matmul_plain.product");
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
