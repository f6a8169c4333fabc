// Numbers are those of the public functions on the same arrays.
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../src/app/command/run.ts";
import { encodePng, writeNpy, writeNpz, writeSafetensors } from "../../../src/formats.ts";
import {
  Digits,
  frechetDistance,
  type Gpu,
  Inception,
  kernelDistance,
  MobileNetV1,
  Moments,
  precisionRecall,
  vendiScore,
} from "../../../src/index.ts";
import { gather } from "../../../src/app/command/gather.ts";
import { networkOf } from "../../../src/app/command/networks.ts";
import { nodeFiles } from "../../../src/app/command/node.ts";
import { sourceOf } from "../../../src/app/command/openSource.ts";
import { measuresOf, titleOf } from "../../../src/app/command/measures.ts";
import { formulaFile } from "../../oracles/networks.ts";
import { commandFolder, during, generatedImages, json, latentgpu, pictures, realImages, rows } from "./fixture.ts";
import { openShared } from "../../helpers.ts";

const { at, folder, generated, real } = commandFolder();

/** Narrow networks, whose weights are a formula. */
const { MobileNetV1: v1, Inception: inception } = JSON.parse(readFileSync("test/oracles/networks.json", "utf8")) as {
  readonly [network in "MobileNetV1" | "Inception"]: { side: number; shapes: { [name: string]: number[] } };
};
const mobileNet = formulaFile(v1.shapes, { input_size: String(v1.side) });

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

describe("score", () => {
  test("two folders of 50 PNG files give the numbers of the public functions on the arrays", async () => {
    const file = at("scores.json");
    const { code, out, err } = await latentgpu([
      "score",
      generated,
      "--real",
      real,
      "--measures",
      "fid,kid,pr,vendi",
      "--json",
      file,
    ]);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^adapter {2}/) as string });
    const [a, b] = [gpu.tensor(rows(realImages)), gpu.tensor(rows(generatedImages))];
    const expected = [
      await frechetDistance(a, b),
      await kernelDistance(a, b),
      await precisionRecall(a, b),
      await vendiScore(b),
    ];
    const { complete, adapter, features, sets, scores } = json(file);
    expect({ complete, features }).toEqual({ complete: true, features: { name: "pixels from 0 to 1" } });
    expect(adapter.software).toBe(gpu.info.software);
    expect([sets["real"]?.n, sets["generated"]?.n]).toEqual([50, 50]);
    expect(scores.map(({ key }) => key)).toEqual(["fid", "kid", "pr", "vendi"]);
    for (const [i, { value }] of scores.entries()) expect(Math.abs(value / expected[i]!.value - 1)).toBeLessThan(1e-5);
    expect(scores[2]!["recall"]).toBe((expected[2] as unknown as { recall: number }).recall);
    expect(scores[0]!.title).toBe("Fréchet distance, pixels from 0 to 1");
    expect(out).toMatch(/^Fréchet distance, pixels from 0 to 1: /);
    expect(out).not.toMatch(/FID|Inception|KID/);
  });

  test("npz, npy, IDX, gzip and statistics files give the same as the folder", async () => {
    const bytes = Uint8Array.from(realImages.flatMap((image) => [...image]));
    const floats = Float32Array.from(rows(realImages).flat());
    const idx = Uint8Array.of(0, 0, 8, 4, ...[50, 4, 4, 3].flatMap((size) => [0, 0, 0, size]), ...bytes);
    writeFileSync(
      at("a.npz"),
      writeNpz({ arr_0: { shape: [50, 4, 4, 3], values: bytes }, arr_1: { shape: [1], values: bytes.slice(0, 1) } }),
    );
    writeFileSync(at("a.npy"), writeNpy({ shape: [50, 3, 4, 4], values: floats }));
    writeFileSync(at("a-idx"), idx);
    writeFileSync(at("a-idx.gz"), gzipSync(idx));
    expect((await latentgpu(["stats", real, "-o", at("a-stats.npz")])).code).toBe(0);
    const values: number[] = [];
    for (const name of ["real", "a.npz", "a.npy", "a-idx", "a-idx.gz", "a-stats.npz"]) {
      const { code, err } = await latentgpu([
        "score",
        generated,
        "--real",
        at(name),
        "--measures",
        "fid",
        "--json",
        at("b.json"),
      ]);
      expect(code, err).toBe(0);
      values.push(json(at("b.json")).scores[0]!.value);
    }
    for (const value of values) expect(Math.abs(value / values[0]! - 1)).toBeLessThan(1e-5);
  });

  test("statistics of pytorch-fid, which have no n, need --count", async () => {
    const moments = await Moments.of(gpu.tensor(rows(realImages)));
    const [d, file] = [moments.dim, at("fid.npz")];
    writeFileSync(
      file,
      writeNpz({ mu: { shape: [d], values: moments.mean }, sigma: { shape: [d, d], values: moments.covariance } }),
    );
    const without = await latentgpu(["score", generated, "--real", file, "--measures", "fid"]);
    expect(without).toMatchObject({
      code: 1,
      err: expect.stringContaining("has no n. Say how many samples it stands for: --count N.") as string,
    });
    expect((await latentgpu(["score", generated, "--real", file, "--measures", "fid", "--count", "50"])).code).toBe(0);
    const pairs = await latentgpu(["score", generated, "--real", file, "--count", "50", "--measures", "kid"]);
    expect(pairs.err).toContain("kid needs samples, and");
  });

  test("a classifier from a safetensors file gives features and class scores under its own name", async () => {
    const digits = new Digits(gpu, { seed: 3 });
    writeFileSync(at("digits.safetensors"), await digits.save());
    const images = pictures(40, 5, 1, 28);
    const paths = [folder("digits-real", images, 1, 28), folder("digits", pictures(40, 7, 1, 28), 1, 28)] as const;
    const words = ["--measures", "fid,is", "--features", at("digits.safetensors"), "--json", at("d.json")];
    const { code, err } = await latentgpu(["score", paths[1], "--real", paths[0], ...words]);
    expect(code, err).toBe(0);
    const { features, scores } = json(at("d.json"));
    expect(features).toEqual({
      name: "digit classifier small",
      checksum: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
    });
    expect(scores.map(({ title }) => title)).toEqual([
      "Fréchet distance, digit classifier small",
      "class score, digit classifier small",
    ]);
    const x = gpu.tensor(rows(images, 1).flat(), [40, 1, 28, 28]);
    const y = gpu.tensor(rows(pictures(40, 7, 1, 28), 1).flat(), [40, 1, 28, 28]);
    const expected = await frechetDistance(digits.features(x), digits.features(y));
    expect(Math.abs(scores[0]!.value / expected.value - 1)).toBeLessThan(1e-4);
    digits.dispose();
    const shards = [1, 2].map((i) => at(`classes-${i}.npz`));
    const words2 = ["--features", at("digits.safetensors"), "--classes"];
    for (const [i, shard] of shards.entries())
      expect((await latentgpu(["stats", paths[1], "-o", shard, "--shard", `${i + 1}/2`, ...words2])).code).toBe(0);
    expect((await latentgpu(["merge", ...shards, "-o", at("classes.npz")])).code).toBe(0);
    const merged = await latentgpu(["score", at("classes.npz"), "--measures", "is", "--json", at("c.json")]);
    expect(merged.code, merged.err).toBe(0);
    const [fromMoments] = json(at("c.json")).scores;
    expect(fromMoments!.title).toBe("class score, digit classifier small");
    expect(Math.abs(fromMoments!.value / scores[1]!.value - 1)).toBeLessThan(1e-6);
    const wrong = await latentgpu(["score", generated, "--real", real, "--features", at("digits.safetensors")]);
    expect(wrong.err).toContain("takes grey images of 28 × 28. Expected [1, 28, 28]; got [3, 4, 4].");
  });

  test("the digit classifier that comes along is told by its name, and the report says all conditions", async () => {
    const [a, b] = [pictures(12, 5, 1, 28), pictures(12, 7, 1, 28)];
    const paths = [folder("v1-real", a, 1, 28), folder("v1", b, 1, 28)] as const;
    const words = ["--measures", "pr", "--features", "digits-v1", "--seed", "4", "--json", at("v1.json")];
    const { code, err } = await latentgpu(["score", paths[1], "--real", paths[0], ...words]);
    expect(code, err).toBe(0);
    const digits = await Digits.v1(gpu);
    const { features, conditions, scores } = json(at("v1.json"));
    expect(features).toEqual({ name: "digits-v1", checksum: digits.checksum });
    expect(conditions).toEqual({ pixels: "from 0 to 1", channels: "as in the files", resize: "none", seed: 4 });
    const [x, y] = [a, b].map((images) => digits.features(gpu.tensor(rows(images, 1).flat(), [12, 1, 28, 28])));
    const expected = await precisionRecall(x!, y!);
    expect([scores[0]!.value, scores[0]!["recall"]]).toEqual([expected.precision, expected.recall]);
    digits.dispose();
  });

  test("mixed sizes and channels pass once they are asked to be made alike", async () => {
    const mixed = folder("mixed", pictures(6, 3));
    writeFileSync(
      at("mixed", "large.png"),
      encodePng({ width: 9, height: 4, channels: 1, pixels: new Uint8Array(36).fill(90) }),
    );
    const { code, err } = await latentgpu([
      "score",
      mixed,
      "--real",
      real,
      "--measures",
      "fid",
      "--resize",
      "4",
      "--channels",
      "1",
    ]);
    expect(code, err).toBe(0);
    const plain = await latentgpu(["score", mixed, "--real", real, "--measures", "fid"]);
    expect(plain).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        "large.png: images differ. Expected [3, 4, 4] (channels, height, width), as in 0000.png; got [1, 4, 9].",
      ) as string,
    });
  });
});

test("a MobileNet of any width is told by its tensors; a file of none is refused", async () => {
  writeFileSync(at("mobile.safetensors"), mobileNet);
  const words = [
    "score",
    generated,
    "--real",
    real,
    "--measures",
    "fid",
    "--features",
    at("mobile.safetensors"),
    "--json",
    at("m.json"),
  ];
  const { code, err } = await latentgpu(words);
  expect(code, err).toBe(0);
  const network = await MobileNetV1.load(gpu, mobileNet);
  expect(json(at("m.json")).scores[0]!.title).toBe(`Fréchet distance, ${network.name}`);
  const [a, b] = [realImages, generatedImages].map((images) => gpu.tensor(rows(images).flat(), [50, 3, 4, 4]));
  const expected = await frechetDistance(network.features(a!), network.features(b!));
  expect(Math.abs(json(at("m.json")).scores[0]!.value / expected.value - 1)).toBeLessThan(1e-4);
  network.dispose();
  writeFileSync(
    at("other.safetensors"),
    writeSafetensors([["a", { dtype: "F32", shape: [1], data: new Float32Array(1) }]]),
  );
  const other = await latentgpu([...words.slice(0, -3), at("other.safetensors")]);
  expect(other).toMatchObject({
    code: 1,
    err: expect.stringContaining("other.safetensors: no network that this version knows.") as string,
  });
});

test("sfid is the Fréchet distance of the Inception network's spatial features, which no other network has", async () => {
  const bytes = formulaFile(inception.shapes);
  const [entry] = measuresOf("score", "sfid");
  const features = await networkOf("inception", gpu, bytes);
  const sets = [pictures(3, 11), pictures(3, 12)];
  const [generated, real] = await Promise.all(
    sets.map(async (images, i) =>
      gather(
        "score",
        await sourceOf("score", nodeFiles, folder(`sfid-${i}`, images), {
          onError: "stop",
          recursive: false,
          maxPixels: 64,
        }),
        {
          gpu,
          features,
          batch: 3,
          wanted: { moments: false, rows: false, probabilities: false, spatial: true },
          signal: new AbortController().signal,
          onProgress: () => undefined,
        },
      ),
    ),
  );
  const options = { gpu, seed: 0, features: features.name, signal: new AbortController().signal };
  const found = await entry!.of(generated!.spatial as never, real!.spatial as never, options);
  using network = await Inception.load(gpu, bytes);
  const [y, x] = sets.map((images) => network.spatial.features(gpu.tensor(rows(images).flat(), [3, 3, 4, 4])));
  const expected = await frechetDistance(x!, y!);
  expect(Math.abs(found.value / expected.value - 1)).toBeLessThan(1e-4);
  expect(found.features).toBe(`${network.name}, spatial`);
  features.dispose();
  writeFileSync(at("mobile.safetensors"), mobileNet);
  const words = ["--measures", "sfid", "--features", at("mobile.safetensors")];
  const refused = await latentgpu(["score", at("sfid-0"), "--real", at("sfid-1"), ...words]);
  expect(refused.err).toContain("sfid needs spatial features, and");
});

test("FID, KID and Inception Score are names of numbers with the FID Inception alone", () => {
  const titles = (isInception: boolean) =>
    measuresOf("score", "fid,sfid,kid,is,pr").map((entry) => titleOf(entry, { name: "N", isInception }));
  expect(titles(true)).toEqual(["FID", "sFID", "KID", "Inception Score", "precision and recall, N"]);
  expect(titles(false)).toEqual([
    "Fréchet distance, N",
    "Fréchet distance of spatial features, N",
    "kernel distance, polynomial, N",
    "class score, N",
    "precision and recall, N",
  ]);
});

test("an interruption of score keeps the measures that are done", async () => {
  const { stream, signal } = during((text) => text.startsWith("Fréchet distance"));
  const words = ["score", generated, "--real", real, "--measures", "fid,kid", "--json", at("cut.json")];
  expect(await run(words, { out: stream, err: stream, signal, open: openShared })).toBe(130);
  const { complete, scores } = json(at("cut.json"));
  expect({ complete, keys: scores.map(({ key }) => key) }).toEqual({ complete: false, keys: ["fid"] });
});
