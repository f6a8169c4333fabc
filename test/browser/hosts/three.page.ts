// A page that draws a turning cube with three.js, on the device that the engine trains on.
import {
  BoxGeometry,
  DirectionalLight,
  Mesh,
  MeshStandardMaterial,
  PerspectiveCamera,
  RenderTarget,
  Scene,
  WebGPURenderer,
} from "three/webgpu";
import { beside, type Host } from "./host.ts";

async function host(): Promise<Host> {
  const adapter = (await navigator.gpu.requestAdapter())!;
  // three.js takes a device without this feature for one of WebGPU's compatibility mode
  const requiredFeatures = [...adapter.features].filter((name) => name === "core-features-and-limits");
  const device = await adapter.requestDevice({ requiredFeatures: requiredFeatures as GPUFeatureName[] });
  const [width, height] = [640, 480];
  const renderer = new WebGPURenderer({ device, canvas: new OffscreenCanvas(width, height) as never });
  await renderer.init();
  // a target instead of the canvas: headless Chrome with a software adapter loses the device where it presents one
  const target = new RenderTarget(width, height);
  renderer.setRenderTarget(target);
  const scene = new Scene();
  const cube = new Mesh(new BoxGeometry(), new MeshStandardMaterial({ color: 0x40a060 }));
  const light = new DirectionalLight(0xffffff, 3);
  light.position.set(1, 1, 2);
  scene.add(cube, light);
  const camera = new PerspectiveCamera(50, width / height);
  camera.position.z = 3;
  return {
    device,
    draw(n) {
      cube.rotation.set(n / 30, n / 20, 0);
      renderer.render(scene, camera);
    },
    async shows() {
      const pixels = (await renderer.readRenderTargetPixelsAsync(target, 0, 0, width, height)) as Uint8Array;
      // the cube is green, the background black
      return pixels.some((value, i) => i % 4 === 1 && value > 40);
    },
  };
}

Object.assign(globalThis, { run: async (budgetMs: number) => beside(await host(), budgetMs) });
