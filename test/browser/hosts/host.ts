import { openGpu, VAE } from "../../../src/index.ts";

/** A page's own drawing on a device of its own. */
export interface Host {
  readonly device: GPUDevice;
  /** Draws frame `n`. */
  draw(n: number): void;
  /** Whether something else than the background is in the last frame. */
  shows(): Promise<boolean>;
}

/** What a page saw while it drew and the engine trained. */
export interface Outcome {
  readonly losses: number;
  readonly frames: number;
  /** Values computed in the scopes of frames. */
  readonly scoped: number;
  /** Tensors of another task that were disposed. */
  readonly disposed: number;
  /** Median milliseconds between frames without training, and beside it. */
  readonly gaps: readonly [alone: number, training: number];
  /** Milliseconds of one training step. */
  readonly step: number;
  /** Errors of the device that nobody asked for, and whether one was hidden from the console. */
  readonly heard: readonly string[];
  readonly prevented: boolean;
  readonly buffers: readonly [before: number, after: number];
  readonly selfTest: readonly string[];
  /** Whether the page's picture was there during the training, and after the engine was disposed. */
  readonly pictures: readonly [training: boolean, after: boolean];
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/**
 * The engine trains on the host's device for some seconds, while the host draws frames, computes in a scope in each, and writes
 * past the end of a buffer of its own in every fifth. Rejects where a call of either fails.
 */
export async function beside({ device, draw, shows }: Host, budgetMs: number): Promise<Outcome> {
  const heard: string[] = [];
  let prevented = false;
  device.addEventListener("uncapturederror", (event) => {
    heard.push(event.error.message);
    prevented ||= event.defaultPrevented;
  });
  const own = device.createBuffer({ label: "the app's", size: 16, usage: GPUBufferUsage.COPY_DST });

  const gpu = await openGpu({ device, budgetMs });
  const x = gpu.tensor(Float32Array.from({ length: 64 }, (_, i) => i / 64));
  const before = gpu.memory().buffers;
  const images = Float32Array.from({ length: 64 * 16 }, (_, i) => ((i * 37) % 101) / 101);
  const vae = new VAE(gpu, { image: [1, 4, 4], hidden: 16, latent: 2 });

  const failures: unknown[] = [];
  let [frames, scoped, last] = [0, 0, performance.now()];
  let gaps: number[] = [];
  let isDrawing = true;
  const frame = async (): Promise<void> => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    frames++;
    draw(frames);
    if (frames % 5 === 0) device.queue.writeBuffer(own, 12, new Float32Array(4));
    using _ = gpu.scope();
    const y = x.mul(frames);
    const values = await y.read();
    const z = y.add(values[1]!);
    if ((await z.read())[2] !== (3 * frames) / 64) failures.push("wrong numbers");
    scoped += 2;
  };
  const loop = (): void => {
    if (!isDrawing) return;
    void frame()
      .catch((error: unknown) => failures.push(error))
      .then(() => requestAnimationFrame(loop));
  };
  // the first steps compile; a page would warm up like this too
  await vae.fit(images, { epochs: 1, batch: 16 });
  await frame();
  requestAnimationFrame(loop);
  await pause(1000);
  const alone = median(gaps);
  gaps = [];

  const others: { readonly disposed: boolean; dispose(): void }[] = [];
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
  setTimeout(() => control.abort("enough"), 4000);
  const reason: unknown = await fit.then(
    () => "ended",
    (error: unknown) => error,
  );
  if (reason !== "enough") failures.push(reason);
  const step = (performance.now() - start) / Math.max(1, steps);
  const training = median(gaps);
  const pictureThen = await shows();
  const { failures: wrong } = await gpu.selfTest();
  isDrawing = false;
  clearInterval(timer);
  await pause(300);
  const disposed = others.filter((tensor) => tensor.disposed).length;
  for (const tensor of others) tensor.dispose();
  vae.dispose();
  const after = gpu.memory().buffers;
  gpu.dispose();
  // the device is the host's, and lives on
  draw(frames + 1);
  const pictureAfter = await shows();
  if (failures.length) throw new Error(failures.map(String).join("; "));
  return {
    losses,
    frames,
    scoped,
    disposed,
    gaps: [alone, training],
    step,
    heard,
    prevented,
    buffers: [before, after],
    selfTest: wrong,
    pictures: [pictureThen, pictureAfter],
  };
}
