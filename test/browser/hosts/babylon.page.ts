// A page that draws samples with Babylon.js: Babylon opens the device, and the engine adopts it.
import { VertexBuffer } from "@babylonjs/core/Buffers/buffer";
import { FreeCamera } from "@babylonjs/core/Cameras/freeCamera";
import { Constants } from "@babylonjs/core/Engines/constants";
import { WebGPUEngine } from "@babylonjs/core/Engines/webgpuEngine";
import { ShaderLanguage } from "@babylonjs/core/Materials/shaderLanguage";
import { ShaderMaterial } from "@babylonjs/core/Materials/shaderMaterial";
import { BaseTexture } from "@babylonjs/core/Materials/Textures/baseTexture";
import { Color4 } from "@babylonjs/core/Maths/math.color";
import { Vector3 } from "@babylonjs/core/Maths/math.vector";
import { Mesh } from "@babylonjs/core/Meshes/mesh";
import { WebGPUDataBuffer } from "@babylonjs/core/Meshes/WebGPU/webgpuDataBuffer";
import { Scene } from "@babylonjs/core/scene";
import { BLUE, canvasOf, CORNERS, GREEN, type Host, POINTS, SIDE, SQUARE } from "./host.ts";
import { expose } from "./outcome.ts";

const COLOUR = `
  @fragment fn main(input: FragmentInputs) -> FragmentOutputs { fragmentOutputs.color = vec4f(${GREEN.join()}); }`;
const AT_POINT = `
  attribute position: vec2f;
  attribute point: vec2f;
  @vertex fn main(input: VertexInputs) -> FragmentInputs {
    vertexOutputs.position = vec4f(vertexInputs.point + vertexInputs.position * ${SQUARE / SIDE}, 0, 1);
  }`;
const ON_RIGHT = `
  attribute position: vec2f;
  varying place: vec2f;
  @vertex fn main(input: VertexInputs) -> FragmentInputs {
    vertexOutputs.place = vertexInputs.position * vec2f(0.5, -0.5) + 0.5;
    vertexOutputs.position = vec4f(vertexOutputs.place.x, vertexInputs.position.y, 0, 1);
  }`;
const OF_PICTURE = `
  varying place: vec2f;
  var picture: texture_2d<f32>;
  @fragment fn main(input: FragmentInputs) -> FragmentOutputs {
    fragmentOutputs.color = textureLoad(picture, vec2u(fragmentInputs.place * vec2f(textureDimensions(picture))), 0);
  }`;

expose(async (): Promise<Host> => {
  const canvas = canvasOf();
  const engine = new WebGPUEngine(canvas, { antialias: false });
  await engine.initAsync();
  // Babylon has no public way to its device
  const { _device: device } = engine as unknown as { _device: GPUDevice };
  const scene = new Scene(engine);
  scene.clearColor = new Color4(...BLUE);
  new FreeCamera("camera", Vector3.Zero(), scene);

  let shown: Mesh[] = [];
  /** A square whose vertices a shader places. */
  const squareOf = (name: string, vertexSource: string, fragmentSource: string, attributes: string[]): Mesh => {
    const square = new Mesh(name, scene);
    square.setVerticesBuffer(
      new VertexBuffer(engine, CORNERS, "position", { stride: 2, size: 2 }),
      true,
      CORNERS.length / 2,
    );
    square.isUnIndexed = true;
    square.alwaysSelectAsActiveMesh = true;
    const material = new ShaderMaterial(name, scene, { vertexSource, fragmentSource }, { attributes, samplers: ["picture"], shaderLanguage: ShaderLanguage.WGSL }); // prettier-ignore
    material.backFaceCulling = false;
    material.depthFunction = Constants.ALWAYS;
    square.material = material;
    shown.push(square);
    return square;
  };
  return {
    canvas,
    device,
    lost: new Promise((resolve) => engine.onContextLostObservable.addOnce(resolve)),
    async show(points, picture) {
      const squares = squareOf("squares", AT_POINT, COLOUR, ["position", "point"]);
      // Babylon counts the references of buffers that it creates; with none, it never destroys this one
      const data = new WebGPUDataBuffer(points, points.size);
      squares.setVerticesBuffer(new VertexBuffer(engine, data, "point", { stride: 2, size: 2, instanced: true, type: VertexBuffer.FLOAT })); // prettier-ignore
      squares.forcedInstanceCount = POINTS;
      const quad = squareOf("quad", ON_RIGHT, OF_PICTURE, ["position"]);
      const wrapped = engine.wrapWebGPUTexture(picture);
      // only this gives what was wrapped a view to be read through
      engine.updateWrappedWebGPUTexture(wrapped, picture);
      (quad.material as ShaderMaterial).setTexture("picture", new BaseTexture(scene, wrapped));
      await Promise.all(shown.map((mesh) => mesh.material!.forceCompilationAsync(mesh)));
    },
    hide() {
      for (const mesh of shown) {
        mesh.material!.dispose();
        mesh.dispose();
      }
      shown = [];
    },
    draw() {
      engine.beginFrame();
      scene.render();
      engine.endFrame();
    },
  };
});
