// A page that draws samples with WebGPU as it is: the engine adopts the page's device.
import { canvasOf, type Host, PICTURE_WGSL, POINTS, POINTS_WGSL } from "./host.ts";
import { expose } from "./outcome.ts";

expose(async (): Promise<Host> => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice();
  const canvas = canvasOf();
  const context = canvas.getContext("webgpu")!;
  const format = navigator.gpu.getPreferredCanvasFormat();
  context.configure({ device, format });

  const pipelineOf = (code: string, buffers: GPUVertexBufferLayout[]): Promise<GPURenderPipeline> => {
    const module = device.createShaderModule({ code });
    return device.createRenderPipelineAsync({
      layout: "auto",
      vertex: { module, buffers },
      fragment: { module, targets: [{ format }] },
      primitive: { topology: "triangle-strip" },
    });
  };
  const point = { shaderLocation: 0, offset: 0, format: "float32x2" } as const;
  const [squares, quad] = await Promise.all([
    pipelineOf(POINTS_WGSL, [{ arrayStride: 8, stepMode: "instance", attributes: [point] }]),
    pipelineOf(PICTURE_WGSL, []),
  ]);
  let shown: { points: GPUBuffer; group: GPUBindGroup } | undefined;
  return {
    canvas,
    device,
    lost: device.lost,
    show(points, picture) {
      const entries = [{ binding: 0, resource: picture.createView() }];
      shown = { points, group: device.createBindGroup({ layout: quad.getBindGroupLayout(0), entries }) };
    },
    hide() {
      shown = undefined;
    },
    draw() {
      const encoder = device.createCommandEncoder();
      const view = context.getCurrentTexture().createView();
      const clearValue = [0, 0, 1, 1];
      const pass = encoder.beginRenderPass({
        colorAttachments: [{ view, clearValue, loadOp: "clear", storeOp: "store" }],
      });
      if (shown) {
        pass.setPipeline(squares);
        pass.setVertexBuffer(0, shown.points);
        pass.draw(4, POINTS);
        pass.setPipeline(quad);
        pass.setBindGroup(0, shown.group);
        pass.draw(4);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
    },
  };
});
