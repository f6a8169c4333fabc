import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bernoulliLogLikelihood, grad, type Gpu, linear, matmul, relu, sum, type Tensor } from "../src/index.ts";
import {
  adam,
  add,
  div,
  exp,
  expand,
  klHeads,
  mul,
  reshape,
  sampleHeads,
  softmax,
  square,
  sub,
  transpose,
} from "../src/index.ts";
import { conv2d, convTranspose2d } from "../src/index.ts";
import { type ConvolutionVariant, conv2dInputVariants, conv2dVariants } from "../src/kernels/conv2d.ts";
import { loadKernels } from "../src/program/launches.ts";
import { plan } from "../src/program/plan.ts";
import { recordBody } from "../src/program/body.ts";
import { openShared } from "./helpers.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const wave = (count: number, scale = 1): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => scale * Math.sin(i * 12.9898));

/** Dispatches and results of one compiled step, and the results op by op. */
async function both(record: () => readonly Tensor[]) {
  const step = await gpu.compile(() => [...record()]);
  const planned = await Promise.all((await step.run()).map(async (t) => [...(await t.read())]));
  const apart: number[][] = [];
  for (const tensor of record()) apart.push([...(await tensor.read())]);
  const { dispatches } = step.stats;
  const text = step.explain();
  step.dispose();
  return { planned, apart, dispatches, text };
}

function expectClose(found: readonly number[][], expected: readonly number[][]): void {
  for (const [i, values] of expected.entries()) {
    const scale = Math.max(...values.map(Math.abs));
    for (const [j, value] of values.entries())
      expect(Math.abs(found[i]![j]! - value)).toBeLessThanOrEqual(1e-5 * scale);
  }
}

describe("side outputs", () => {
  it("takes a loss and its gradient out of the product, which is not stored", async () => {
    const [x, w, target] = [wave(24 * 40), wave(40 * 36, 0.1), wave(24 * 36)].map((v, i) =>
      gpu.tensor(
        v,
        [
          [24, 40],
          [40, 36],
          [24, 36],
        ][i]!,
      ),
    ) as [Tensor, Tensor, Tensor];
    const { planned, apart, dispatches, text } = await both(() => {
      const difference = sub(matmul(x, w), target);
      return [sum(square(difference)), mul(difference, 2)];
    });
    expectClose(planned, apart);
    expect(dispatches).toBe(2);
    expect(text).toContain("+ sum");
  });

  it("gives two totals of one product each its own sum", async () => {
    const [x, w] = [gpu.tensor(wave(24 * 40), [24, 40]), gpu.tensor(wave(40 * 36, 0.1), [40, 36])];
    const { planned, apart } = await both(() => {
      const y = matmul(x, w);
      return [sum(square(y)), sum(exp(y))];
    });
    expect(planned[0]![0]).not.toBe(planned[1]![0]);
    expectClose(planned, apart);
  });

  it("stores a map as side output of the reduction that loads the same elements", async () => {
    const x = gpu.tensor(wave(30 * 20), [30, 20]);
    const { planned, apart, dispatches } = await both(() => [sum(exp(x), 1), mul(exp(x), square(x))]);
    expectClose(planned, apart);
    expect(dispatches).toBe(1);
  });

  it("leaves a map alone that needs the reduction's result", async () => {
    const x = gpu.tensor(wave(33), [33, 1]);
    const { planned, apart } = await both(() => [softmax(x, 0), div(x, sum(x))]);
    expectClose(planned, apart);
  });

  it("adds nested sums at once, unless somebody wants the inner ones", async () => {
    const [x, y] = [gpu.tensor(wave(30 * 20), [30, 20]), gpu.tensor(wave(30 * 7), [30, 7])];
    const nested = await both(() => [sum(sub(sum(square(x), 1), sum(exp(y), 1)))]);
    expectClose(nested.planned, nested.apart);
    expect(nested.dispatches).toBe(2);
    const wanted = await both(() => {
      const rows = sum(square(x), 1);
      return [rows, sum(rows)];
    });
    expectClose(wanted.planned, wanted.apart);
  });

  it("leaves out products with 1, but not where a broadcast row would be taken for a matrix", async () => {
    const row = gpu.tensor(wave(7), [7]);
    const { planned, apart } = await both(() => {
      const matrix = mul(expand(row, [5, 7]), 1);
      return [transpose(matrix), add(reshape(matrix, [7, 5]), 1), mul(square(row), 1)];
    });
    expectClose(planned, apart);
    expect(planned[0]!.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => wave(7)[0]));
  });

  it("sums for each channel in two passes over memory in order", async () => {
    const x = gpu.tensor(wave(4 * 6 * 5 * 5), [4, 6, 5, 5]);
    const { planned, apart, text } = await both(() => [sum(square(x), [0, 2, 3])]);
    expectClose(planned, apart);
    expect(text).toContain("sum [4, 6, 5, 5] → [4, 6]");
  });

  const window = { kernelHeight: 3, kernelWidth: 3, strideY: 2, strideX: 2, dilationY: 1, dilationX: 1 };
  const small = { inputHeight: 9, inputWidth: 7, outputHeight: 5, outputWidth: 4 };
  const convolution = { batch: 3, groups: 1, ...window, ...small, padTop: 1, padLeft: 1 };
  type Layer = readonly [what: string, variant: ConvolutionVariant, layer: (code: Tensor, w: Tensor) => Tensor];
  const layers: readonly Layer[] = [
    ...(["direct", "tile4x8", "quadSwap", "tiled32x32"] as const).map((variant) => {
      const layer = (x: Tensor, w: Tensor) => conv2d(x, w, { stride: 2, padding: 1 });
      return ["a convolution", variant, layer] as const;
    }),
    // rows and columns of 9 and 7 pixels: the phases differ in size
    ...(["tile4x8", "quadSwap", "inputStride2", "tiled32x32"] as const).map((variant) => {
      const layer = (y: Tensor, w: Tensor) => convTranspose2d(y, w, { stride: 2, padding: 1 });
      return ["a transposed convolution", variant, layer] as const;
    }),
  ];
  const SUFFIX: { readonly [variant in ConvolutionVariant]?: string } = {
    tiled32x32: "",
    tile4x8: "_4x8",
    quadSwap: "_quadswap",
    direct: "_direct",
    inputStride2: "_input_stride2",
  };
  it.each(layers)("takes a Bernoulli loss and its gradient out of %s: %s", async (what, variant, layer) => {
    const isForward = what === "a convolution";
    const [channels, pixels] = isForward ? [4, 18 * 5 * 4] : [18, 4 * 9 * 7];
    const c = { ...convolution, inputChannels: 4, outputChannels: 18 };
    const { class: name } = (isForward ? conv2dVariants : conv2dInputVariants)(c, gpu.traits);
    gpu.tuning.add(new Map([[name, variant]]));
    const code = gpu.tensor(wave(3 * channels * (isForward ? 63 : 20)), [
      3,
      channels,
      ...(isForward ? [9, 7] : [5, 4]),
    ]);
    const w = gpu.tensor(wave(18 * 4 * 9, 0.2), [18, 4, 3, 3]);
    const target = gpu.tensor(wave(3 * pixels).map(Math.abs), [3, pixels]);
    const record = () => {
      const logits = reshape(layer(code, w), [3, pixels]);
      const loss = div(sum(bernoulliLogLikelihood(logits, target)), 3);
      return [loss, ...grad(loss, [logits])];
    };
    const { planned, apart, dispatches, text } = await both(record);
    expectClose(planned, apart);
    // weights are packed first where they are; the partial sums are added last
    expect(dispatches).toBe(["direct", "inputStride2"].includes(variant) ? 2 : 3);
    expect(text).toMatch(new RegExp(`conv2d${SUFFIX[variant]}\\.\\w+: .*bernoulli_slope \\+ sum`));
    expect((await both(record)).planned).toEqual(planned);
  });

  it.each([1, 2])("sums the bias's gradient as side output of the weight's, in %i groups", async (groups) => {
    const [x, g] = [gpu.tensor(wave(2 * 4 * 6 * 5), [2, 4, 6, 5]), gpu.tensor(wave(2 * 18 * 3 * 3), [2, 18, 3, 3])];
    const w = gpu.tensor(wave((18 * 4 * 9) / groups), [18, 4 / groups, 3, 3]);
    const bias = gpu.tensor(wave(18), [18]);
    const { planned, dispatches } = await both(() =>
      grad(sum(mul(conv2d(x, w, { bias, stride: 2, padding: 1, groups }), g)), [w, bias]),
    );
    // without the bias, and the sums of g by themselves
    const { planned: expected } = await both(() => [
      ...grad(sum(mul(conv2d(x, w, { stride: 2, padding: 1, groups }), g)), [w]),
      sum(g, [0, 2, 3]),
    ]);
    expectClose(planned, expected);
    expect(dispatches).toBe(2);
  });

  it("stores a map of a reduction's results with them, where both are read", async () => {
    const [x, y, long] = [[6, 35], [6], [300_000]].map((shape) =>
      gpu.tensor(wave(shape.reduce((a, b) => a * b)), shape),
    ) as [Tensor, Tensor, Tensor];
    const [w, t] = [gpu.tensor(wave(35 * 36, 0.1), [35, 36]), gpu.tensor(wave(6 * 36), [6, 36])];
    // of rows; of a total in two stages; of a total that is the side sum of a product
    for (const [dispatches, total, following] of [
      [1, () => mul(sum(x, 1), 2), (of: Tensor) => sub(y, of)],
      [2, () => div(sum(long), 300_000), (of: Tensor) => sub(1, of)],
      [2, () => mul(sum(square(sub(matmul(x, w), t))), 0.5), (of: Tensor) => exp(mul(of, -1))],
    ] as const) {
      const found = await both(() => {
        const result = total();
        return [result, following(result)];
      });
      expect(found.planned).toEqual(found.apart);
      expect(found.dispatches).toBe(dispatches);
    }
  });

  it("binds no more buffers than a device allows that has eight, partial sums counted", async () => {
    const eight = { ...gpu.traits, maxStorageBuffers: 8 };
    const scalars = Array.from({ length: 7 }, (_, i) => gpu.tensor([i], []));
    const [x, w, t] = [
      [6, 35],
      [35, 36],
      [6, 36],
    ].map((shape) => gpu.zeros(shape)) as [Tensor, Tensor, Tensor];
    const long = gpu.zeros([300_000]);
    for (const total of [() => sum(square(sub(matmul(x, w), t))), () => sum(long)])
      for (let count = 1; count <= scalars.length; count++) {
        const body = () => {
          const first = total();
          return [first, scalars.slice(0, count).reduce((all, one) => add(all, one), first)];
        };
        const { graph } = recordBody(gpu, body, []);
        await loadKernels(graph);
        const { dispatches, prelude } = plan(graph, eight);
        for (const { label, source } of [...prelude, ...dispatches])
          expect(source.bindings.filter(({ type }) => type !== "uniform").length, label).toBeLessThanOrEqual(8);
      }
  });

  it("brings the step of a variational auto-encoder to 16 dispatches", async () => {
    const sizes = [
      [400, 784],
      [40, 400],
      [400, 20],
      [784, 400],
    ] as const;
    const layers = sizes.map(([o, i]) => ({
      w: gpu.state(wave(o * i, 0.05), [o, i]),
      b: gpu.state(new Float32Array(o), [o]),
    }));
    const parameters = layers.flatMap(({ w, b }) => [w, b]);
    const images = gpu.tensor(wave(128 * 784).map(Math.abs), [128, 784]);
    const optimiser = adam(gpu, parameters, {});
    const body = () => {
      const layer = (k: number, of: Tensor) => linear(of, layers[k]!.w, layers[k]!.b);
      const code = layer(1, relu(layer(0, images)));
      const z = sampleHeads(code, { seed: 1, stream: 0, step: optimiser.step });
      const logits = layer(3, relu(layer(2, z)));
      const loss = div(sum(sub(klHeads(code), bernoulliLogLikelihood(logits, images))), 128);
      optimiser.update(grad(loss, parameters));
      return loss;
    };
    const onHardware = plan(recordBody(gpu, body, []).graph, { ...gpu.traits, family: "unknown" });
    expect(onHardware.dispatches.length).toBeLessThanOrEqual(16);
    const step = await gpu.compile(body);
    expect(step.stats.dispatches).toBeLessThanOrEqual(16);
    const first = await (await step.run()).item();
    const later = await (await step.repeat(3)).item();
    expect(later).toBeLessThan(first);
    step.dispose();
    optimiser.dispose();
  });
});
