import { afterAll, beforeAll, expect, it } from "vitest";
import * as all from "../src/index.ts";
import { Dataset, type Gpu, type Tensor } from "../src/index.ts";
import { failure, openShared } from "./helpers.ts";
import { uniform } from "./oracles/networks.ts";
import "./stress/exposeGc.ts";
import { memoryFault, sizeOf } from "./stress/harness.ts";

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

/** 44 images, so that halves are taken as well. */
const SHAPE = [44, 1, 16, 16];
const bytes = (name: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(uniform(name, 44 * 256), (value) => Math.round(255 * (value + 0.5)));

type Any = (...args: unknown[]) => Promise<all.Score>;

it.each([
  ["ssim", {}],
  ["msSsim", {}],
  ["psnr", {}],
  ["sharpnessDifference", {}],
  ["imageStatistics", { resamples: 3 }],
  ["spectrumDistance", { resamples: 3 }],
  ["waveletFrechetDistance", { level: 2, resamples: 3 }],
] as const)("%s takes bytes as a data set of them: 0 to 1", async (name, options) => {
  const measure = (all as unknown as { readonly [name: string]: Any })[name]!;
  const tensors = ["real", "generated"].map((set) => gpu.tensor(bytes(set), SHAPE, { dtype: "u8" }));
  const sets = ["real", "generated"].map((set) => Dataset.from(gpu, bytes(set), SHAPE));
  const found = await measure(...tensors, options);
  const expected = await measure(...sets, options);
  expect(found.n).toEqual(expected.n);
  // a data set's are rounded to f32, 2⁻²⁵ of a value each
  expect(Math.abs(found.value / expected.value - 1)).toBeLessThan(1e-5);
  for (const [end, limit] of found.interval!.entries())
    expect(Math.abs(limit - expected.interval![end]!)).toBeLessThan(1e-5 * Math.abs(found.value));
  for (const one of [...tensors, ...sets]) one.dispose();
});

it("a detector gets images as they were given: bytes as bytes, in batches that are freed", async () => {
  const seen: string[] = [];
  const detector: all.Detector = {
    name: "bright",
    async detect(images: Tensor) {
      seen.push(`${images.dtype} ${images.shape.join("×")}`);
      const [n, size] = [images.shape[0]!, images.size / images.shape[0]!];
      const values = await images.read();
      return Array.from({ length: n }, (_, i) =>
        values[i * size]! > 0 ? [{ x: 0, y: 0, width: 2, height: 2, score: 1, points: [] }] : [],
      );
    },
  };
  const values = Uint8Array.from({ length: 5 * 4 }, (_, at) => (at < 12 ? 9 : 0));
  const x = gpu.tensor(values, [5, 1, 2, 2], { dtype: "u8" });
  const { buffers } = gpu.memory();
  const found = await all.detectionRate(x, detector, { batch: 2, real: gpu.ones([1, 1, 2, 2]) });
  expect([found.value, found.realRate, found.n]).toEqual([0.6, 1, { images: 5, real: 1 }]);
  expect(seen).toEqual(["u8 2×1×2×2", "u8 2×1×2×2", "u8 1×1×2×2", "f32 1×1×2×2"]);
  expect(gpu.memory().buffers - buffers).toBeLessThanOrEqual(1);
  expect((await all.detectionRate(x, detector)).value).toBe(0.6);
  expect([...(await x.read())]).toEqual([...values]);
});

/** Images of three kinds of parts: floats, bytes and a data set. */
const parts = (name: string, size = 16): all.SampleSet[] => {
  const values = bytes(name).subarray(0, 6 * size * size);
  const cut = (from: number, to: number) => values.slice(from * size * size, to * size * size);
  const shape = (n: number) => [n, 1, size, size];
  return [
    Dataset.from(gpu, cut(0, 1), shape(1)).slice(0, 1),
    gpu.tensor(cut(1, 4), shape(3), { dtype: "u8" }),
    Dataset.from(gpu, cut(4, 6), shape(2)),
  ];
};

it("images that come in parts give the same number, whatever the parts are", async () => {
  const whole = ["real", "generated"].map((set) =>
    gpu.tensor(bytes(set).slice(0, 6 * 256), [6, 1, 16, 16], { dtype: "u8" }),
  );
  const [real, generated] = [parts("real"), parts("generated")];
  const similar = all.ssim.streaming();
  for (const at of [0, 1, 2]) await similar.update({ real: real[at]!, generated: generated[at]! });
  const spectra = all.spectrumDistance.streaming({ real: whole[0]!, resamples: 0 });
  for (const part of generated) await spectra.update(part);
  const packets = all.waveletFrechetDistance.streaming({ real: whole[0]!, level: 2 });
  const others = all.waveletFrechetDistance.streaming({ real: whole[0]!, level: 2 });
  await packets.update(generated[0]!);
  for (const part of generated.slice(1)) await others.update(part);
  packets.merge(others);
  for (const [stream, expected] of [
    [similar, await all.ssim(whole[0]!, whole[1]!)],
    [spectra, await all.spectrumDistance(whole[0]!, whole[1]!, { resamples: 0 })],
    [packets, await all.waveletFrechetDistance(whole[0]!, whole[1]!, { level: 2 })],
  ] as const) {
    expect((await stream.result()).value).toBe(expected.value);
    stream.dispose();
  }
});

it("halves of streamed images are freed with what they were cut from", async () => {
  const real = gpu.tensor(bytes("real"), SHAPE, { dtype: "u8" });
  const before = sizeOf(gpu);
  const stream = all.waveletFrechetDistance.streaming({ real, level: 2, resamples: 2 });
  await stream.update(real);
  expect((await stream.result()).interval).toHaveLength(2);
  stream.dispose();
  expect(await memoryFault(gpu, before)).toBe("");
  real.dispose();
});

it("a stream of images wants one shape, in parts and where it merges; a detector takes one too", async () => {
  const detector = {
    name: "all",
    detect: (x: Tensor) => Promise.resolve(Array.from({ length: x.shape[0]! }, () => [])),
  };
  const [first, second] = [all.detectionRate.streaming({ detector }), all.detectionRate.streaming({ detector })];
  for (const part of parts("real")) await first.update(part);
  const error = await failure(() => first.update(parts("real", 8)[1]!));
  expect(error.message).toBe(
    "detectionRate: parts differ in the shape of a sample. Expected [1, 16, 16]; got [1, 8, 8].",
  );
  await second.update(parts("real", 8)[2]!);
  expect((await failure(() => first.merge(second))).code).toBe("shape");
  const { value, n, counts } = await first.result();
  expect([value, n, counts.length]).toEqual([0, { images: 6 }, 6]);
  for (const stream of [first, second]) stream.dispose();
  const rows = await failure(() => all.detectionRate([[1, 2]], detector, { gpu }));
  expect(rows.message).toContain("expected images as images [n, c, h, w]: a tensor, a Dataset");
});
