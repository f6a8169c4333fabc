// A page that draws with WebGPU as it is, on the device that the engine trains on.
import { beside, type Host } from "./host.ts";

const TRIANGLE = `
  @vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
    return vec4f(vec2f(f32(i & 1u), f32(i >> 1u)) * 2.0 - 1.0, 0.0, 1.0);
  }
  @fragment fn colour() -> @location(0) vec4f { return vec4f(0.2, 0.6, 0.4, 1.0); }`;

async function host(): Promise<Host> {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice();
  // a texture instead of a canvas: headless Chrome with a software adapter loses the device where it presents one
  const [width, height, format] = [640, 480, "rgba8unorm"] as const;
  const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
  const texture = device.createTexture({ format, size: [width, height], usage });
  const module = device.createShaderModule({ code: TRIANGLE });
  const pipeline = await device.createRenderPipelineAsync({
    layout: "auto",
    vertex: { module },
    fragment: { module, targets: [{ format }] },
  });
  return {
    device,
    draw() {
      const encoder = device.createCommandEncoder();
      const view = texture.createView();
      const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: "clear", storeOp: "store" }] });
      pass.setPipeline(pipeline);
      pass.draw(3);
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
    async shows() {
      const [bytesPerRow, size] = [4 * width, 4 * width * height];
      const buffer = device.createBuffer({ size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
      const encoder = device.createCommandEncoder();
      encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [width, height]);
      device.queue.submit([encoder.finish()]);
      await buffer.mapAsync(GPUMapMode.READ);
      const isDrawn = new Uint8Array(buffer.getMappedRange()).some((value) => value > 0);
      buffer.destroy();
      return isDrawn;
    },
  };
}

Object.assign(globalThis, { run: async (budgetMs: number) => beside(await host(), budgetMs) });
