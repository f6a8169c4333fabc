import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dataset, extract, type Gpu, MobileNetV1, MobileNetV2 } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";
import { formulaFile, relative, texture } from "./oracles/networks.ts";

interface Case {
  readonly side: number;
  readonly shapes: { readonly [name: string]: readonly number[] };
  readonly features: number[];
  readonly logits: number[];
}
const cases = JSON.parse(readFileSync("test/oracles/networks.json", "utf8")) as { readonly [network: string]: Case };
const loaders = { MobileNetV1, MobileNetV2 };

/** A float32 network of fifty layers against float64; PyTorch's float32 is within 2.5e-6. */
const LIMIT = 2e-5;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

describe.each(["MobileNetV1", "MobileNetV2"] as const)("%s", (name) => {
  const { side, shapes, features, logits } = cases[name]!;
  const file = formulaFile(shapes, { input_size: String(side) });
  const load = () => loaders[name].load(gpu, file);

  test("gives PyTorch's features, logits and probabilities, from bytes and from floats", async () => {
    using network = await load();
    expect(network.input).toMatchObject({ size: [side, side], mean: 128, deviation: 128 });
    const bytes = gpu.tensor(texture(side), [1, 3, side, side]);
    const floats = gpu.tensor(
      Float32Array.from(texture(side), (v) => v / 255),
      [1, 3, side, side],
    );
    const [found, again] = [await network.features(bytes).read(), await network.features(floats).read()];
    expect(relative(found, features)).toBeLessThan(LIMIT);
    expect(relative(again, features)).toBeLessThan(LIMIT);
    expect(relative(await network.logits(bytes).read(), logits)).toBeLessThan(LIMIT);
    const total = logits.reduce((sum, v) => sum + Math.exp(v), 0);
    const likely = await network.probabilities(bytes).read();
    expect(
      relative(
        likely,
        logits.map((v) => Math.exp(v) / total),
      ),
    ).toBeLessThan(LIMIT);
  });

  test("extract gives the same rows whatever the batch, and leaves nothing behind", async () => {
    using network = await load();
    const n = 3;
    const pixels = Uint8Array.from({ length: n * 3 * side * side }, (_, i) => (i * 31 + (i >> 7)) & 255);
    using data = Dataset.from(gpu, pixels, [n, 3, side, side]);
    const steps: number[] = [];
    const two = await extract(network, data, { onProgress: ({ step }) => steps.push(step) });
    using bytes = gpu.tensor(pixels, [n, 3, side, side]);
    const { buffers } = gpu.memory();
    const all = await extract(network, bytes, { batch: 2 });
    expect([two.shape, all.shape, steps]).toEqual([[n, features.length], [n, features.length], [n]]);
    expect(relative(await two.read(), Array.from(await all.read()))).toBeLessThan(LIMIT);
    for (const made of [two, all]) made.dispose();
    expect(gpu.memory().buffers).toBeLessThanOrEqual(buffers);
  });
});

describe("what does not fit is named", () => {
  const { side, shapes } = cases.MobileNetV1!;
  const refused: [what: string, file: () => Uint8Array, code: string, said: RegExp][] = [
    [
      "a tensor that is missing",
      () => formulaFile(without("block7.depthwise.weight")),
      "format",
      /block7\.depthwise\.weight/,
    ],
    [
      "another shape",
      () => formulaFile({ ...shapes, "block2.depthwise.weight": [7, 1, 3, 3] }),
      "format",
      /block2\.depthwise\.weight/,
    ],
    ["a kernel of other axes", () => formulaFile({ ...shapes, "conv0.weight": [8, 27] }), "format", /conv0\.weight/],
    ["a side that is no number", () => formulaFile(shapes, { input_size: "huge" }), "argument", /size/],
    ["a file that is cut", () => formulaFile(shapes).slice(0, 5000), "format", /cut short/],
  ];
  const without = (name: string) => Object.fromEntries(Object.entries(shapes).filter(([key]) => key !== name));

  test.each(refused)("%s", async (_, file, code, said) => {
    const { buffers } = gpu.memory();
    const error = await failure(() => MobileNetV1.load(gpu, file()));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(said)]);
    expect(gpu.memory().buffers).toBe(buffers);
  });

  test("images of another kind, and options", async () => {
    using network = await MobileNetV1.load(gpu, formulaFile(shapes), { size: side });
    expect((await failure(() => network.features(gpu.zeros([1, 1, side, side])))).message).toMatch(
      /\[n, 3, h, w\].*\[1, 1/,
    );
    expect((await failure(() => network.features(gpu.zeros([1, 3, 9, 9], { dtype: "i32" })))).code).toBe("argument");
    expect((await failure(() => extract(network, gpu.zeros([2, 3, side, side]), { batch: 0 }))).message).toMatch(
      /batch/,
    );
    expect((await failure(() => extract(network, gpu.zeros([3, side, side])))).code).toBe("shape");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(extract(network, gpu.zeros([2, 3, side, side]), { signal })).rejects.toThrow("enough");
  });
});
