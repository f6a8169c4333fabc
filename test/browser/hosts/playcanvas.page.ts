// A page that draws samples with PlayCanvas: both adopt the page's device.
import {
  AppBase,
  AppOptions,
  CameraComponentSystem,
  Color,
  CULLFACE_NONE,
  Entity,
  FILTER_NEAREST,
  Mesh,
  MeshInstance,
  RenderComponentSystem,
  SEMANTIC_ATTR11,
  SEMANTIC_POSITION,
  ShaderMaterial,
  Texture,
  TYPE_FLOAT32,
  VertexBuffer,
  VertexFormat,
  WebgpuGraphicsDevice,
} from "playcanvas";
import { BLUE, canvasOf, CORNERS, GREEN, type Host, POINTS, SIDE, SQUARE } from "./host.ts";
import { expose } from "./outcome.ts";

const AT_POINT = `
  attribute aPosition: vec2f;
  attribute aPoint: vec2f;
  @vertex fn vertexMain(input: VertexInput) -> VertexOutput {
    var output: VertexOutput;
    output.position = vec4f(input.aPoint + input.aPosition * ${SQUARE / SIDE}, 0, 1);
    return output;
  }`;
const COLOUR = `
  @fragment fn fragmentMain(input: FragmentInput) -> FragmentOutput {
    var output: FragmentOutput;
    output.color = vec4f(${GREEN.join()});
    return output;
  }`;
const ON_RIGHT = `
  attribute aPosition: vec2f;
  varying place: vec2f;
  @vertex fn vertexMain(input: VertexInput) -> VertexOutput {
    var output: VertexOutput;
    output.place = input.aPosition * vec2f(0.5, -0.5) + 0.5;
    output.position = vec4f(output.place.x, input.aPosition.y, 0, 1);
    return output;
  }`;
const OF_PICTURE = `
  varying place: vec2f;
  var picture: texture_2d<f32>;
  @fragment fn fragmentMain(input: FragmentInput) -> FragmentOutput {
    var output: FragmentOutput;
    output.color = textureLoad(picture, vec2u(input.place * vec2f(textureDimensions(picture))), 0);
    return output;
  }`;

/** What PlayCanvas keeps to itself of what the GPU sees. */
interface Internal {
  impl: { buffer: GPUBuffer | null; gpuTexture: GPUTexture };
}

expose(async (): Promise<Host> => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice();
  const canvas = canvasOf();
  const graphicsDevice = new WebgpuGraphicsDevice(canvas, { antialias: false });
  // with a device of the page's PlayCanvas neither destroys it nor opens another one when it is lost
  (graphicsDevice as unknown as { initFromGpuDevice(a: GPUAdapter, d: GPUDevice): void }).initFromGpuDevice(
    adapter,
    device,
  );
  const options = new AppOptions();
  options.graphicsDevice = graphicsDevice;
  options.componentSystems = [RenderComponentSystem, CameraComponentSystem];
  const app = new AppBase(canvas);
  app.init(options);
  const camera = new Entity("camera");
  camera.addComponent("camera", { clearColor: new Color(...BLUE) });
  app.root.addChild(camera);

  const materialOf = (
    name: string,
    vertexWGSL: string,
    fragmentWGSL: string,
    attributes: { [name: string]: string },
  ): ShaderMaterial => {
    const material = new ShaderMaterial({ uniqueName: name, vertexWGSL, fragmentWGSL, attributes });
    material.cull = CULLFACE_NONE;
    material.depthTest = false;
    material.update();
    return material;
  };
  const mesh = new Mesh(graphicsDevice);
  mesh.setPositions(CORNERS, 2);
  mesh.update();
  const texture = new Texture(graphicsDevice, { width: 4, height: 4, mipmaps: false, minFilter: FILTER_NEAREST, magFilter: FILTER_NEAREST }); // prettier-ignore
  let shown: { entity: Entity; instances: VertexBuffer } | undefined;
  return {
    canvas,
    device,
    lost: device.lost,
    picture: (texture as unknown as Internal).impl.gpuTexture,
    show(points) {
      const squares = new MeshInstance(mesh, materialOf("squares", AT_POINT, COLOUR, { aPosition: SEMANTIC_POSITION, aPoint: SEMANTIC_ATTR11 })); // prettier-ignore
      const format = new VertexFormat(graphicsDevice, [
        { semantic: SEMANTIC_ATTR11, components: 2, type: TYPE_FLOAT32 },
      ]);
      const instances = new VertexBuffer(graphicsDevice, format, POINTS);
      (instances as unknown as Internal).impl.buffer = points;
      squares.setInstancing(instances);
      const quad = new MeshInstance(mesh, materialOf("quad", ON_RIGHT, OF_PICTURE, { aPosition: SEMANTIC_POSITION }));
      quad.setParameter("picture", texture);
      quad.cull = false;
      const entity = new Entity("samples");
      entity.addComponent("render", { meshInstances: [squares, quad] });
      app.root.addChild(entity);
      shown = { entity, instances };
    },
    hide() {
      if (!shown) return;
      // PlayCanvas destroys what a vertex buffer refers to
      (shown.instances as unknown as Internal).impl.buffer = null;
      shown.instances.destroy();
      shown.entity.destroy();
      texture.destroy();
      shown = undefined;
    },
    draw: () => app.render(),
  };
});
