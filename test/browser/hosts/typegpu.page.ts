// A page that draws samples with TypeGPU: both adopt the page's device.
import tgpu, { d } from "typegpu";
import { BLUE, canvasOf, type Host, POINTS, SIDE, SQUARE } from "./host.ts";
import { expose } from "./outcome.ts";

const point = tgpu.vertexLayout((n: number) => d.arrayOf(d.vec2f, n), "instance");
const decoded = tgpu.bindGroupLayout({ picture: { texture: d.texture2d(d.f32) } });

const atPoint = tgpu.vertexFn({
  in: { point: d.vec2f, index: d.builtin.vertexIndex },
  out: { position: d.builtin.position },
})`{
  let corners = array(vec2f(-1, -1), vec2f(1, -1), vec2f(-1, 1), vec2f(1, 1));
  return Out(vec4f(in.point + corners[in.index] * ${SQUARE / SIDE}, 0, 1));
}`;
const green = tgpu.fragmentFn({ out: d.vec4f })`{ return vec4f(0, 1, 0, 1); }`;

const onRight = tgpu.vertexFn({
  in: { index: d.builtin.vertexIndex },
  out: { position: d.builtin.position, place: d.vec2f },
})`{
  let place = vec2f(f32(in.index & 1), f32(in.index >> 1));
  return Out(vec4f(place.x, 1 - 2 * place.y, 0, 1), place);
}`;
const ofPicture = tgpu.fragmentFn({ in: { place: d.vec2f }, out: d.vec4f })`{
  return textureLoad(decoded.$.picture, vec2u(in.place * vec2f(textureDimensions(decoded.$.picture))), 0);
}`.$uses({ decoded });

expose(async (): Promise<Host> => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice();
  const root = tgpu.initFromDevice({ device });
  const canvas = canvasOf();
  const context = root.configureContext({ canvas });

  const primitive = { topology: "triangle-strip" } as const;
  const squares = root.createRenderPipeline({
    attribs: { point: point.attrib },
    vertex: atPoint,
    fragment: green,
    primitive,
  });
  const quad = root.createRenderPipeline({ vertex: onRight, fragment: ofPicture, primitive });
  const over = { view: context, loadOp: "load", storeOp: "store" } as const;
  let draws: () => void = () => {};
  return {
    canvas,
    device,
    lost: device.lost,
    show(points, picture) {
      // a buffer that comes from outside is never destroyed by TypeGPU
      const buffer = root.createBuffer(d.arrayOf(d.vec2f, POINTS), points).$usage("vertex");
      const group = root.createBindGroup(decoded, { picture: picture.createView() });
      draws = () => {
        squares.with(point, buffer).withColorAttachment(over).draw(4, POINTS);
        quad.with(group).withColorAttachment(over).draw(4);
      };
    },
    hide() {
      draws = () => {};
    },
    draw() {
      const encoder = device.createCommandEncoder();
      const view = context.getCurrentTexture().createView();
      encoder
        .beginRenderPass({ colorAttachments: [{ view, clearValue: [...BLUE], loadOp: "clear", storeOp: "store" }] })
        .end();
      device.queue.submit([encoder.finish()]);
      draws();
    },
  };
});
