import type { Device } from "../device/device.ts";
import { check, checkOptions, LatentError, named } from "../device/errors.ts";
import { dispatchTextured, refusalOf } from "../device/textured.ts";
import { checkTensor } from "../graph/operand.ts";
import { sameDevice, storageOf } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import { draw as launch } from "../kernels/draw.ts";
import { colormaps } from "./colormaps.ts";
import { fold, packParams } from "./dispatch.ts";
import type { Engine } from "./engine.ts";
import { checkAlive } from "./lifetime.ts";
import type { Canvas, GridOptions } from "./pictures.ts";
import { ALIGNMENT } from "./prepare.ts";

interface Images {
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** The sizes of the images in `x`, of which there may be `most`. */
function imagesIn(where: string, x: Tensor, most: number): Images {
  checkTensor(where, x);
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

interface Grid extends Images {
  readonly columns: number;
  readonly rows: number;
  readonly colormap: string;
  readonly premultiplied: boolean;
}

/** Runs what `x` needs; afterwards submits, in one task, the grid into what `target` gives. The caller stands in an error scope. */
async function drawer(gpu: Engine, device: Device, where: string, x: Tensor) {
  sameDevice(where, gpu, x);
  checkAlive(where, x);
  await gpu.evaluate([x]);
  device.check(where);
  checkAlive(where, x);
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
    device.gpu.queue.writeBuffer(map, 0, colours);
    dispatchTextured(
      device,
      {
        kernel,
        params: packParams(kernel, params),
        bind: {
          x: { buffer, offset: start, size: Math.ceil((first + bytes) / 4) * 4 },
          colour_map: { buffer: map },
          z: z.createView({ mipLevelCount: 1, arrayLayerCount: 1, dimension: "2d" }),
        },
        groups: fold({ kernel, groups }, gpu.traits),
      },
      after,
    );
    map.destroy();
  };
}

/** Throws LatentError unless `texture` is one that `toTexture` can write. */
function checkTarget(texture: GPUTexture, { width, height }: Images): void {
  const where = "toTexture";
  check(
    typeof texture?.createView === "function",
    "argument",
    where,
    () => `expected a GPUTexture; got ${named(texture)}.`,
  );
  check(
    texture.width === width && texture.height === height,
    "shape",
    where,
    () => `expected a texture of ${width} × ${height}; got ${texture.width} × ${texture.height}.`,
  );
  const { format, usage, dimension, sampleCount } = texture;
  check(
    /^rgba8unorm(-srgb)?$/.test(format) &&
      dimension === "2d" &&
      sampleCount === 1 &&
      (usage & GPUTextureUsage.COPY_DST || takesStores(texture)) !== 0,
    "argument",
    where,
    () =>
      `expected a texture rgba8unorm or rgba8unorm-srgb of two dimensions and one sample, with GPUTextureUsage.STORAGE_BINDING or COPY_DST; got ${format}, ${dimension}, ${sampleCount} samples, usage ${usage}.`,
  );
}

const takesStores = ({ format, usage }: GPUTexture): number =>
  format === "rgba8unorm" ? usage & GPUTextureUsage.STORAGE_BINDING : 0;

/** What `gpu.toTexture` says. */
export async function toTexture(gpu: Engine, device: Device, x: Tensor, given?: GPUTexture): Promise<GPUTexture> {
  const where = "toTexture";
  const images = imagesIn(where, x, 1);
  const { width, height } = images;
  const most = device.gpu.limits.maxTextureDimension2D;
  check(
    Math.max(width, height) <= most,
    "limit",
    where,
    () => `too large for this device. Expected at most ${most} pixels a side; got ${width} × ${height}.`,
  );
  if (given !== undefined) checkTarget(given, images);
  const draws = await drawer(gpu, device, where, x);
  let texture = given;
  const refused = await device.refusal(where, () => {
    const { COPY_SRC, COPY_DST, TEXTURE_BINDING, STORAGE_BINDING, RENDER_ATTACHMENT } = GPUTextureUsage;
    const size = [width, height];
    const create = (usage: number) => device.gpu.createTexture({ label: where, size, format: "rgba8unorm", usage });
    texture ??= create(COPY_SRC | COPY_DST | TEXTURE_BINDING | STORAGE_BINDING | RENDER_ATTACHMENT);
    const grid = { ...images, columns: 1, rows: 1, colormap: "grey", premultiplied: false };
    if (takesStores(texture)) return draws(texture, grid);
    const between = create(STORAGE_BINDING | COPY_SRC);
    const copy = { texture };
    draws(between, grid, (encoder) => encoder.copyTextureToTexture({ texture: between }, copy, size));
    between.destroy();
  });
  if (refused && given === undefined) texture!.destroy();
  const error = given ? refusalOf(where, given, refused) : refused;
  if (error) throw error;
  return texture!;
}

/** What `gpu.draw` says. */
export async function draw(
  gpu: Engine,
  device: Device,
  x: Tensor,
  canvas: Canvas,
  options: GridOptions = {},
): Promise<void> {
  const where = "draw";
  const images = imagesIn(where, x, Infinity);
  checkOptions(where, options, ["columns", "colormap"]);
  const { columns = Math.ceil(Math.sqrt(images.images)), colormap = "grey" } = options;
  const names = Object.keys(colormaps);
  check(
    names.includes(colormap),
    "argument",
    where,
    () => `expected colormap ${names.join(", ")}; got ${String(colormap)}.`,
  );
  check(
    colormap === "grey" || images.channels === 1,
    "argument",
    where,
    () => `a colour map is for images of one channel; got ${String(x)}.`,
  );
  check(
    Number.isInteger(columns) && columns > 0,
    "argument",
    where,
    () => `expected columns, a whole number > 0; got ${String(columns)}.`,
  );
  const rows = Math.ceil(images.images / columns);
  // places are products of a canvas's pixel and the grid's size, in 32 bits
  const [width, height, most] = [columns * images.width, rows * images.height, 2 ** 18];
  check(
    Math.max(width, height) <= most,
    "limit",
    where,
    () => `too many pixels in a line. Expected at most ${most}; got a grid of ${width} × ${height}.`,
  );
  const context = contextOf(canvas);
  const premultiplied = images.channels === 4 || images.images < columns * rows;
  const draws = await drawer(gpu, device, where, x);
  void device.attempt(where, () => {
    configure(context, device.gpu, premultiplied ? "premultiplied" : "opaque");
    draws(context.getCurrentTexture(), { ...images, columns, rows, colormap, premultiplied });
  });
}

/** The canvas's own "webgpu" context. */
function contextOf(canvas: Canvas): GPUCanvasContext {
  const where = "draw";
  const hasCanvases = "OffscreenCanvas" in globalThis || "HTMLCanvasElement" in globalThis;
  check(
    hasCanvases,
    "unsupported",
    where,
    () => "there are no canvases here. Use gpu.toTexture, or write the values of read() to a file.",
  );
  check(
    typeof canvas?.getContext === "function" && canvas.width > 0 && canvas.height > 0,
    "argument",
    where,
    () =>
      `expected a canvas of at least one pixel; got ${named(canvas)}${canvas?.width >= 0 ? ` of ${canvas.width} × ${canvas.height}` : ""}.`,
  );
  let context: unknown = null;
  let cause: unknown;
  try {
    context = canvas.getContext("webgpu");
  } catch (error) {
    cause = error;
  }
  if (context) return context as GPUCanvasContext;
  throw new LatentError(
    "argument",
    `${where}: this canvas has another context already (2d, webgl), or was transferred. Draw on a canvas of its own.`,
    { cause },
  );
}

/** Gives the canvas what `draw` needs of it, unless it has that: a new configuration empties it. */
function configure(context: GPUCanvasContext, device: GPUDevice, alphaMode: GPUCanvasAlphaMode): void {
  const { STORAGE_BINDING, COPY_SRC } = GPUTextureUsage;
  const now = context.getConfiguration?.();
  const isReady =
    now?.device === device &&
    now.format === "rgba8unorm" &&
    ((now.usage ?? 0) & STORAGE_BINDING) !== 0 &&
    now.alphaMode === alphaMode;
  if (!isReady) context.configure({ device, format: "rgba8unorm", usage: STORAGE_BINDING | COPY_SRC, alphaMode });
}
