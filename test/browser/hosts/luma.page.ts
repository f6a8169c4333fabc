// A page that draws samples with luma.gl, deck.gl's layer on WebGPU: luma.gl opens the device, and the engine adopts it.
import { Model } from "@luma.gl/engine";
import { type WebGPUDevice, webgpuAdapter } from "@luma.gl/webgpu";
import { BLUE, canvasOf, type Host, PICTURE_WGSL, POINTS, POINTS_WGSL } from "./host.ts";
import { expose } from "./outcome.ts";

const STRIP = {
  vertexEntryPoint: "vertexMain",
  fragmentEntryPoint: "fragmentMain",
  topology: "triangle-strip",
  vertexCount: 4,
} as const;

expose(async (): Promise<Host> => {
  const canvas = canvasOf();
  const device: WebGPUDevice = await webgpuAdapter.create({
    createCanvasContext: { canvas, autoResize: false, useDevicePixels: false },
  });
  let shown: Model[] = [];
  let wrapped: { destroy(): void }[] = [];
  return {
    canvas,
    device: device.handle,
    lost: device.lost,
    show(points, picture) {
      // what has a handle is used where it lies, and never destroyed by luma.gl
      const buffer = device.createBuffer({ handle: points, byteLength: points.size });
      const texture = device.createTexture({ handle: picture, width: picture.width, height: picture.height, format: "rgba8unorm" }); // prettier-ignore
      const squares = new Model(device, {
        ...STRIP,
        source: POINTS_WGSL,
        shaderLayout: {
          attributes: [{ name: "point", location: 0, type: "vec2<f32>", stepMode: "instance" }],
          bindings: [],
        },
        bufferLayout: [{ name: "point", format: "float32x2", stepMode: "instance" }],
        attributes: { point: buffer },
        instanceCount: POINTS,
      });
      const quad = new Model(device, {
        ...STRIP,
        source: PICTURE_WGSL,
        shaderLayout: { attributes: [], bindings: [{ name: "picture", type: "texture", group: 0, location: 0 }] },
        bindings: { picture: texture },
      });
      shown = [squares, quad];
      wrapped = [buffer, texture];
    },
    hide() {
      for (const each of [...shown, ...wrapped]) each.destroy();
      [shown, wrapped] = [[], []];
    },
    draw() {
      const pass = device.beginRenderPass({ clearColor: [...BLUE], clearDepth: false });
      for (const model of shown) model.draw(pass);
      pass.end();
      device.submit();
    },
  };
});
