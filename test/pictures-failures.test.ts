import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { Device } from "../src/device/device.ts";
import type { Gpu } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import { convert } from "../src/program/convert.ts";
import { bytesOfPixels, failure } from "./helpers.ts";

// What pictures keep and say where something fails: browsers' parts are stood in for, so that it fails where it should.

let gpu: Gpu;
let other: Gpu;
beforeAll(async () => {
  [gpu, other] = await Promise.all([openNodeGpu(), openNodeGpu()]);
});
afterAll(() => {
  gpu.dispose();
  other.dispose();
});

const textureOf = (usage: number, more: Partial<GPUTextureDescriptor> = {}, on = gpu): GPUTexture =>
  on.device.createTexture({ label: "the app's", size: [5, 3], format: "rgba8unorm", usage, ...more });

/** Counts the textures that are made from now on, and those of them that were destroyed. */
function textures(on = gpu) {
  const { device } = on;
  const count = { made: 0, destroyed: 0 };
  const create = device.createTexture.bind(device);
  vi.spyOn(device, "createTexture").mockImplementation((descriptor) => {
    const texture = create(descriptor);
    const destroy = texture.destroy.bind(texture);
    count.made++;
    texture.destroy = () => (count.destroyed++, destroy());
    return texture;
  });
  return count;
}
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** A frame as far as Node knows one. */
const frameOf = (format: string | null) => ({
  displayWidth: 2,
  displayHeight: 2,
  format,
  open: 1,
  clone() {
    this.open++;
    return this;
  },
  close() {
    this.open--;
  },
});

// before every other call of a picture: what reads them is not loaded yet
it("names a file of the engine that does not load, keeps nothing captured, and tries again", async () => {
  vi.doMock("../src/program/lazyPictures.ts", () => {
    throw new Error("404");
  });
  const frame = frameOf("I420");
  const x = gpu.fromImage(frame);
  expect(frame.open).toBe(2);
  expect((await failure(() => x.read())).message).toMatch(/^kernels: a file of the engine does not load/);
  expect((await failure(() => x.location())).message).toMatch(/^kernels: a file of the engine does not load/);
  expect(frame.open).toBe(1);
  vi.doUnmock("../src/program/lazyPictures.ts");
});

describe("fromImage", () => {
  it("leaves the memory of a tensor alone that ends before it is written, and frees what it captured", async () => {
    const device = new Device(gpu.device, null, false);
    const count = textures();
    const buffer = gpu.device.createBuffer({ size: 48, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
    const size = [2, 2] as const;
    const make = () =>
      gpu.device.createTexture({
        size: [...size],
        format: "rgba8unorm",
        usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
      });
    const white = new Uint8Array(16).fill(255);
    for (const owner of [null, { give() {} }]) {
      const pixels = make();
      gpu.device.queue.writeTexture({ texture: pixels }, white, { bytesPerRow: 8 }, size);
      const storage = { buffer, offset: 0, bytes: 48, owner };
      const shape = { channels: 3, height: 2, width: 2, low: 0, high: 1 };
      expect(
        await convert(gpu as never, device, storage, [{ where: "test", pixels, texture: null, size }], shape),
      ).toBe(null);
      const read = new Float32Array(await device.read(buffer, 0, 48, "test"));
      expect([...read]).toEqual(Array.from({ length: 12 }, () => (owner ? 1 : 0)));
    }
    expect(count).toEqual({ made: 2, destroyed: 2 });
    buffer.destroy();
  });

  it("imports frames without alpha alone, and keeps neither frame nor copy where the browser gives neither", async () => {
    const count = textures();
    const imported: (string | null)[] = [];
    gpu.device.importExternalTexture = (({ source }: { source: { format: string | null } }) => {
      imported.push(source.format);
      throw new TypeError("no frames here");
    }) as never;
    const copied = vi.spyOn(gpu.device.queue, "copyExternalImageToTexture").mockImplementation(() => {
      throw new TypeError("none at all");
    });
    for (const format of ["I420", "NV12", "RGBX", "I420P10", "RGBA", "BGRA", "I420A", "I444AP10", null]) {
      const frame = frameOf(format);
      expect((await failure(() => gpu.fromImage(frame).read())).message).toMatch(
        /^fromImage: this browser gives no video frame to the GPU\. TypeError: none at all/,
      );
      expect([format, frame.open]).toEqual([format, 1]);
    }
    expect(imported).toEqual(["I420", "NV12", "RGBX", "I420P10"]);
    expect(copied).toHaveBeenCalledTimes(9);
    expect(count).toEqual({ made: 9, destroyed: 9 });
  });

  it("keeps nothing of pictures that give no pixels, or are too large", async () => {
    const count = textures();
    const { bytes } = gpu.memory();
    vi.spyOn(gpu.device.queue, "copyExternalImageToTexture").mockImplementation(() => {
      throw new Error("tainted");
    });
    vi.stubGlobal("OffscreenCanvas", class {});
    expect(await failure(() => gpu.fromImage({ width: 2, height: 2 }))).toMatchObject({
      code: "argument",
      message: "fromImage: Object gives no pixels here. Error: tainted",
    });
    expect(count).toEqual({ made: 1, destroyed: 1 });
    const picture = { data: bytesOfPixels(1), width: 1, height: 1 };
    expect((await failure(() => gpu.fromImage(picture, { size: 2 ** 16 }))).code).toBe("limit");
    expect(count.made).toBe(1);
    const most = gpu.device.limits.maxTextureDimension2D;
    const wide = gpu.fromImage({ data: bytesOfPixels(most + 1), width: most + 1, height: 1 }, { size: [1, 999] });
    expect(await failure(() => wide.read())).toMatchObject({
      code: "limit",
      message: `fromImage: too large for this device. Expected at most ${most} pixels a side; got ${most + 1} × 1.`,
    });
    wide.dispose();
    expect(gpu.memory().bytes).toBe(bytes);
  });
});

describe("draw", () => {
  /** A canvas as far as Node knows one, with the configuration `now`. */
  const canvasOf = (texture: () => GPUTexture, now?: object, width = 5) => {
    const context = { getConfiguration: () => now, configure: vi.fn(), getCurrentTexture: texture };
    return { width, height: 3, context, getContext: vi.fn(() => context) };
  };
  const usage = 8; // GPUTextureUsage.STORAGE_BINDING
  const ready = () => ({ device: gpu.device, format: "rgba8unorm", usage, alphaMode: "opaque" });

  it("rejects with what the device refuses of it, and no other call does", async () => {
    vi.stubGlobal("OffscreenCanvas", class {});
    const x = gpu.zeros([3, 5]);
    const texture = textureOf(GPUTextureUsage.TEXTURE_BINDING);
    expect(
      await failure(() =>
        gpu.draw(
          x,
          canvasOf(() => texture),
        ),
      ),
    ).toMatchObject({
      code: "argument",
      message: expect.stringMatching(/^draw: /) as string,
    });
    const none = () => {
      throw new Error("not configured");
    };
    expect((await failure(() => gpu.draw(x, canvasOf(none)))).message).toBe(
      "draw: this canvas gives no texture. Error: not configured",
    );
    expect((await gpu.ones([2]).add(1).read())[0]).toBe(2);
  });

  it("claims no canvas that is too large, or for a tensor that it cannot draw", async () => {
    vi.stubGlobal("OffscreenCanvas", class {});
    const ended = gpu.zeros([3, 5]).add(1);
    ended.dispose();
    const most = gpu.device.limits.maxTextureDimension2D;
    for (const [x, code, width] of [
      [ended, "disposed", 5],
      [other.zeros([3, 5]), "wrong-device", 5],
      [gpu.zeros([3, 5]), "limit", most + 1],
    ] as const) {
      const canvas = canvasOf(() => textureOf(usage), undefined, width);
      expect((await failure(() => gpu.draw(x, canvas))).code).toBe(code);
      expect(canvas.getContext).not.toHaveBeenCalled();
    }
  });

  it("configures a canvas unless it is opaque, in sRGB and of the standard range already", async () => {
    vi.stubGlobal("OffscreenCanvas", class {});
    const texture = textureOf(usage);
    for (const [more, times] of [
      [{}, 0],
      [{ colorSpace: "srgb", toneMapping: { mode: "standard" } }, 0],
      [{ colorSpace: "display-p3" }, 1],
      [{ toneMapping: { mode: "extended" } }, 1],
    ] as const) {
      const canvas = canvasOf(() => texture, { ...ready(), ...more });
      await gpu.draw(gpu.zeros([3, 5]), canvas);
      expect(canvas.context.configure).toHaveBeenCalledTimes(times);
    }
  });
});

it("leaves no texture behind where the device is lost in the middle of toTexture", async () => {
  const lost = await openNodeGpu();
  const x = lost.ones([2, 2]);
  await x.read();
  const count = textures(lost);
  const { queue } = lost.device;
  const submit = queue.submit.bind(queue);
  vi.spyOn(queue, "submit").mockImplementation((commands) => (submit(commands), lost.device.destroy()));
  expect((await failure(() => lost.toTexture(x))).code).toBe("device-lost");
  expect(count).toEqual({ made: 1, destroyed: 1 });
  lost.dispose();
});

it("refuses a tensor that is disposed before it is drawn", async () => {
  const x = gpu.zeros([2, 2]).add(1);
  const call = failure(() => gpu.toTexture(x));
  x.dispose();
  expect((await call).code).toBe("disposed");
});

it("rejects with device-lost after a loss, and with disposed after dispose()", async () => {
  const lost = await openNodeGpu();
  const x = lost.ones([2, 2]);
  const pending = lost.fromImage({ data: bytesOfPixels(4), width: 2, height: 2 });
  lost.device.destroy();
  await lost.lost;
  expect((await failure(() => lost.toTexture(x))).code).toBe("device-lost");
  expect((await failure(() => pending.read())).code).toBe("device-lost");
  expect((await failure(() => lost.fromImage({ data: bytesOfPixels(4), width: 2, height: 2 }))).code).toBe(
    "device-lost",
  );
  lost.dispose();
  expect((await failure(() => lost.toTexture(x))).code).toBe("disposed");
});
