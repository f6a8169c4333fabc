// What the pages of this folder share: where a host draws, what it shows, and how it tells of a lost device. Each page is a recipe to copy.
import type { Gpu, Tensor } from "../../../src/index.ts";

/** A page's drawing of a model's samples, on a canvas and a device that the engine shares. */
export interface Host {
  readonly canvas: HTMLCanvasElement;
  readonly device: GPUDevice;
  /**
   * Draws from now on: a green square of SQUARE pixels at each of `points`, f32 [POINTS, 2] in clip space, and `picture` over the right half of
   * the canvas. Both belong to the engine, but for a picture of the host's own.
   */
  show(points: GPUBuffer, picture: GPUTexture): void | Promise<void>;
  /** Draws BLUE alone from now on, and frees what `show` took of the host's own. */
  hide(): void;
  draw(): void;
  /** Resolves when the host tells the page that the device was lost. */
  readonly lost: Promise<unknown>;
  /** A texture of 4 × 4 for the picture, where the host can only show one of its own. */
  readonly picture?: GPUTexture;
  /** A code [1, 2] that the host computes on the GPU, (0.5, −1), as a tensor over the host's own buffer. */
  code?(gpu: Gpu): Tensor;
}

export const SIDE = 256;
export const POINTS = 64;
export const SQUARE = 8;
export const CODE = [0.5, -1] as const;
/** Pure colours, which no colour management changes. */
export const [GREEN, BLUE] = [[0, 1, 0, 1] as const, [0, 0, 1, 1] as const];

/** The page's canvas. */
export function canvasOf(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: SIDE, height: SIDE });
  document.body.append(canvas);
  return canvas;
}

/** Vertices of a square around 0 for triangles. */
export const CORNERS = Float32Array.of(-1, -1, 1, -1, 1, 1, -1, -1, 1, 1, -1, 1);

/** WGSL of hosts whose materials are shaders: a square at each point, and the picture on the right half. */
export const POINTS_WGSL = `
  @vertex fn vertexMain(@builtin(vertex_index) i: u32, @location(0) point: vec2f) -> @builtin(position) vec4f {
    let corners = array(vec2f(-1, -1), vec2f(1, -1), vec2f(-1, 1), vec2f(1, 1));
    return vec4f(point + corners[i] * ${SQUARE / SIDE}, 0, 1);
  }
  @fragment fn fragmentMain() -> @location(0) vec4f { return vec4f(0, 1, 0, 1); }`;
export const PICTURE_WGSL = `
  @group(0) @binding(0) var picture: texture_2d<f32>;
  @vertex fn vertexMain(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
    return vec4f(f32(i & 1), f32(i >> 1) * 2 - 1, 0, 1);
  }
  @fragment fn fragmentMain(@builtin(position) pixel: vec4f) -> @location(0) vec4f {
    let place = (pixel.xy / ${SIDE} - vec2f(0.5, 0)) * vec2f(2, 1);
    return textureLoad(picture, vec2u(place * vec2f(textureDimensions(picture))), 0);
  }`;
