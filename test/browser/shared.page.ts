// A page that draws with its own WebGPU on the device that the engine trains on, and makes a mistake of its own meanwhile.
import { openGpu, type Scope, VAE } from "../../src/index.ts";

interface Outcome {
  readonly losses: number;
  readonly frames: number;
  readonly scoped: number;
  readonly disposed: number;
  /** Milliseconds between frames, ascending. */
  readonly gaps: number[];
  /** Milliseconds of one training step. */
  readonly step: number;
  readonly heard: readonly string[];
  readonly prevented: boolean;
  readonly buffers: readonly [before: number, after: number];
  readonly selfTest: readonly string[];
}

const TRIANGLE = `
  @vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
    return vec4f(vec2f(f32(i & 1u), f32(i >> 1u)) * 2.0 - 1.0, 0.0, 1.0);
  }
  @fragment fn colour() -> @location(0) vec4f { return vec4f(0.2, 0.6, 0.4, 1.0); }`;

async function run(budgetMs: number): Promise<Outcome> {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice();
  const heard: string[] = [];
  let prevented = false;
  device.addEventListener("uncapturederror", (event) => {
    heard.push(event.error.message);
    prevented ||= event.defaultPrevented;
  });
  // a texture instead of a canvas: headless Chrome with a software adapter loses the device where it presents one
  const format = "rgba8unorm";
  const target = device.createTexture({ format, size: [640, 480], usage: GPUTextureUsage.RENDER_ATTACHMENT });
  const module = device.createShaderModule({ code: TRIANGLE });
  const pipeline = await device.createRenderPipelineAsync({
    layout: "auto",
    vertex: { module },
    fragment: { module, targets: [{ format }] },
  });

  const gpu = await openGpu({ device, budgetMs });
  const x = gpu.tensor(Float32Array.from({ length: 64 }, (_, i) => i / 64));
  const before = gpu.memory().buffers;
  const images = Float32Array.from({ length: 64 * 16 }, (_, i) => ((i * 37) % 101) / 101);
  const vae = new VAE(gpu, { image: [1, 4, 4], hidden: 16, latent: 2 });
  const control = new AbortController();
  const own = device.createBuffer({ label: "the app's", size: 16, usage: GPUBufferUsage.COPY_DST });

  let [frames, scoped, last] = [0, 0, performance.now()];
  const gaps: number[] = [];
  let training = true;
  const failures: unknown[] = [];
  /** One frame: draws, and computes something small in a scope of its own. */
  const frame = async (): Promise<void> => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    frames++;
    const encoder = device.createCommandEncoder();
    const view = target.createView();
    const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: "clear", storeOp: "store" }] });
    pass.setPipeline(pipeline);
    pass.draw(3);
    pass.end();
    device.queue.submit([encoder.finish()]);
    // a write past the end of the app's own buffer
    if (frames % 5 === 0) device.queue.writeBuffer(own, 12, new Float32Array(4));
    const scope: Scope = gpu.scope();
    try {
      const y = x.mul(frames);
      const values = await y.read();
      const z = y.add(values[1]!);
      if ((await z.read())[2] !== (3 * frames) / 64) failures.push("wrong numbers");
      scoped += 2;
    } catch (error) {
      failures.push(error);
    } finally {
      scope.dispose();
    }
  };
  const loop = (): void => {
    if (training) void frame().then(() => requestAnimationFrame(loop));
  };
  // the first steps compile; a page would warm up like this too
  await vae.fit(images, { epochs: 1, batch: 16 });
  let losses = 0;
  let disposed = 0;
  const others: { disposed: boolean }[] = [];
  const timer = setInterval(() => others.push(gpu.tensor([others.length])), 5);
  requestAnimationFrame(loop);
  const start = performance.now();
  let steps = 0;
  const fit = vae.fit(images, {
    epochs: 100_000,
    batch: 16,
    signal: control.signal,
    onProgress: (progress) => {
      steps = progress.step;
      if (Number.isFinite(progress.loss)) losses++;
    },
  });
  setTimeout(() => control.abort("enough"), 4000);
  const reason: unknown = await fit.then(
    () => "ended",
    (error: unknown) => error,
  );
  if (reason !== "enough") failures.push(reason);
  const step = (performance.now() - start) / Math.max(1, steps);
  const { failures: wrong } = await gpu.selfTest();
  training = false;
  clearInterval(timer);
  await new Promise((resolve) => setTimeout(resolve, 300));
  disposed = others.filter((tensor) => tensor.disposed).length;
  for (const tensor of others as unknown as { dispose(): void }[]) tensor.dispose();
  vae.dispose();
  const after = gpu.memory().buffers;
  gpu.dispose();
  // the device is the app's, and lives on
  await device.queue.onSubmittedWorkDone();
  if (failures.length) throw new Error(failures.map(String).join("; "));
  return {
    losses,
    frames,
    scoped,
    disposed,
    gaps: gaps.sort((a, b) => a - b),
    step,
    heard,
    prevented,
    buffers: [before, after],
    selfTest: wrong,
  };
}

Object.assign(globalThis, { run });
