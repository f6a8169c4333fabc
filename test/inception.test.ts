import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Inception, type Gpu, type ResizeRule } from "../src/index.ts";
import { preprocessed } from "../src/features/network.ts";
import { failure, openShared } from "./helpers.ts";
import { formulaFile, relative, texture } from "./oracles/networks.ts";

interface Case {
  readonly side: number;
  readonly shapes: { readonly [name: string]: readonly number[] };
  readonly bias: number[];
  readonly cases: {
    readonly [rule: string]: { readonly blocks: number[][]; readonly logits: number[]; readonly spatial: number[] };
  };
}
const { side, shapes, bias, cases } = JSON.parse(readFileSync("test/oracles/networks.json", "utf8")).Inception as Case;

/** Ninety-four float32 layers against float64; a pool that counts its padding moves the features by 5e-2, ε = 1e-5 by 1e-3. */
const LIMIT = 2e-5;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

test.each(["pytorch-bilinear", "tf1-bilinear"] as const)(
  "gives PyTorch's blocks and logits of images resized by %s",
  async (resize) => {
    using network = await Inception.load(gpu, formulaFile(shapes), { resize });
    const { blocks, logits, spatial } = cases[resize]!;
    using x = gpu.tensor(texture(side), [1, 3, side, side]);
    const found = [...network.blocks(x), network.logits(x), network.probabilities(x), network.spatial.features(x)];
    await gpu.evaluate(found);
    const values = await Promise.all(found.map((t) => t.read()));
    for (const [i, block] of [...blocks, logits].entries()) expect(relative(values[i]!, block)).toBeLessThan(LIMIT);
    // the Inception Score takes logits without bias
    const unbiased = logits.map((v, i) => Math.exp(v - bias[i]!));
    const total = unbiased.reduce((a, b) => a + b, 0);
    expect(
      relative(
        values[5]!,
        unbiased.map((v) => v / total),
      ),
    ).toBeLessThan(10 * LIMIT);
    // seven channels of 17 × 17, in order; the file has every sixteenth
    expect(found[6]!.shape).toEqual([1, 2023]);
    expect(
      relative(
        (values[6] as Float32Array).filter((_, at) => at % 16 === 0),
        spatial,
      ),
    ).toBeLessThan(LIMIT);
    expect(network.spatial.name).toBe(`FID Inception, 2023 spatial features, ${resize}`);
    expect([network.input.resize, network.input.size]).toEqual([resize, [299, 299]]);
  },
);

test("PIL's bicubic rule cuts what goes beyond bytes, and takes (byte − 128)/128", async () => {
  const input = { size: [12, 12], resize: "pil-bicubic", square: false, mean: 128, deviation: 128 } as const;
  // white columns on black ring when they are enlarged, and a plain image stays plain
  const columns = gpu.tensor(Uint8Array.from({ length: 3 * 36 }, (_, i) => (i % 6 > 2 ? 255 : 0)), [1, 3, 6, 6]); // prettier-ignore
  const plain = gpu.full([1, 3, 7, 5], 0.5);
  const [found, flat] = [preprocessed("test", columns, input), preprocessed("test", plain, input)];
  await gpu.evaluate([found, flat]);
  const values = await found.read();
  expect([Math.min(...values), Math.max(...values)]).toEqual([-1, 127 / 128]);
  for (const value of await flat.read()) expect(value).toBeCloseTo((127.5 - 128) / 128, 6);
});

test("files and options that do not fit are named", async () => {
  const { "Mixed_6c.branch7x7_2.bn.running_var": _, ...missing } = shapes;
  const wrong: [file: () => Uint8Array, options: object, code: string, said: RegExp][] = [
    [() => formulaFile(missing), {}, "format", /Mixed_6c\.branch7x7_2\.bn\.running_var/],
    [
      () => formulaFile({ ...shapes, "Mixed_7b.branch_pool.conv.weight": [12, 80, 3, 3] }),
      {},
      "format",
      /Mixed_7b\.branch_pool\.conv/,
    ],
    [() => formulaFile({ ...shapes, "fc.weight": [9, 7] }), {}, "format", /fc\.weight/],
    [() => formulaFile(shapes), { resize: "lanczos" }, "argument", /resize.*pytorch-bilinear.*lanczos/],
    [() => formulaFile(shapes), { size: 299 }, "argument", /size/],
  ];
  const { buffers } = gpu.memory();
  for (const [file, options, code, said] of wrong) {
    const error = await failure(() => Inception.load(gpu, file(), options as { resize?: ResizeRule }));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(said)]);
  }
  expect(gpu.memory().buffers).toBe(buffers);
});
