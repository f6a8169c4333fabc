import type { Device } from "../device/device.ts";
import { check } from "../device/errors.ts";
import { dispatchTextured } from "../device/textured.ts";
import { layout, sameDevice, storageOf } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { draw as launch } from "../kernels/draw.ts";
import { colormaps } from "./colormaps.ts";
import { ALIGNMENT, fold, packParams } from "../kernels/arguments.ts";
import type { Engine } from "./engine.ts";
import { checkAlive, checkLeaf } from "./lifetime.ts";

/** Sizes of a stack of images. */
export interface Images {
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The sizes of the images in `x`, of which there may be `most`; `x` lives, on this device. */
export function imagesIn(gpu: Engine, where: string, x: Tensor, most: number): Images {
  gpu.checkOutside(where);
  sameDevice(where, gpu, x);
  checkAlive(where, x);
  const [width = 0, height = 0, channels = 1, images = 1] = x.shape.toReversed();
  const fits = x.rank >= 2 && x.rank <= 4 && x.size > 0 && images <= most && [1, 3, 4].includes(channels);
  const many = most > 1 ? "[n, c, h, w], [c, h, w] or [h, w]" : "[h, w], [c, h, w] or [1, c, h, w]";
  check(fits, "shape", where, () => `expected ${many} with 1, 3 or 4 channels; got ${String(x)}.`);
  check(
    /^(f32|u8|bool)$/.test(x.dtype),
    "argument",
    where,
    () => `expected f32 in [0, 1], u8 or bool; got ${String(x)}. Cast it: x.cast("f32").`,
  );
  return { images, channels, height, width };
}

/** How they are laid out and coloured. */
export interface Grid extends Images {
  readonly columns: number;
  readonly rows: number;
  readonly colormap: string;
  readonly premultiplied: boolean;
}

/**
 * Computes `x`. What it gives draws the images into a texture, in one submit of the task that calls it, in the caller's error scope;
 * `after` records what follows in the same submit.
 */
export async function drawerOf(gpu: Engine, device: Device, where: string, x: Tensor) {
  await gpu.evaluate([x]);
  device.check(where);
  checkAlive(where, x);
  // of a view, what it looks into may have ended alone
  checkLeaf(where, gpu, layout(x).base);
  const { buffer, offset, bytes } = storageOf(x)!;
  return (z: GPUTexture, { colormap, ...grid }: Grid, after?: (encoder: GPUCommandEncoder) => void): void => {
    const start = offset - (offset % ALIGNMENT);
    const first = offset - start;
    const colours = colormaps[colormap]!;
    const { kernel, params, groups } = launch(
      { ...grid, first, bytes: x.dtype === "u8", colours: colours.length / 4 },
      z.width * z.height,
    );
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const map = device.gpu.createBuffer({ label: where, size: colours.byteLength, usage });
    const bind = {
      x: { buffer, offset: start, size: Math.ceil((first + bytes) / 4) * 4 },
      colour_map: { buffer: map },
      z: z.createView({ mipLevelCount: 1, arrayLayerCount: 1, dimension: "2d" }),
    };
    try {
      device.gpu.queue.writeBuffer(map, 0, colours);
      const dispatch = {
        kernel,
        params: packParams(kernel, params),
        bind,
        groups: fold({ kernel, groups }, gpu.traits),
      };
      dispatchTextured(device, dispatch, after);
    } finally {
      map.destroy();
    }
  };
}

/** Refuses pictures that are larger than textures may be. */
export function checkSides(where: string, device: Device, width: number, height: number): void {
  const most = device.gpu.limits.maxTextureDimension2D;
  check(
    Math.max(width, height) <= most,
    "limit",
    where,
    () => `too large for this device. Expected at most ${most} pixels a side; got ${width} × ${height}.`,
  );
}
