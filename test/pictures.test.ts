import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kernelFile } from "../shaders/generate.mjs";
import { bindingsOf } from "../src/device/textured.ts";
import { type Gpu, resize, slice, type Tensor } from "../src/index.ts";
import * as shaders from "../src/kernels/shaders.gen.ts";
import { openNodeGpu } from "../src/node.ts";
import { colormaps } from "../src/program/colormaps.ts";
import { bytesOfPixels, failure } from "./helpers.ts";

// Pictures in and out as far as Node has them: bytes and textures. Canvases and video: test/browser/pictures.spec.ts.

let gpu: Gpu;
let other: Gpu;
beforeAll(async () => {
  [gpu, other] = await Promise.all([openNodeGpu(), openNodeGpu()]);
});
afterAll(() => {
  gpu.dispose();
  other.dispose();
});

/** The same in planes: [4, pixels]. */
const planesOf = (data: ArrayLike<number>): number[] =>
  Array.from(data, (_, k) => data[4 * (k % (data.length / 4)) + Math.floor(k / (data.length / 4))]!);

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
};

/** The bytes of a texture, row by row. */
async function bytesIn(texture: GPUTexture): Promise<number[]> {
  const { width, height } = texture;
  const bytesPerRow = Math.ceil((4 * width) / 256) * 256;
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
  const buffer = gpu.device.createBuffer({ size: bytesPerRow * height, usage });
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
  gpu.device.queue.submit([encoder.finish()]);
  await buffer.mapAsync(GPUMapMode.READ);
  const all = new Uint8Array(buffer.getMappedRange());
  const found = Array.from({ length: height }, (_, y) => [
    ...all.subarray(y * bytesPerRow, y * bytesPerRow + 4 * width),
  ]);
  buffer.destroy();
  return found.flat();
}

/** What `toTexture` makes of `x`: bytes R, G, B, A. */
async function drawn(x: Tensor): Promise<number[]> {
  const texture = await gpu.toTexture(x);
  const found = await bytesIn(texture);
  texture.destroy();
  return found;
}

const textureOf = (usage: number, more: Partial<GPUTextureDescriptor> = {}, on = gpu): GPUTexture =>
  on.device.createTexture({ label: "the app's", size: [5, 3], format: "rgba8unorm", usage, ...more });

describe("fromImage", () => {
  it("is a tensor at once, whose place is known once it is computed", async () => {
    const x = gpu.fromImage({ data: bytesOfPixels(4), width: 2, height: 2 }, { channels: 1 });
    expect(String(x)).toBe("Tensor f32 [1, 1, 2, 2]");
    expect((await failure(() => x.location())).message).toMatch(/^location: .*has not been computed yet/);
    const early = x.read();
    await gpu.evaluate([x]);
    expect(x.location().size).toBe(16);
    const [r, g, b] = planesOf(bytesOfPixels(4)).reduce<number[][]>(
      (rows, value, k) => (rows[k >> 2]!.push(value / 255), rows),
      [[], [], [], []],
    );
    const grey = r!.map((red, i) => 0.299 * red + 0.587 * g![i]! + 0.114 * b![i]!);
    expect(furthest(await early, grey)).toBeLessThan(4 * 2 ** -24); // five roundings of at most half an ulp of 1
  });

  it("gives bytes as numbers in planes, and toTexture gives the bytes back", async () => {
    const data = bytesOfPixels(19 * 23);
    const x = gpu.fromImage({ data, width: 19, height: 23 }, { channels: 4 });
    expect(x.shape).toEqual([1, 4, 23, 19]);
    expect(
      furthest(
        await x.read(),
        planesOf(data).map((byte) => byte / 255),
      ),
    ).toBeLessThanOrEqual(2 ** -23); // a device may multiply by a rounded 1 / 255
    expect(await drawn(x)).toEqual([...data]);
    const rgb = gpu.fromImage({ data, width: 19, height: 23 }, { range: [-1, 1] });
    expect(rgb.shape).toEqual([1, 3, 23, 19]);
    const expected = planesOf(data).slice(0, 3 * 19 * 23);
    expect(
      furthest(
        await rgb.read(),
        expected.map((byte) => (2 * byte) / 255 - 1),
      ),
    ).toBeLessThanOrEqual(2 ** -22);
  });

  it.each([
    [5, 7],
    [41, 30],
    [12, 46],
  ])("resizes to %i × %i by the antialiased bilinear rule, as resize does", async (height, width) => {
    const picture = { data: bytesOfPixels(19 * 23), width: 19, height: 23 };
    const whole = gpu.fromImage(picture);
    const expected = await resize(whole, [height, width], { mode: "bilinear", antialias: true }).read();
    const x = gpu.fromImage(picture, { size: [height, width] });
    expect(x.shape).toEqual([1, 3, height, width]);
    // both sum some tens of terms of weights that were rounded
    expect(furthest(await x.read(), expected)).toBeLessThan(2e-6);
  });

  it("reads a texture as it is at the call, bytes as stored also where they are sRGB", async () => {
    const data = bytesOfPixels(15);
    for (const format of ["rgba8unorm", "rgba8unorm-srgb"] as const) {
      const texture = textureOf(GPUTextureUsage.COPY_SRC | GPUTextureUsage.COPY_DST, { format });
      const write = (bytes: Uint8ClampedArray<ArrayBuffer>) =>
        gpu.device.queue.writeTexture({ texture }, bytes, { bytesPerRow: 20 }, [5, 3]);
      write(data);
      const x = gpu.fromImage(texture, { channels: 4 });
      write(new Uint8ClampedArray(60));
      expect(await drawn(x)).toEqual([...data]);
      texture.destroy();
    }
  });

  it("reads a texture that allows no copy, and one of floats with what is beyond [0, 1]", async () => {
    const texture = textureOf(GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST, { format: "rgba32float" });
    const values = Float32Array.from({ length: 60 }, (_, i) => (i === 2 ? Number.NaN : i - 30));
    gpu.device.queue.writeTexture({ texture }, values, { bytesPerRow: 80 }, [5, 3]);
    const read = await gpu.fromImage(texture, { channels: 4 }).read();
    expect([...read]).toEqual(planesOf(values));
  });

  it("becomes at most 256 times smaller", async () => {
    const line = (width: number) => ({ data: new Uint8ClampedArray(4 * width).fill(255), width, height: 1 });
    expect((await gpu.fromImage(line(256), { size: 1, channels: 1 }).read())[0]).toBeCloseTo(1, 5);
    expect(await failure(() => gpu.fromImage(line(257), { size: 1 }).read())).toMatchObject({
      code: "limit",
      message: "fromImage: expected at most 256 times fewer pixels a side; got 1 × 1 of 257 × 1.",
    });
  });

  it("takes the grey of a texture of one channel as it is", async () => {
    const usage = GPUTextureUsage.COPY_DST | GPUTextureUsage.TEXTURE_BINDING;
    const half = Uint16Array.of(0x3400, 0x3800, 0x3a00); // 0.25, 0.5, 0.75
    for (const [format, data, expected] of [
      ["r8unorm", Uint8Array.of(51, 102, 255), [0.2, 0.4, 1]],
      ["r16float", half, [0.25, 0.5, 0.75]],
      ["r32float", Float32Array.of(-2, 0.5, 7), [-2, 0.5, 7]],
      ["rg8unorm", Uint8Array.of(255, 0, 0, 255, 255, 255), [0.299, 0.587, 0.886]],
    ] as const) {
      const texture = textureOf(usage, { format, size: [3, 1] });
      gpu.device.queue.writeTexture({ texture }, data, {}, [3, 1]);
      const read = await gpu.fromImage(texture, { channels: 1 }).read();
      expect(furthest(read, expected), format).toBeLessThan(1e-6);
      texture.destroy();
    }
  });

  it("feeds a compiled step, as an input and as what it captures", async () => {
    const picture = { data: Uint8ClampedArray.of(255, 0, 0, 255), width: 1, height: 1 };
    const x = gpu.fromImage(picture);
    const constant = gpu.fromImage(picture, { range: [0, 2] });
    const step = await gpu.compile((input) => input.add(constant), x);
    expect([...(await (await step.run(gpu.fromImage(picture))).read())]).toEqual([3, 0, 0]);
    step.dispose();
  });

  it("names a texture of another device, a destroyed one, and one that cannot be read", async () => {
    const { COPY_SRC, TEXTURE_BINDING, RENDER_ATTACHMENT, COPY_DST } = GPUTextureUsage;
    for (const usage of [COPY_SRC, TEXTURE_BINDING]) {
      const foreign = gpu.fromImage(textureOf(usage, {}, other));
      expect(await failure(() => foreign.read())).toMatchObject({
        code: "wrong-device",
        message: `fromImage: the texture "the app's" belongs to another device.`,
      });
      const destroyed = textureOf(usage);
      destroyed.destroy();
      const x = gpu.fromImage(destroyed);
      expect(await failure(() => x.mul(2).read())).toMatchObject({
        code: "disposed",
        message: `fromImage: the texture "the app's" is destroyed.`,
      });
    }
    for (const texture of [
      textureOf(COPY_DST),
      textureOf(COPY_SRC, { format: "rgba8uint" }),
      textureOf(TEXTURE_BINDING, { format: "depth32float" }),
      textureOf(RENDER_ATTACHMENT | TEXTURE_BINDING, { sampleCount: 4 }),
      textureOf(TEXTURE_BINDING, { dimension: "3d", size: [5, 3, 2] }),
      textureOf(TEXTURE_BINDING, { format: "rgba8unorm-srgb" }),
    ])
      expect(await failure(() => gpu.fromImage(texture).read())).toMatchObject({
        code: "argument",
        message: expect.stringMatching(/^fromImage: expected a 2d texture of one sample.*unless it is -srgb/) as string,
      });
    expect((await gpu.selfTest()).failures).toEqual([]);
  });
});

describe("toTexture", () => {
  it("clamps, makes NaN magenta, and takes bytes and bools", async () => {
    const values = [0.5, -3, 7, Number.NaN, Infinity, -Infinity, -0, 1e-40];
    const grey = (v: number) => [v, v, v, 255];
    const nan = [255, 0, 255, 255];
    expect(await drawn(gpu.tensor([values]))).toEqual(
      [grey(128), grey(0), grey(255), nan, grey(255), grey(0), grey(0), grey(0)].flat(),
    );
    const rgb = [Number.NaN, 0, 1, 0, 1, 0, 0, 0.2, 0];
    expect(await drawn(gpu.tensor(rgb, [3, 1, 3]))).toEqual([...nan, 0, 255, 51, 255, 255, 0, 0, 255]);
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const all = Array.from(bytes, grey).flat();
    expect(await drawn(gpu.tensor(bytes, [16, 16]))).toEqual(all);
    // a part that starts within a binding, and one that starts nowhere in it
    expect(await drawn(gpu.tensor(bytes, [4, 1, 8, 8]).reshape([16, 16]))).toEqual(all);
    expect(await drawn(slice(gpu.tensor(bytes, [16, 16]), [[3, 5]]))).toEqual(all.slice(192, 320));
    expect(await drawn(slice(gpu.tensor(bytes), [[3, 9]]).reshape([2, 3]))).toEqual(all.slice(12, 36));
    expect(await drawn(gpu.tensor([[true, false]]))).toEqual([...grey(255), ...grey(0)]);
  });

  it("computes what was only recorded, and stores alpha as it is", async () => {
    const x = gpu.tensor([0.2, 0.4, 0.6, 0.8], [1, 4, 1, 1]);
    expect(await drawn(x.div(2).mul(2))).toEqual([51, 102, 153, 204]);
  });

  it("writes into a texture that takes stores, and into one that takes copies", async () => {
    const { STORAGE_BINDING, COPY_DST, COPY_SRC } = GPUTextureUsage;
    const x = gpu.tensor(
      Uint8Array.from({ length: 15 }, (_, i) => 17 * i),
      [3, 5],
    );
    const expected = Array.from({ length: 15 }, (_, i) => [17 * i, 17 * i, 17 * i, 255]).flat();
    for (const [usage, format] of [
      [STORAGE_BINDING, "rgba8unorm"],
      [COPY_DST, "rgba8unorm"],
      [COPY_DST, "rgba8unorm-srgb"],
    ] as const) {
      const texture = textureOf(usage | COPY_SRC, { format });
      expect(await gpu.toTexture(x, texture)).toBe(texture);
      expect(await bytesIn(texture)).toEqual(expected);
      texture.destroy();
    }
  });

  it("names a texture of another device and a destroyed one, and refuses those that do not fit", async () => {
    const x = gpu.zeros([3, 5]);
    const { STORAGE_BINDING, COPY_DST, TEXTURE_BINDING } = GPUTextureUsage;
    for (const usage of [STORAGE_BINDING, COPY_DST]) {
      expect(await failure(() => gpu.toTexture(x, textureOf(usage, {}, other)))).toMatchObject({
        code: "wrong-device",
        message: `toTexture: the texture "the app's" belongs to another device.`,
      });
      const destroyed = textureOf(usage);
      destroyed.destroy();
      expect((await failure(() => gpu.toTexture(x, destroyed))).code).toBe("disposed");
    }
    const wrong = [textureOf(TEXTURE_BINDING), textureOf(COPY_DST, { format: "bgra8unorm" })];
    for (const texture of wrong)
      expect((await failure(() => gpu.toTexture(x, texture))).message).toMatch(
        /^toTexture: expected a texture rgba8unorm or rgba8unorm-srgb .*; got (rgba8|bgra8)unorm, 2d, 1 samples, usage \d+\./,
      );
    expect(await failure(() => gpu.toTexture(gpu.zeros([5, 3]), textureOf(STORAGE_BINDING)))).toMatchObject({
      code: "shape",
      message: "toTexture: expected a texture of 3 × 5; got 5 × 3.",
    });
  });

  it("refuses tensors that are disposed, of another gpu, or too wide for a texture", async () => {
    const ended = gpu.zeros([2, 2]).add(1);
    ended.dispose();
    expect((await failure(() => gpu.toTexture(ended))).code).toBe("disposed");
    expect((await failure(() => gpu.toTexture(other.zeros([2, 2])))).code).toBe("wrong-device");
    const most = gpu.device.limits.maxTextureDimension2D;
    expect((await failure(() => gpu.toTexture(gpu.zeros([1, most + 1])))).code).toBe("limit");
  });
});

it("leaves the places of bindings to the kernels' text", () => {
  type Slots = { readonly [name: string]: { readonly binding: number } };
  for (const [file, { code }] of [
    ["draw.wgsl", shaders.draw.draw],
    ["image.wgsl", shaders.image.image],
    ["image_external.wgsl", shaders.image_external.image_external],
  ] as const) {
    const [entry] = kernelFile(file, readFileSync(`shaders/${file}`, "utf8")).entries;
    const { textures, buffers } = entry as unknown as { readonly textures: Slots; readonly buffers: Slots };
    const slots = Object.entries({ ...textures, ...buffers, params: { binding: 0 } });
    expect(bindingsOf(code)).toEqual(Object.fromEntries(slots.map(([name, { binding }]) => [name, binding])));
    expect(Object.keys(textures).length).toBe(1);
  }
});

it("has the colours of matplotlib at the anchors of its colour maps", () => {
  const at = (name: string, index: number) => [0, 1, 2].map((c) => Math.round(255 * colormaps[name]![4 * index + c]!));
  // entries 0, 85, 170 and 255 of _viridis_data and _magma_data in lib/matplotlib/_cm_listed.py
  expect([0, 17, 34, 51].map((i) => at("viridis", i))).toEqual([
    [68, 1, 84],
    [49, 104, 142],
    [53, 183, 121],
    [253, 231, 37],
  ]);
  expect([0, 17, 34, 51].map((i) => at("magma", i))).toEqual([
    [0, 0, 4],
    [114, 31, 129],
    [241, 96, 93],
    [252, 253, 191],
  ]);
});

describe("a tensor's buffer", () => {
  it("is drawn from as vertices, as many as another tensor says", async () => {
    const { device } = gpu;
    const corners = gpu.tensor([-1, -1, 3, -1, -1, 3], [3, 2]).mul(1);
    const counts = gpu.tensor(Uint32Array.of(3, 1, 0, 0));
    const [vertices, indirect] = await Promise.all([corners.buffer(), counts.buffer()]);
    const format = "rgba8unorm";
    const target = textureOf(GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC, { format });
    const module = device.createShaderModule({
      code: `@vertex fn corner(@location(0) at: vec2f) -> @builtin(position) vec4f { return vec4f(at, 0.0, 1.0); }
             @fragment fn colour() -> @location(0) vec4f { return vec4f(0.0, 1.0, 0.2, 1.0); }`,
    });
    const attributes = [{ shaderLocation: 0, offset: 0, format: "float32x2" as const }];
    const pipeline = await device.createRenderPipelineAsync({
      layout: "auto",
      vertex: { module, buffers: [{ arrayStride: 8, attributes }] },
      fragment: { module, targets: [{ format }] },
    });
    device.pushErrorScope("validation");
    const encoder = device.createCommandEncoder();
    const view = target.createView();
    const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: "clear", storeOp: "store" }] });
    pass.setPipeline(pipeline);
    const { buffer, offset, size } = corners.location();
    expect(buffer).toBe(vertices);
    pass.setVertexBuffer(0, buffer, offset, size);
    pass.drawIndirect(indirect, counts.location().offset);
    pass.end();
    device.queue.submit([encoder.finish()]);
    expect(await device.popErrorScope()).toBe(null);
    expect(await bytesIn(target)).toEqual(Array.from({ length: 15 }, () => [0, 255, 51, 255]).flat());
  });
});
