import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Dataset, type Gpu, kernelDistance, precisionRecall, ssim } from "../src/index.ts";
import { bytesOfPixels, failure, openShared } from "./helpers.ts";
import { uniform } from "./oracles/networks.ts";
import "./stress/exposeGc.ts";
import { memoryFault, sizeOf } from "./stress/harness.ts";

// Several pictures as one tensor: what a data set, a model and a measure take for images. Canvases and video: test/browser/pictures.spec.ts.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const [WIDTH, HEIGHT] = [7, 5];
/** n pictures that differ, of numbers of which none is a multiple of what bindings are aligned to. */
const pictures = (name: string, n: number) =>
  Array.from({ length: n }, (_, i) => ({
    data: Uint8ClampedArray.from(uniform(`${name} ${i}`, 4 * WIDTH * HEIGHT), (u) => 255 * (u + 0.5)),
    width: WIDTH,
    height: HEIGHT,
  }));

describe("several pictures", () => {
  it.each([{}, { channels: 1 }, { channels: 4, size: [4, 9] }, { size: 3, range: [-1, 1] }] as const)(
    "are those of one call each, after one another (%o)",
    async (options) => {
      const list = pictures("list", 5);
      const all = gpu.fromImage(list, options);
      const each = list.map((one) => gpu.fromImage(one, options));
      expect(all.shape).toEqual([5, ...each[0]!.shape.slice(1)]);
      expect([...(await all.read())]).toEqual((await Promise.all(each.map((x) => x.read()))).flatMap((x) => [...x]));
      for (const x of [all, ...each]) x.dispose();
    },
  );

  it("of different sides become one size, textures beside bytes", async () => {
    const texture = gpu.device.createTexture({
      size: [3, 2],
      format: "rgba8unorm",
      usage: GPUTextureUsage.COPY_SRC | GPUTextureUsage.COPY_DST,
    });
    gpu.device.queue.writeTexture({ texture }, bytesOfPixels(6), { bytesPerRow: 12 }, [3, 2]);
    const [one] = pictures("beside", 1);
    const both = gpu.fromImage([texture, one!], { size: 4 });
    const expected = [texture, one!].map((picture) => gpu.fromImage(picture, { size: 4 }));
    expect(both.shape).toEqual([2, 3, 4, 4]);
    expect([...(await both.read())]).toEqual([...(await expected[0]!.read()), ...(await expected[1]!.read())]);
    texture.destroy();
  });

  it("are a data set, and samples of measures, whole and in a stream", async () => {
    const [a, b] = [pictures("a", 6), pictures("b", 6)];
    const before = sizeOf(gpu);
    const [real, generated] = [gpu.fromImage(a), gpu.fromImage(b)];
    const rows = [a, b].map((list) =>
      list.map(({ data }) => Array.from({ length: 3 * 35 }, (_, k) => data[4 * (k % 35) + Math.floor(k / 35)]! / 255)),
    );
    using data = Dataset.from(gpu, real);
    expect([data.count, data.shape]).toEqual([6, [3, HEIGHT, WIDTH]]);
    const off = { interval: false } as const;
    const expected = await kernelDistance(rows[0]!, rows[1]!, { gpu, ...off });
    for (const first of [real, data])
      expect(Math.abs((await kernelDistance(first, generated, off)).value - expected.value)).toBeLessThan(1e-5);
    const stream = precisionRecall.streaming({ real: data, ...off });
    for (const picture of b) {
      using frame = gpu.fromImage(picture);
      await stream.update(frame);
    }
    const { precision, n } = await stream.result();
    expect([precision, n.generated]).toEqual([(await precisionRecall(data, generated, off)).precision, 6]);
    stream.dispose();
    using large = gpu.fromImage(a, { size: 16 });
    expect((await ssim(large, large)).value).toBe(1);
    for (const x of [real, generated, large]) x.dispose();
    data.dispose();
    expect(await memoryFault(gpu, before)).toBe("");
  });

  it("which a device refuses are named, and leave no memory behind", async () => {
    const [first] = pictures("refused", 1);
    const texture = gpu.device.createTexture({ size: [7, 5], format: "r8uint", usage: GPUTextureUsage.COPY_SRC });
    const before = sizeOf(gpu);
    const x = gpu.fromImage([first!, texture]);
    expect((await failure(() => x.read())).message).toMatch(/^fromImage, image 1: expected a 2d texture of one sample/);
    x.dispose();
    await failure(() => gpu.fromImage([first!, { ...first!, height: 3 }]));
    expect(await memoryFault(gpu, before)).toBe("");
    texture.destroy();
  });
});
