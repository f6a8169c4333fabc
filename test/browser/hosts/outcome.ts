// Checks a host: the engine trains on its device while it draws samples, and every pixel is compared with what the tensors hold.
import { Gaussian, type Gpu, openGpu, type Tensor, VAE } from "../../../src/index.ts";
import { CODE, type Host, POINTS, SIDE, SQUARE } from "./host.ts";

/** What a page saw while it drew and the engine trained. */
export interface Outcome {
  /** Bytes that came from the GPU to the CPU while ten frames of new samples were drawn. */
  readonly read: number;
  /** Pixels that are not what they should be: before the training, in it, after it, and where nothing is shown. */
  readonly wrong: { readonly [frame: string]: number };
  readonly losses: number;
  readonly frames: number;
  /** Tensors of another task that were disposed. */
  readonly disposed: number;
  /** Median milliseconds between frames without training, and beside it. */
  readonly gaps: readonly [alone: number, training: number];
  /** Milliseconds of one training step. */
  readonly step: number;
  /** Errors of the device that nobody asked for, and whether one was hidden from the console before and after the engine was there. */
  readonly heard: readonly string[];
  readonly prevented: readonly [before: boolean, after: boolean];
  readonly buffers: readonly [before: number, after: number];
  /** How many devices were destroyed. */
  readonly destroyed: number;
  /** How a read ended that was asked for after the device's loss. */
  readonly code: string;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Counts bytes that are mapped for reading, and devices that are destroyed, from now on. */
function counts(): { bytes: number; destroyed: number } {
  const found = { bytes: 0, destroyed: 0 };
  const { mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = function (this: GPUBuffer, mode, offset = 0, size = this.size - offset) {
    if (mode === GPUMapMode.READ) found.bytes += size;
    return mapAsync.call(this, mode, offset, size);
  };
  const { destroy } = GPUDevice.prototype;
  GPUDevice.prototype.destroy = function () {
    found.destroyed++;
    destroy.call(this);
  };
  return found;
}

/** Bytes R, G, B, A of the frame that was drawn last: to be asked for in the task that drew it. */
function pixelsOf(canvas: HTMLCanvasElement): Uint8ClampedArray {
  const context = new OffscreenCanvas(SIDE, SIDE).getContext("2d")!;
  context.drawImage(canvas, 0, 0);
  return context.getImageData(0, 0, SIDE, SIDE).data;
}

/** How many pixels are wrong, where they can be told: not at the squares' edges, and of the picture at the middles of its texels. */
function wrongPixels(pixels: Uint8ClampedArray, points: ArrayLike<number>, picture: ArrayLike<number>): number {
  const is = (x: number, y: number, colour: readonly number[]): boolean =>
    colour.every((value, c) => Math.abs(pixels[4 * (y * SIDE + x) + c]! - value) <= 2);
  let wrong = 0;
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE / 2; x++) {
      let distance = Infinity;
      for (let k = 0; k < points.length; k += 2)
        distance = Math.min(
          distance,
          Math.max(
            Math.abs(x + 0.5 - ((points[k]! + 1) / 2) * SIDE),
            Math.abs(y + 0.5 - ((1 - points[k + 1]!) / 2) * SIDE),
          ),
        );
      if (Math.abs(distance - SQUARE / 2) < 1) continue;
      wrong += Number(!is(x, y, distance < SQUARE / 2 ? [0, 255, 0] : [0, 0, 255]));
    }
  const side = Math.sqrt(picture.length);
  for (let i = 0; i < picture.length; i++) {
    const [x, y] = [(SIDE / 2) * (1 + ((i % side) + 0.5) / side), (SIDE * (Math.floor(i / side) + 0.5)) / side].map(
      Math.floor,
    );
    const grey = 255 * picture[i]!;
    wrong += Number(!is(x!, y!, [grey, grey, grey]));
  }
  return wrong;
}

/** Samples of a Gaussian and a decoded code, drawn by the host where they lie on the GPU. */
async function samplesOf(gpu: Gpu, host: Host, vae: VAE) {
  const model = await Gaussian.from(gpu, { mean: [-0.5, 0], covariance: [0.01, 0.1] });
  const points = gpu.state(new Float32Array(2 * POINTS), [POINTS, 2]);
  const code: Tensor = host.code?.(gpu) ?? gpu.tensor([...CODE], [1, 2]);
  using decoded = vae.decode(code);
  const picture = await gpu.toTexture(decoded, host.picture);
  await host.show(await points.buffer(), picture);
  return {
    /** Draws new samples. */
    async draw(seed: number): Promise<void> {
      using _ = gpu.scope();
      await points.write(model.sample(POINTS, { seed }));
      await gpu.toTexture(vae.decode(code), picture);
      host.draw();
    },
    /** How many pixels of a frame are wrong; the frame is drawn anew. */
    async wrong(): Promise<number> {
      host.draw();
      const pixels = pixelsOf(host.canvas);
      using _ = gpu.scope();
      return wrongPixels(pixels, await points.read(), await vae.decode(gpu.tensor([...CODE], [1, 2])).read());
    },
    /** What was lent is still there after the host has freed what was its own. */
    async end(): Promise<number> {
      using _ = gpu.scope();
      host.hide();
      host.draw();
      const pixels = pixelsOf(host.canvas);
      await points.read();
      if (!host.picture) {
        await gpu.fromImage(picture).read();
        picture.destroy();
      }
      for (const each of [points, code, model]) each.dispose();
      let wrong = 0;
      for (let i = 0; i < pixels.length; i += 4)
        wrong += Number(pixels[i]! > 2 || pixels[i + 1]! > 2 || pixels[i + 2]! < 253);
      return wrong;
    },
  };
}

/**
 * The engine trains on the host's device for some seconds, while the host draws new samples in each frame and writes past the end of a
 * buffer of its own in every fifth; then the device is lost, by `crash`. Rejects where a call of either fails.
 */
export async function outcomeOf(host: Host, budgetMs: number, crash: () => Promise<void>): Promise<Outcome> {
  const { device } = host;
  const heard: string[] = [];
  let prevented = false;
  device.addEventListener("uncapturederror", (event) => {
    heard.push(event.error.message);
    prevented ||= event.defaultPrevented;
  });
  const own = device.createBuffer({ label: "the app's", size: 16, usage: GPUBufferUsage.COPY_DST });
  const blunder = (): void => device.queue.writeBuffer(own, 12, new Float32Array(4));
  blunder();
  await device.queue.onSubmittedWorkDone();
  const preventedBefore = prevented;
  prevented = false;
  const found = counts();

  const gpu = await openGpu({ device, budgetMs });
  const before = gpu.memory().buffers;
  const images = Float32Array.from({ length: 64 * 16 }, (_, i) => ((i * 37) % 101) / 101);
  const vae = new VAE(gpu, { image: [1, 4, 4], hidden: 16, latent: 2 });
  const samples = await samplesOf(gpu, host, vae);
  found.bytes = 0;
  for (let n = 1; n <= 10; n++) await samples.draw(n);
  const read = found.bytes;
  const wrong: { [frame: string]: number } = { before: await samples.wrong() };

  const failures: unknown[] = [];
  let [frames, last] = [0, performance.now()];
  let gaps: number[] = [];
  let isDrawing = true;
  const frame = async (): Promise<void> => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    frames++;
    await samples.draw(frames);
    if (frames % 5 === 0) blunder();
  };
  const loop = (): void => {
    if (!isDrawing) return;
    void frame()
      .catch((error: unknown) => failures.push(error))
      .then(() => requestAnimationFrame(loop));
  };
  // the first steps compile; a page would warm up like this too
  await vae.fit(images, { epochs: 1, batch: 16 });
  requestAnimationFrame(loop);
  await pause(1000);
  const alone = median(gaps);
  gaps = [];

  const others: Tensor[] = [];
  const timer = setInterval(() => others.push(gpu.tensor([others.length])), 5);
  const control = new AbortController();
  let [losses, steps] = [0, 0];
  const start = performance.now();
  const fit = vae.fit(images, {
    epochs: 100_000,
    batch: 16,
    signal: control.signal,
    onProgress: ({ step, loss }) => {
      steps = step;
      if (Number.isFinite(loss)) losses++;
    },
  });
  setTimeout(() => control.abort("enough"), 3000);
  const reason: unknown = await fit.then(
    () => "ended",
    (error: unknown) => error,
  );
  if (reason !== "enough") failures.push(reason);
  const step = (performance.now() - start) / Math.max(1, steps);
  const training = median(gaps);
  isDrawing = false;
  clearInterval(timer);
  await pause(300);
  const disposed = others.filter((tensor) => tensor.disposed).length;
  wrong["trained"] = await samples.wrong();
  wrong["hidden"] = await samples.end();
  for (const tensor of others) tensor.dispose();
  vae.dispose();
  const after = gpu.memory().buffers;
  gpu.dispose();
  // the device is the host's, and lives on
  host.draw();
  wrong["disposed"] = pixelsOf(host.canvas).filter((value, i) => i % 4 === 2 && value < 253).length;

  const next = await openGpu({ device });
  const x = next.tensor([20, 22]);
  if ((await x.mul(2).read())[1] !== 44) failures.push("wrong numbers");
  void crash();
  await host.lost;
  const code = await x
    .mul(3)
    .read()
    .then(
      () => "none",
      (error: { code?: string }) => error.code ?? String(error),
    );
  if (failures.length) throw new Error(failures.map(String).join("; "));
  return {
    read,
    wrong,
    losses,
    frames,
    disposed,
    gaps: [alone, training],
    step,
    heard,
    prevented: [preventedBefore, prevented],
    buffers: [before, after],
    destroyed: found.destroyed,
    code,
  };
}

declare const crash: () => Promise<void>;

/** Lets the test run a page. */
export function expose(host: () => Promise<Host>): void {
  Object.assign(globalThis, { run: async (budgetMs: number) => outcomeOf(await host(), budgetMs, crash) });
}
