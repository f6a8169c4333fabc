import type { Device } from "../device/device.ts";
import { check, checkOptions, LatentError, named } from "../device/errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { colormaps } from "./colormaps.ts";
import type { Engine } from "./engine.ts";
import { checkSides, drawerOf, imagesIn } from "./grid.ts";
import type { Canvas, GridOptions } from "./pictures.ts";

const where = "draw";

/** What `gpu.draw` says. */
export async function draw(
  gpu: Engine,
  device: Device,
  x: Tensor,
  canvas: Canvas,
  options: GridOptions = {},
): Promise<void> {
  const images = imagesIn(gpu, where, x, Infinity);
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
  const context = contextOf(device, canvas);
  const premultiplied = images.channels === 4 || images.images < columns * rows;
  const draws = await drawerOf(gpu, device, where, x);
  const refused = await device.refusal(where, () => {
    const target = targetOf(context, device.gpu, premultiplied ? "premultiplied" : "opaque");
    draws(target, { ...images, columns, rows, colormap, premultiplied });
  });
  device.check(where);
  if (refused) throw refused;
}

/** The canvas's own "webgpu" context. */
function contextOf(device: Device, canvas: Canvas): GPUCanvasContext {
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
  checkSides(where, device, canvas.width, canvas.height);
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

/** The canvas's texture of this frame. A canvas is configured unless it is as `draw` needs it: a new configuration empties it. */
function targetOf(context: GPUCanvasContext, device: GPUDevice, alphaMode: GPUCanvasAlphaMode): GPUTexture {
  const { STORAGE_BINDING, COPY_SRC } = GPUTextureUsage;
  const now = context.getConfiguration?.();
  const isReady =
    now?.device === device &&
    now.format === "rgba8unorm" &&
    ((now.usage ?? 0) & STORAGE_BINDING) !== 0 &&
    now.alphaMode === alphaMode &&
    (now.colorSpace ?? "srgb") === "srgb" &&
    (now.toneMapping?.mode ?? "standard") === "standard";
  try {
    if (!isReady) context.configure({ device, format: "rgba8unorm", usage: STORAGE_BINDING | COPY_SRC, alphaMode });
    return context.getCurrentTexture();
  } catch (cause) {
    throw new LatentError("argument", `${where}: this canvas gives no texture. ${String(cause)}`, { cause });
  }
}
