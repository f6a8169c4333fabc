// Canvases, bitmaps and video in and out of tensors; the spec calls these by name and looks at the pixels.
import { type Gpu, LatentError, openGpu, slice, type Tensor } from "../../src/index.ts";

/** Bytes R, G, B, A that differ from pixel to pixel and channel to channel, opaque. */
const bytesOf = (pixels: number): Uint8ClampedArray<ArrayBuffer> =>
  Uint8ClampedArray.from({ length: 4 * pixels }, (_, k) =>
    (k & 3) === 3 ? 255 : ((k >> 2) * [37, 101, 211][k & 3]! + 13 * k) % 256,
  );

/** A canvas with a picture of its own. */
function painted(data: Uint8ClampedArray<ArrayBuffer>, width: number, height: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")!.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}

/** The bytes of a picture that a browser can draw. */
function bytesIn(source: CanvasImageSource & { width: number; height: number }): number[] {
  const { width, height } = source;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(source, 0, 0);
  return [...context.getImageData(0, 0, width, height).data];
}

/** Largest difference between the numbers of `x`, RGB in planes, and bytes R, G, B, A; in steps of a byte. */
async function off(x: Tensor, data: ArrayLike<number>): Promise<number> {
  const values = await x.read();
  const area = data.length / 4;
  if (values.length !== 3 * area) return Number.NaN;
  return Array.from(values).reduce(
    (most, value, i) => Math.max(most, Math.abs(255 * value - data[4 * (i % area) + Math.floor(i / area)]!)),
    0,
  );
}

const failure = async (work: () => unknown): Promise<string> => {
  try {
    await work();
  } catch (error) {
    return error instanceof LatentError ? `${error.code}: ${error.message}` : `not a LatentError: ${String(error)}`;
  }
  return "nothing";
};

let gpu: Gpu;
const [width, height] = [48, 32];
const data = bytesOf(width * height);

const calls = {
  async open() {
    gpu = await openGpu();
    void gpu.lost.then(({ reason, message }) => console.error(`lost: ${reason} ${message}`));
    return gpu.info.description;
  },
  /** Steps of a byte that each source's numbers are off by. */
  async sources() {
    const canvas = painted(data, width, height);
    const image = new Image();
    image.src = URL.createObjectURL(await canvas.convertToBlob());
    await image.decode();
    const element = document.createElement("canvas");
    Object.assign(element, { width, height });
    element.getContext("2d")!.drawImage(canvas, 0, 0);
    const frame = new VideoFrame(canvas, { timestamp: 0 });
    const sources = {
      canvas,
      element,
      bitmap: await createImageBitmap(canvas),
      imageData: new ImageData(data, width, height),
      image,
      frame,
    };
    const found: { [name: string]: number } = {};
    for (const [name, source] of Object.entries(sources)) found[name] = await off(gpu.fromImage(source), data);
    const several = gpu.fromImage(Object.values(sources));
    const early = gpu.fromImage(frame);
    frame.close();
    for (const [i, name] of Object.keys(sources).entries())
      found[`${name} among others`] = await off(slice(several, 0, i, i + 1), data);
    found["closed after the call"] = await off(early, data);
    return found;
  },
  /** A playing video of one colour: the numbers of its first pixel. */
  async video() {
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: 64, height: 48 });
    const context = canvas.getContext("2d")!;
    const stream = canvas.captureStream(30);
    const video = document.createElement("video");
    Object.assign(video, { muted: true, srcObject: stream });
    const timer = setInterval(() => {
      context.fillStyle = "rgb(200, 100, 50)";
      context.fillRect(0, 0, 64, 48);
    }, 30);
    const early = await failure(() => gpu.fromImage(video));
    await video.play();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const x = gpu.fromImage(video, { size: [6, 8] });
    const values = [...(await x.read())];
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    return { early, shape: x.shape, pixel: [0, 48, 96].map((at) => 255 * values[at]!) };
  },
  /** Canvas → tensor → canvas; how many bytes differ. */
  async roundTrip() {
    const canvas = new OffscreenCanvas(width, height);
    await gpu.draw(gpu.fromImage(painted(data, width, height)), canvas);
    const back = bytesIn(canvas);
    return back.filter((value, i) => value !== data[i]).length;
  },
  /** Six images of 2 × 2 in three columns, one with NaN, drawn at three times their size. */
  async grid(colormap: "grey" | "viridis" | "magma", scale: number) {
    const values = Float32Array.from({ length: 20 }, (_, i) => [0, 1 / 3, 2 / 3, 1, 0.5][i % 5]!);
    values[7] = Number.NaN;
    const canvas = new OffscreenCanvas(6 * scale, 4 * scale);
    await gpu.draw(gpu.tensor(values, [5, 1, 2, 2]), canvas, { columns: 3, colormap });
    return bytesIn(canvas);
  },
  /** Half transparent red as 4 channels, by a canvas and by a frame, and drawn again. */
  async alpha() {
    const canvas = new OffscreenCanvas(4, 4);
    const context = canvas.getContext("2d")!;
    context.fillStyle = "rgba(255, 0, 0, 0.5)";
    context.fillRect(0, 0, 4, 4);
    const first = async (x: Tensor) => {
      const values = await x.read();
      return [0, 16, 32, 48].map((at) => Math.round(255 * values[at]!));
    };
    const x = gpu.fromImage(canvas, { channels: 4 });
    const frame = new VideoFrame(canvas, { timestamp: 0 });
    const framed = await first(gpu.fromImage(frame, { channels: 4 }));
    frame.close();
    const drawn = new OffscreenCanvas(4, 4);
    await gpu.draw(x, drawn);
    return { canvas: await first(x), frame: framed, drawn: bytesIn(drawn).slice(0, 4) };
  },
  /** One canvas drawn again and again, also with alpha and with another size. */
  async again() {
    const canvas = new OffscreenCanvas(2, 1);
    const seen: number[][] = [];
    for (const values of [
      [0, 1],
      [1, 0],
    ]) {
      await gpu.draw(gpu.tensor(values, [1, 2]), canvas);
      seen.push(bytesIn(canvas));
    }
    await gpu.draw(gpu.tensor([1, 0, 0, 0.2], [4, 1, 1]), canvas, { columns: 2 });
    seen.push(bytesIn(canvas));
    canvas.width = 1;
    await gpu.draw(gpu.tensor(Uint8Array.of(51), [1, 1]), canvas);
    seen.push(bytesIn(canvas));
    return seen;
  },
  async refused() {
    const x = gpu.zeros([1, 1, 2, 2]);
    const closed = await createImageBitmap(painted(data, width, height));
    closed.close();
    const frame = new VideoFrame(painted(data, width, height), { timestamp: 0 });
    frame.close();
    const element = document.createElement("canvas");
    element.transferControlToOffscreen();
    return {
      "2d": await failure(() => gpu.draw(x, painted(data, width, height))),
      transferred: await failure(() => gpu.draw(x, element)),
      empty: await failure(() => gpu.draw(x, new OffscreenCanvas(0, 4))),
      "no canvas": await failure(() => gpu.draw(x, 5 as never)),
      colormap: await failure(() => gpu.draw(gpu.zeros([3, 2, 2]), new OffscreenCanvas(2, 2), { colormap: "magma" })),
      "closed bitmap": await failure(() => gpu.fromImage(closed)),
      "closed frame": await failure(() => gpu.fromImage(frame)),
      "not loaded": await failure(() => gpu.fromImage(new Image())),
    };
  },
  /** Tries of a grid on a page, for a person to look at. */
  async show() {
    document.body.innerHTML = "";
    const n = 30;
    const values = Float32Array.from({ length: n * 28 * 28 }, (_, i) => {
      const [k, y, x] = [Math.floor(i / 784), Math.floor((i % 784) / 28) - 13.5, (i % 28) - 13.5];
      return Math.exp(-(((Math.hypot(x, y) - k / 2.5) / 3) ** 2));
    });
    for (const colormap of ["grey", "viridis", "magma"] as const) {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: 10 * 28, height: 3 * 28 });
      canvas.style.cssText = "display: block; width: 840px; margin: 8px; image-rendering: pixelated";
      document.body.append(canvas);
      await gpu.draw(gpu.tensor(values, [n, 1, 28, 28]), canvas, { columns: 10, colormap });
    }
    await gpu.idle();
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  },
  async isAlive() {
    const lost = await Promise.race([
      gpu.lost.then(() => true),
      new Promise((resolve) => setTimeout(resolve, 100, false)),
    ]);
    return !lost && (await gpu.tensor([1, 2]).mul(2).read())[1] === 4;
  },
};
export type Calls = typeof calls;
Object.assign(globalThis, { calls });
