// Statistics of parts add up to those of the whole, whoever computed them.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { pixels } from "../../../src/app/command/features.ts";
import { run } from "../../../src/app/command/run.ts";
import { parseNpz, writeNpz } from "../../../src/formats.ts";
import { concat, type Tensor } from "../../../src/index.ts";
import { openShared } from "../../helpers.ts";
import { commandFolder, during, latentgpu } from "./fixture.ts";

const { at, real } = commandFolder();

describe("stats and merge", () => {
  test("8 shards merged are the whole: mean, covariance and count", async () => {
    const shards = Array.from({ length: 8 }, (_, i) => at(`s${i}.npz`));
    for (const [i, shard] of shards.entries())
      expect((await latentgpu(["stats", real, "-o", shard, "--shard", `${i + 1}/8`])).code).toBe(0);
    const { code, out } = await latentgpu(["merge", ...shards, "-o", at("all.npz")]);
    expect({ code, out }).toEqual({ code: 0, out: `${at("all.npz")}: 50 samples of 8 files, 48 features\n` });
    expect((await latentgpu(["stats", real, "-o", at("whole.npz")])).code).toBe(0);
    const [merged, whole] = [at("all.npz"), at("whole.npz")].map((file) => parseNpz(readFileSync(file)));
    expect(merged!.get("n")!.values[0]).toBe(50);
    for (const name of ["mu", "sigma"]) {
      const [a, b] = [merged!.get(name)!.values, whole!.get(name)!.values];
      const scale = Math.max(...b);
      expect(Math.max(...a.map((value, i) => Math.abs(value - b[i]!)))).toBeLessThan(1e-6 * scale);
    }
    // the order of the files changes nothing but rounding
    await latentgpu(["merge", ...shards.reverse(), "-o", at("back.npz")]);
    const back = parseNpz(readFileSync(at("back.npz"))).get("sigma")!.values;
    expect(Math.max(...back.map((value, i) => Math.abs(value - merged!.get("sigma")!.values[i]!)))).toBeLessThan(1e-14);
  });

  test("features of another kind, or in another number, are not merged", async () => {
    const write = (name: string, d: number, features: string) => {
      const text = new TextEncoder().encode(features);
      const sigma = Float64Array.from({ length: d * d }, (_, i) => Number(i % (d + 1) === 0));
      writeFileSync(
        at(name),
        writeNpz({
          mu: { shape: [d], values: new Float64Array(d) },
          sigma: { shape: [d, d], values: sigma },
          n: { shape: [], values: Float64Array.of(9) },
          features: { shape: [text.length], values: text },
        }),
      );
    };
    write("p.npz", 2, "pixels");
    write("q.npz", 2, "a network");
    write("r.npz", 3, "pixels");
    const kinds = await latentgpu(["merge", at("p.npz"), at("q.npz"), "-o", at("x.npz")]);
    expect(kinds).toMatchObject({
      code: 1,
      err: expect.stringContaining('features differ. Expected "pixels" in all files; got "a network"') as string,
    });
    const sizes = await latentgpu(["merge", at("p.npz"), at("r.npz"), "-o", at("x.npz")]);
    expect(sizes).toMatchObject({
      code: 1,
      err: expect.stringContaining("features differ in number. Expected 2") as string,
    });
    expect(existsSync(at("x.npz"))).toBe(false);
  });
});

test("a part whose class probabilities are no numbers is in neither sum, so that --resume counts it once", async () => {
  let calls = 0;
  const brightness = (x: Tensor) => x.mean([1, 2, 3], { keepDims: true }).reshape([x.shape[0]!, 1]);
  const probabilities = (x: Tensor, spoilt: number) => {
    const level = brightness(x);
    const both = concat([level, level.neg().add(1)], 1);
    return ++calls === spoilt ? both.div(0).sub(both.div(0)) : both;
  };
  const output = at("spoilt.npz");
  const words = ["stats", real, "-o", output, "--batch", "8", "--classes"];
  const found = (file: string, name: string) => Array.from(parseNpz(readFileSync(file)).get(name)!.values);
  try {
    pixels.probabilities = (x) => probabilities(x, 3);
    expect(await latentgpu(words)).toMatchObject({
      code: 1,
      err: expect.stringContaining("row 0, feature 0 is NaN") as string,
    });
    expect(found(`${output}.partial`, "n")).toEqual([16]);
    pixels.probabilities = (x) => probabilities(x, 0);
    expect((await latentgpu([...words, "--resume"])).code).toBe(0);
    expect((await latentgpu(["stats", real, "-o", at("whole.npz"), "--batch", "8", "--classes"])).code).toBe(0);
    expect(found(output, "n")).toEqual([50]);
    for (const name of ["mu", "class_mu"])
      for (const [i, value] of found(output, name).entries())
        expect(value).toBeCloseTo(found(at("whole.npz"), name)[i]!, 6);
  } finally {
    delete pixels.probabilities;
  }
});

test("an interruption of stats keeps what is done, and --resume goes on to the same numbers", async () => {
  const output = at("resumed.npz");
  const words = ["stats", real, "-o", output, "--batch", "8"];
  const { stream, signal } = during((text) => text.includes("24 of 50"));
  expect(await run(words, { out: stream, err: stream, signal, open: openShared })).toBe(130);
  expect(existsSync(output)).toBe(false);
  expect(parseNpz(readFileSync(`${output}.partial`)).get("n")!.values[0]).toBe(24);
  expect((await latentgpu([...words, "--resume"])).code).toBe(0);
  expect(existsSync(`${output}.partial`)).toBe(false);
  expect((await latentgpu(["stats", real, "-o", at("once.npz")])).code).toBe(0);
  const [a, b] = [output, at("once.npz")].map((file) => parseNpz(readFileSync(file)).get("sigma")!.values);
  expect(Math.max(...a!.map((value, i) => Math.abs(value - b![i]!)))).toBeLessThan(1e-6 * Math.max(...b!));
  expect(await latentgpu([...words, "--resume"])).toMatchObject({
    code: 1,
    err: expect.stringContaining("nothing to resume") as string,
  });
});
