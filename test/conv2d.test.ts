import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LatentError } from "../src/device/errors.ts";
import { grad } from "../src/graph/grad.ts";
import { add, mul } from "../src/graph/ops/arithmetic.ts";
import { conv2d } from "../src/graph/ops/conv2d.ts";
import { convTranspose2d } from "../src/graph/ops/convTranspose2d.ts";
import { relu } from "../src/graph/ops/elementwise.ts";
import { sum } from "../src/graph/ops/sum.ts";
import type { Tensor } from "../src/graph/tensor.ts";
import { openNodeGpu } from "../src/node.ts";
import type { Gpu } from "../src/program/gpu.ts";
import { type Case, error, values } from "./oracles/conv2d.ts";
import type { Family } from "../src/device/info.ts";
import { conv2dInputVariants, conv2dVariants } from "../src/kernels/conv2d.ts";
import { hardwareDefaults, openShared } from "./helpers.ts";

const { cases } = JSON.parse(readFileSync(new URL("oracles/conv2d.json", import.meta.url), "utf8")) as {
  cases: Case[];
};
const convolutions = cases.filter((c) => c.op === "conv2d" || c.op === "convTranspose2d");
/** Of the largest value: sums of at most 400 products in float32, far below it. */
const BOUND = 1e-5;

const devices: readonly { name: string; options: object; family?: Family }[] = [
  { name: "the device as it comes", options: {} },
  { name: "a device with default limits and no features", options: { defaultLimits: true } },
  // what GPUs take by default: with the next tile loaded ahead, and after the present one
  { name: "a device with the defaults of AMD", options: {}, family: "amd" },
  { name: "a device with the defaults of Intel", options: {}, family: "intel" },
];

for (const { name, options, family } of devices)
  describe(`on ${name}`, () => {
    let gpu: Gpu;
    beforeAll(async () => {
      gpu = await openNodeGpu(options);
      if (family) hardwareDefaults(gpu, family);
    });
    afterAll(() => gpu.dispose());

    for (const c of convolutions)
      it(`${c.op} of ${c.x.join("×")} by ${c.w!.join("×")} with ${JSON.stringify(c.options)} equals float64`, async () => {
        const x = gpu.tensor(values(c.x, 1), c.x);
        const w = gpu.tensor(values(c.w!, 2), c.w!);
        const bias = gpu.tensor(values([c.shape[1]!], 3), [c.shape[1]!]);
        const y = (c.op === "conv2d" ? conv2d : convTranspose2d)(x, w, { ...c.options, bias });
        expect(y.shape).toEqual(c.shape);
        const g = gpu.tensor(values(c.shape, 4), c.shape);
        const [dx, dw, dbias] = grad(sum(mul(g, y)), [x, w, bias]) as [Tensor, Tensor, Tensor];
        const checks: [string, Tensor, number[]][] = [
          ["y", y, c.y],
          ["dx", dx, c.dx],
          ["dw", dw, c.dw!],
          ["dbias", dbias, c.dbias!],
        ];
        if (c.second) {
          const h = gpu.tensor(values(c.x, 5), c.x);
          const v = gpu.tensor(values(c.w!, 6), c.w!);
          const [hdxByW, hdxByG] = grad(sum(mul(h, dx)), [w, g]) as [Tensor, Tensor];
          const [vdwByX, vdwByG] = grad(sum(mul(v, dw)), [x, g]) as [Tensor, Tensor];
          for (const [at, tensor] of Object.entries({ hdxByW, hdxByG, vdwByX, vdwByG }))
            checks.push([at, tensor, c.second[at]!]);
        }
        for (const [at, tensor, expected] of checks)
          expect(error(await tensor.read(), expected, c.scale), at).toBeLessThanOrEqual(BOUND);
      });

    it("what follows a convolution changes no bit of it", async () => {
      const x = gpu.tensor(values([2, 3, 9, 8], 1), [2, 3, 9, 8]);
      const w = gpu.tensor(values([5, 3, 3, 3], 2), [5, 3, 3, 3]);
      const bias = gpu.tensor(values([5], 3), [5]);
      const y = await conv2d(x, w, { stride: 2 }).read();
      const fused = await relu(conv2d(x, w, { stride: 2, bias })).read();
      const b = values([5], 3);
      expect([...fused]).toEqual([...y].map((v, i) => Math.max(0, Math.fround(v + b[Math.floor(i / 12) % 5]!))));
    });

    it("one tensor may be image and kernel, and feed two convolutions", async () => {
      const x = gpu.tensor(values([2, 2, 3, 3], 1), [2, 2, 3, 3]);
      const [dx] = grad(sum(add(conv2d(x, x), conv2d(x, x))), [x]) as [Tensor];
      // y[n,o] = Σ x[n]·x[o], so ∂Σy = 2 Σ_o x[o], and twice that for two of them
      const at = values([2, 2, 3, 3], 1);
      const expected = [...at].map((_, i) => 4 * (at[i % 18]! + at[(i % 18) + 18]!));
      expect(error(await dx.read(), expected, 1)).toBeLessThanOrEqual(BOUND);
    });
  });

describe("every kernel that can do it", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openShared();
  });
  afterAll(() => gpu.dispose());

  // whichever one the cases above ran equals float64, and those below equal each other
  it.each([
    ["at stride 1", [2, 3, 7, 6], [5, 3, 3, 3], { padding: 1 }],
    ["at stride 2", [3, 2, 9, 9], [4, 2, 3, 3], { stride: 2, padding: 1 }],
    ["at stride 2 with more than four taps a row", [1, 2, 11, 37], [4, 2, 5, 6], { stride: 2, padding: [2, 1, 3, 0] }],
    ["at stride 2 in groups", [2, 4, 8, 9], [6, 2, 3, 2], { stride: 2, padding: 3, groups: 2 }],
    ["for one channel and taps past a turn", [2, 1, 9, 8], [20, 1, 2, 6], { stride: [1, 2], padding: 1 }],
    ["for channels that fill turns", [1, 8, 6, 5], [16, 8, 3, 3], { padding: 1 }],
    ["with gaps between taps", [2, 2, 9, 8], [3, 2, 3, 5], { padding: 2, dilation: 2 }],
    ["depthwise", [2, 6, 7, 5], [6, 1, 3, 3], { padding: 1, groups: 6 }],
    ["depthwise in whole runs", [1, 3, 8, 8], [6, 1, 4, 2], { padding: [2, 1, 0, 1], groups: 3 }],
  ] as const)("gives the same %s", async (_, xShape, wShape, options) => {
    const x = gpu.tensor(values([...xShape], 1), [...xShape]);
    const w = gpu.tensor(values([...wShape], 2), [...wShape]);
    const bias = gpu.tensor(values([wShape[0]], 3), [wShape[0]]);
    const all = (a: Tensor, b: Tensor, c: Tensor) => {
      const y = conv2d(a, b, { ...options, bias: c } as Parameters<typeof conv2d>[2]);
      return [y, ...grad(sum(mul(y, y)), [a, b, c])];
    };
    const { measured } = await gpu.tune(all, [x, w, bias]);
    expect(measured).toHaveLength(3);
    for (const { candidates } of measured) expect(candidates.filter((candidate) => "error" in candidate)).toEqual([]);
  });
});

describe("in tiles that only GPUs take by default", () => {
  const [xShape, wShape] = [
    [2, 20, 9, 8],
    [70, 20, 3, 3],
  ];
  const gradients = async (variant: string): Promise<Float32Array[]> => {
    // an engine of its own: another would replay the plan of the first variant
    const gpu = hardwareDefaults(await openShared());
    const seen: string[] = [];
    const get = (name: string) => (name.startsWith("conv2d.") ? (seen.push(name), variant) : undefined);
    Object.assign(gpu.traits, { choices: { get } });
    const [x, w] = [gpu.tensor(values(xShape, 1), xShape), gpu.tensor(values(wShape, 2), wShape)];
    const y = conv2d(x, w, { stride: [1, 2], padding: 1 });
    const found = [y, ...(grad(sum(mul(y, y)), [x, w]) as Tensor[])];
    const read = await Promise.all(found.map((tensor) => tensor.read()));
    gpu.dispose();
    expect(new Set(seen.map((name) => name.split(" ")[0]))).toEqual(KINDS);
    return read as Float32Array[];
  };
  const KINDS = new Set(["conv2d.forward", "conv2d.by_input", "conv2d.weight"]);

  const window = { strideY: 1, strideX: 2, dilationY: 1, dilationX: 1, padTop: 1, padLeft: 1 };
  const input = { batch: 2, groups: 1, inputChannels: 20, inputHeight: 9, inputWidth: 8 };
  const output = { outputChannels: 70, outputHeight: 9, outputWidth: 4, kernelHeight: 3, kernelWidth: 3 };

  it.each(["tiled64x64", "tiled64x128", "splitK64x64", "late32x32"])("%s gives the same", async (variant) => {
    // a kernel that cannot do this one would leave it to the default
    const gpu = hardwareDefaults(await openShared());
    for (const variants of [conv2dVariants, conv2dInputVariants])
      expect(variants({ ...window, ...input, ...output }, gpu.traits).names).toEqual(
        expect.arrayContaining([variant, "quadSwap"]),
      );
    gpu.dispose();
    const [found, expected] = [await gradients(variant), await gradients("quadSwap")];
    for (const [i, each] of expected.entries()) expect(error(found[i]!, [...each], 1)).toBeLessThanOrEqual(BOUND);
  });
});

describe("errors", () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await openShared();
  });
  afterAll(() => gpu.dispose());

  const zeros = (...shape: number[]) => gpu.tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const refusals: [string, () => Tensor, string, string][] = [
    [
      "a flat image",
      () => conv2d(zeros(3, 4), zeros(1, 1, 1, 1)),
      "shape",
      "conv2d: expected x [batch, channels, height, width]; got [3, 4].",
    ],
    [
      "a flat kernel",
      () => conv2d(zeros(1, 1, 4, 4), zeros(3, 3)),
      "shape",
      "conv2d: expected w [out, in/groups, kh, kw]; got [3, 3].",
    ],
    [
      "other channels",
      () => conv2d(zeros(1, 3, 4, 4), zeros(2, 4, 1, 1)),
      "shape",
      "conv2d: channels differ. Expected x with 4 channels (w [2, 4, 1, 1], 1 groups); got x [1, 3, 4, 4].",
    ],
    [
      "groups that do not divide",
      () => conv2d(zeros(1, 4, 4, 4), zeros(3, 2, 1, 1), { groups: 2 }),
      "shape",
      "conv2d: groups do not divide the channels. Expected a multiple of 2 output channels; got w [3, 2, 1, 1].",
    ],
    [
      "half a group",
      () => conv2d(zeros(1, 1, 4, 4), zeros(1, 1, 1, 1), { groups: 0.5 }),
      "argument",
      "conv2d: groups out of range. Expected an integer ≥ 1; got 0.5.",
    ],
    [
      "a kernel beyond the image",
      () => conv2d(zeros(1, 1, 4, 5), zeros(1, 1, 3, 3), { dilation: 3, padding: 1 }),
      "shape",
      "conv2d: the kernel is larger than the padded input. Expected a kernel within [6, 7]; got one that spans [7, 7].",
    ],
    [
      "stride 0",
      () => conv2d(zeros(1, 1, 4, 4), zeros(1, 1, 1, 1), { stride: 0 }),
      "argument",
      "conv2d: stride out of range. Expected an integer ≥ 1 or a pair of them; got 0.",
    ],
    [
      "half a pixel of padding",
      () => conv2d(zeros(1, 1, 4, 4), zeros(1, 1, 1, 1), { padding: [1, 0.5] }),
      "argument",
      "conv2d: padding out of range. Expected an integer ≥ 0, [vertical, horizontal] or [top, bottom, left, right]; got [1, 0.5].",
    ],
    [
      "a bias too long",
      () => conv2d(zeros(1, 1, 4, 4), zeros(2, 1, 1, 1), { bias: zeros(3) }),
      "shape",
      "conv2d: expected bias [2]; got [3].",
    ],
    [
      "an unknown option",
      () => conv2d(zeros(1, 1, 4, 4), zeros(1, 1, 1, 1), { strides: 2 } as object),
      "argument",
      'conv2d: unknown option. Expected only bias, stride, padding, dilation, groups; got "strides".',
    ],
    [
      "bytes",
      () => conv2d(gpu.tensor(new Uint8Array(16), [1, 1, 4, 4]), zeros(1, 1, 1, 1)),
      "argument",
      "conv2d: expected an f32 tensor; got u8. Use bytes().",
    ],
    [
      "channels for the transpose",
      () => convTranspose2d(zeros(1, 3, 4, 4), zeros(2, 4, 1, 1)),
      "shape",
      "convTranspose2d: channels differ. Expected x with 2 channels (w [2, 4, 1, 1]); got x [1, 3, 4, 4].",
    ],
    [
      "output padding beyond the stride",
      () => convTranspose2d(zeros(1, 1, 4, 4), zeros(1, 1, 3, 3), { stride: 2, outputPadding: 2 }),
      "argument",
      "convTranspose2d: outputPadding out of range. Expected less than the stride [2, 2] or the dilation [1, 1]; got [2, 2].",
    ],
    [
      "padding that leaves nothing",
      () => convTranspose2d(zeros(1, 1, 2, 2), zeros(1, 1, 1, 1), { padding: 1 }),
      "shape",
      "convTranspose2d: the padding takes all of the result. Expected at least [1, 1] pixels; got [0, 0] from x [1, 1, 2, 2] and w [1, 1, 1, 1].",
    ],
  ];
  for (const [name, call, code, message] of refusals)
    it(`refuses ${name}`, () => {
      let thrown: unknown;
      try {
        call();
      } catch (failure) {
        thrown = failure;
      }
      expect(thrown).toBeInstanceOf(LatentError);
      expect((thrown as LatentError).message).toBe(message);
      expect((thrown as LatentError).code).toBe(code);
    });
});
