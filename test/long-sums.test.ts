import { expect, it } from "vitest";
import * as ops from "../src/graph/ops/index.ts";
import { grad, linalg, type Tensor } from "../src/index.ts";
import { ofShortSums } from "../src/kernels/hook.ts";
import type { Kernel } from "../src/kernels/launch.ts";
import { matmulKernels, type MatmulVariant } from "../src/kernels/matmul.ts";
import * as shaders from "../src/kernels/shaders.gen.ts";
import { distances } from "../src/linalg/clusters.ts";
import { hardwareDefaults, opener, openShared } from "./helpers.ts";
import { force, shapeOf } from "./products.ts";

// Like-signed data of any length keep 2e-6 of their sum: at most some hundred terms are added one after the other.

const open = opener(openShared);
const LIMIT = 2e-6;

/** Uniform numbers in [0, 1), the same each time. */
function uniform(length: number, seed = 1): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    values[i] = (state >>> 8) / 2 ** 24;
  }
  return values;
}

/** The largest relative error of what a tensor holds. */
async function error(found: Tensor, expected: ArrayLike<number>): Promise<number> {
  const values = await found.read();
  found.dispose();
  expect(values.length).toBe(expected.length);
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const off = Math.abs(values[i]! - expected[i]!) / Math.abs(expected[i]!);
    if (!(off <= most)) most = off;
  }
  return most;
}

/** Σ_k a[k,i] · b[k,j] in float64, of a [n, p] and b [n, q]. */
function products(a: Float32Array, b: Float32Array, p: number, q: number): Float64Array {
  const sums = new Float64Array(p * q);
  for (let k = 0; k < a.length / p; k++)
    for (let i = 0; i < p; i++) for (let j = 0; j < q; j++) sums[i * q + j]! += a[k * p + i]! * b[k * q + j]!;
  return sums;
}

/** Those whose sums are written each in a way of its own; what hardware chooses, tiles, is below. */
const KERNELS: readonly MatmulVariant[] = ["naive", "tallSkinny", "quadSwapSmall"];

it("products of any length, by every kernel", async () => {
  const gpu = await open();
  const [n, p] = [200_000, 4];
  const [a, b] = [uniform(n * p, 1), uniform(n * p, 2)];
  const expected = products(a, b, p, p);
  const shape = shapeOf({ rows: p, columns: p, inner: n }, [true, false]);
  const [x, y] = [gpu.tensor(a, [n, p]), gpu.tensor(b, [n, p])];
  const able = matmulKernels(shape, gpu.traits).filter((name) => KERNELS.includes(name));
  expect(able).toHaveLength(KERNELS.length);
  const errors: [string, number][] = [];
  for (const variant of able) {
    force(gpu, variant, [shape]);
    errors.push([variant, await error(ops.matmul(ops.transpose(x), y), expected)]);
  }
  expect(errors.filter(([, off]) => !(off <= LIMIT))).toEqual([]);
});

it.each([100_000, 1_000_000, 4_000_000])("dot, sum, mean, cumsum and covariance of %i numbers", async (n) => {
  const gpu = await open();
  const tenths = gpu.tensor(new Float32Array(n).fill(0.1));
  const tenth = Math.fround(0.1);
  const [a, b] = [uniform(n, 1), uniform(n, 2)];
  const [x, y] = [gpu.tensor(a, [n]), gpu.tensor(b, [n])];
  const rows = ops.reshape(x, [n / 2, 2]);
  const [spread, squares] = [uniform(n, 1), new Float64Array(4)];
  const means = [0, 1].map((j) => spread.reduce((sum, value, i) => sum + (i % 2 === j ? value : 0), 0) / (n / 2));
  for (let i = 0; i < n; i += 2)
    for (const k of [0, 1, 2, 3])
      squares[k]! += ((spread[i + (k >> 1)]! - means[k >> 1]!) * (spread[i + (k & 1)]! - means[k & 1]!)) / (n / 2 - 1);
  const variances = ops.take(ops.reshape(linalg.covariance(rows), [4]), gpu.tensor(Int32Array.of(0, 3)));
  const ends = async (running: Tensor) => {
    const values = await running.read();
    return [values[n - 1]!, values[n >> 1]!];
  };
  const last = await ends(ops.cumsum(tenths));
  const errors = {
    dot: await error(ops.matmul(x, y), products(a, b, 1, 1)),
    sum: await error(ops.sum(tenths), [n * tenth]),
    mean: await error(ops.mean(tenths), [tenth]),
    columns: await error(ops.sum(ops.reshape(tenths, [n / 2, 2]), 0), [(n * tenth) / 2, (n * tenth) / 2]),
    cumsum: Math.max(Math.abs(last[0]! / (n * tenth) - 1), Math.abs(last[1]! / ((1 + (n >> 1)) * tenth) - 1)),
    covariance: await error(variances, [squares[0]!, squares[3]!]),
  };
  expect(Object.entries(errors).filter(([, off]) => !(off <= LIMIT))).toEqual([]);
});

it.each(["software", "hardware"])(
  "a linear layer's gradients at batch 60,000 with the defaults of %s",
  async (kind) => {
    const gpu = kind === "software" ? await open() : hardwareDefaults(await open());
    const [n, inputs, outputs] = [60_000, 9, 5];
    const [a, b] = [uniform(n * inputs, 1), uniform(n * outputs, 2)];
    const [x, g] = [gpu.tensor(a, [n, inputs]), gpu.tensor(b, [n, outputs])];
    const [w, bias] = [
      gpu.tensor(uniform(outputs * inputs), [outputs, inputs]),
      gpu.tensor(uniform(outputs), [outputs]),
    ];
    const [dw, dbias] = grad(ops.sum(ops.mul(ops.linear(x, w, bias), g)), [w, bias]) as [Tensor, Tensor];
    const sums = products(new Float32Array(n).fill(1), b, 1, outputs);
    expect(await error(dw, products(b, a, outputs, inputs))).toBeLessThanOrEqual(LIMIT);
    expect(await error(dbias, sums)).toBeLessThanOrEqual(LIMIT);
  },
);

it.each(["tiled", "quadSwap", "direct"])("a convolution's gradients over 160,000 pixels by %s", async (variant) => {
  const gpu = await open();
  const [batch, side] = [40, 64];
  const x = uniform(batch * side * side, 1);
  const g = uniform(batch * side * side, 2);
  const [images, slopes] = [x, g].map((values) => gpu.tensor(values, [batch, 1, side, side])) as [Tensor, Tensor];
  const [w, bias] = [gpu.tensor([1], [1, 1, 1, 1]), gpu.tensor([0])];
  const choices = { get: (name: string) => (name.startsWith("conv2d.weight") ? variant : undefined) };
  Object.assign(gpu.traits, { choices });
  const [dw, dbias] = grad(ops.sum(ops.mul(ops.conv2d(images, w, { bias }), slopes)), [w, bias]) as [Tensor, Tensor];
  expect(await error(dw, products(x, g, 1, 1))).toBeLessThanOrEqual(LIMIT);
  expect(await error(dbias, products(g, new Float32Array(g.length).fill(1), 1, 1))).toBeLessThanOrEqual(LIMIT);
});

it.each(["tiled32x32", "tile4x8", "quadSwap", "direct"])("a pixel of 5,400 products by %s", async (variant) => {
  const gpu = await open();
  const [channels, taps] = [600, 9];
  const x = uniform(channels * taps, 1);
  const w = uniform(2 * channels * taps, 2);
  const choices = { get: (name: string) => (name.startsWith("conv2d.forward") ? variant : undefined) };
  Object.assign(gpu.traits, { choices });
  const y = ops.conv2d(gpu.tensor(x, [1, channels, 3, 3]), gpu.tensor(w, [2, channels, 3, 3]));
  const expected = [0, 1].map((o) => products(x, w.subarray(o * x.length, (o + 1) * x.length), 1, 1)[0]!);
  expect(await error(y, expected)).toBeLessThanOrEqual(LIMIT);
});

it.each(["tiled32x32", "tile4x8", "direct", "inputStride2"])("a slope of 6,000 products by %s", async (variant) => {
  const gpu = await open();
  const channels = 6000;
  const [g, w] = [uniform(channels, 1), uniform(channels * 4, 2)];
  const choices = { get: (name: string) => (name.startsWith("conv2d.by_input") ? variant : undefined) };
  Object.assign(gpu.traits, { choices });
  const x = gpu.tensor(new Float32Array(4), [1, 1, 2, 2]);
  const y = ops.conv2d(x, gpu.tensor(w, [channels, 1, 2, 2]), { stride: 2 });
  const [slope] = grad(ops.sum(ops.mul(y, gpu.tensor(g, [1, channels, 1, 1]))), [x]) as [Tensor];
  expect(await error(slope, products(w, g, 4, 1))).toBeLessThanOrEqual(LIMIT);
});

it("distances over many columns, and moments around centres over many rows", async () => {
  const gpu = await open();
  for (const d of [20_000, 20_001]) {
    const x = uniform(d, 1);
    const [row, centre, weight] = [x, new Float32Array(d), new Float32Array(d).fill(1)].map((v) =>
      gpu.tensor(v, [1, d]),
    );
    expect(await error(distances(row!, centre!, weight!), products(x, x, 1, 1))).toBeLessThanOrEqual(LIMIT);
  }
});

it("a sum of few terms has no loop over runs of terms in its text", () => {
  const families = shaders as { readonly [family: string]: { readonly [entry: string]: Kernel } };
  const codes = Object.values(families)
    .flatMap((family) => Object.values(family))
    .filter(({ constants }) => "MANY_TERMS" in constants)
    .map(({ code }) => code);
  const runs = /for\(var (\w+)=[^{}]*;\1\+=(\w+)\)\{[^{}]*for\(var \w+=\1;\w+<min\(\1\+\2,|for\(var (\w+)=0u;\3<\w+&&/;
  expect(codes.filter((code) => runs.test(code)).length).toBeGreaterThan(20);
  expect(codes.filter((code) => runs.test(ofShortSums(code)))).toEqual([]);
});
