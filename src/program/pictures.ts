import type { Tensor } from "../graph/tensor.ts";

/** What a browser has pixels in: a canvas, ImageBitmap, ImageData, image, video, VideoFrame, or a GPUTexture; in Node `{ data, width, height }`. */
export type Picture =
  | { readonly width: number; readonly height: number; readonly data?: ArrayBufferView }
  | { readonly displayWidth: number; readonly displayHeight: number };

/** How a picture becomes numbers. */
export interface FromImageOptions {
  /** [height, width], or one number for both; the source's own without it. */
  readonly size?: number | readonly [number, number];
  /** 1 (grey), 3 (RGB, the default) or 4 (RGBA). */
  readonly channels?: 1 | 3 | 4;
  /** What black and white become; [0, 1] by default. */
  readonly range?: readonly [number, number];
}

/** How a grid is drawn. */
export interface GridOptions {
  /** Images in a row; ⌈√n⌉ by default. */
  readonly columns?: number;
  /** The colours of 0 … 1, for images of one channel: "grey" by default. */
  readonly colormap?: "grey" | "viridis" | "magma";
}

/** A canvas of a page, or of a Worker. */
export interface Canvas {
  /** Its columns of pixels. */
  readonly width: number;
  /** Its rows of pixels. */
  readonly height: number;
  /** Gives its "webgpu" context; null where it has another one. */
  getContext(type: "webgpu"): unknown;
}

/** Pictures in and out, on the GPU alone: no pixel is read back. */
export interface Pictures {
  /**
   * The picture as it is now, as a tensor f32 [1, channels, height, width]; of an array of n pictures [n, …], which a Dataset, a model and a measure
   * take as they take any images.
   *
   * Values are the sRGB-encoded colours, not linear light, on a line from range[0] (byte 0) to range[1] (byte 255), in straight alpha: not
   * multiplied by it. `channels: 4` gives alpha, others drop it. Grey is 0.299 R + 0.587 G + 0.114 B; a texture of one channel is grey as it is.
   *
   * Pictures of several sizes need `size`. Another size is made by the antialiased bilinear rule of PIL and PyTorch, in straight alpha, at most 256 times smaller a side. Of a
   * GPUTexture level 0 is read as stored; it needs GPUTextureUsage.COPY_SRC, or TEXTURE_BINDING unless its format ends in -srgb.
   *
   * Throws LatentError: "argument" on other sources and options, and on those without pixels (closed, detached, not loaded, of another origin);
   * "shape" where pictures without `size` differ; "unsupported" where there are no such pictures, as in Node. The first call that uses the tensor names a texture that is no such one
   * ("argument"), of another device ("wrong-device") or destroyed ("disposed"), and sides that are too long for the device or shrink too much ("limit").
   *
   *     const red = { data: new Uint8ClampedArray([255, 0, 0, 255]), width: 1, height: 1 };
   *     const grey = gpu.fromImage(red, { channels: 1 });
   *     await grey.read(); // 0.299
   *     const data = Dataset.from(gpu, gpu.fromImage([red, red], { size: 8 }));
   *     console.log(data.count, data.shape); // 2, [3, 8, 8]
   */
  fromImage(source: Picture | readonly Picture[], options?: FromImageOptions): Tensor<"f32">;

  /**
   * One image [h, w], [c, h, w] or [1, c, h, w] of 1, 3 or 4 channels as a texture rgba8unorm of w × h; or into yours, of that size and format
   * (or rgba8unorm-srgb), which needs GPUTextureUsage.STORAGE_BINDING or COPY_DST. A new one is yours to destroy.
   *
   * f32 values are clamped to [0, 1], u8 ones count from 0 to 255; NaN becomes magenta. Colours are stored as they are: encoded as they
   * were, not multiplied by alpha, which is 1 unless there are 4 channels.
   *
   * The image must live until the promise resolves. Throws LatentError: "shape" and "argument" on other tensors and textures, "limit",
   * "disposed", "wrong-device", "device-lost".
   *
   *     const texture = await gpu.toTexture(gpu.tensor([[0, 0.5], [1, 0.5]]));
   *     console.log(texture.width, texture.format); // 2, "rgba8unorm"
   *     texture.destroy();
   */
  toTexture(image: Tensor, texture?: GPUTexture): Promise<GPUTexture>;

  /**
   * A grid of images [n, c, h, w] (or one, [c, h, w] or [h, w]) into a canvas, in one pass. Values are as `toTexture` takes them.
   *
   * The grid fills the canvas, which keeps its size: pixels are exact where that is columns·w × rows·h, else the nearest is taken. The
   * canvas gets a "webgpu" context of the engine's device, in sRGB, opaque, or with premultiplied alpha for 4 channels and empty places.
   *
   * Resolves when the device has taken it; the images must live until then. Throws LatentError: as `toTexture`, "argument" on a canvas that has another context, "unsupported" where there are none, as in Node.
   *
   *     const canvas = new OffscreenCanvas(56, 28);
   *     await gpu.draw(gpu.zeros([2, 1, 28, 28]), canvas, { columns: 2, colormap: "viridis" });
   */
  draw(images: Tensor, canvas: Canvas, options?: GridOptions): Promise<void>;
}
