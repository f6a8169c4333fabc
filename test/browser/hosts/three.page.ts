// A page that draws samples with three.js: three.js opens the device, the engine adopts it, and TSL computes the code that the model decodes.
import { Fn, instancedBufferAttribute, storage, texture, uv, vec2, vec3 } from "three/tsl";
import {
  Color,
  ExternalTexture,
  InstancedBufferAttribute,
  LinearSRGBColorSpace,
  Mesh,
  MeshBasicNodeMaterial,
  NearestFilter,
  OrthographicCamera,
  PlaneGeometry,
  PointsNodeMaterial,
  Scene,
  Sprite,
  StorageBufferAttribute,
  WebGPURenderer,
} from "three/webgpu";
import { canvasOf, CODE, type Host, POINTS, SQUARE } from "./host.ts";
import { expose } from "./outcome.ts";

/** What three.js keeps to itself: its device, and an attribute's buffer. */
interface Internal {
  device: GPUDevice;
  get(attribute: object): { buffer: GPUBuffer };
}

expose(async (): Promise<Host> => {
  const canvas = canvasOf();
  const renderer = new WebGPURenderer({ canvas });
  // the picture's bytes are shown as they are
  renderer.outputColorSpace = LinearSRGBColorSpace;
  const lost = new Promise((resolve) => (renderer.onDeviceLost = resolve));
  await renderer.init();
  const backend = renderer.backend as unknown as Internal;
  const scene = new Scene();
  scene.background = new Color(0, 0, 1);
  const camera = new OrthographicCamera(-1, 1, 1, -1, -1, 1);

  const codes = new StorageBufferAttribute(CODE.length, 1);
  const compute = Fn(() => {
    const z = storage(codes, "float", CODE.length);
    for (const [i, value] of CODE.entries()) z.element(i).assign(value);
  })().compute(1);

  let dispose: () => void = () => {};
  return {
    canvas,
    device: backend.device,
    lost,
    code(gpu) {
      void renderer.compute(compute);
      return gpu.fromBuffer(backend.get(codes).buffer, [1, 2]);
    },
    show(points, picture) {
      const places = new InstancedBufferAttribute(new Float32Array(2 * POINTS), 2);
      // three.js creates a buffer where there is none yet
      backend.get(places).buffer = points;
      const green = new PointsNodeMaterial({
        color: 0x00ff00,
        positionNode: vec3(instancedBufferAttribute<"vec2">(places), 0),
        size: SQUARE,
        sizeAttenuation: false,
        depthTest: false,
      });
      const squares = new Sprite(green as never);
      squares.count = POINTS;
      squares.frustumCulled = false;

      const external = new ExternalTexture(picture as never);
      external.minFilter = external.magFilter = NearestFilter;
      const decoded = new MeshBasicNodeMaterial({
        colorNode: texture(external, vec2(uv().x, uv().y.oneMinus())),
        depthTest: false,
      });
      const quad = new Mesh(new PlaneGeometry(1, 2), decoded);
      quad.position.x = 0.5;
      scene.add(squares, quad);
      dispose = () => {
        scene.remove(squares, quad);
        // a geometry's attributes are destroyed with it; the tensor's buffer is in none
        for (const each of [green, decoded, quad.geometry, external]) each.dispose();
      };
    },
    hide: () => dispose(),
    draw: () => renderer.render(scene, camera),
  };
});
