import type { Device } from "../device/device.ts";
import { check, named } from "../device/errors.ts";
import { textureRefusal } from "../device/textured.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Engine } from "./engine.ts";
import { checkSides, drawerOf, type Images, imagesIn } from "./grid.ts";

const where = "toTexture";

/** Throws LatentError unless `texture` is one that `toTexture` can write. */
function checkTarget(texture: GPUTexture, { width, height }: Images): void {
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
  const images = imagesIn(gpu, where, x, 1);
  const { width, height } = images;
  checkSides(where, device, width, height);
  if (given !== undefined) checkTarget(given, images);
  const draws = await drawerOf(gpu, device, where, x);
  const size = [width, height];
  const create = (usage: number) => device.gpu.createTexture({ label: where, size, format: "rgba8unorm", usage });
  const grid = { ...images, columns: 1, rows: 1, colormap: "grey", premultiplied: false };
  const { COPY_SRC, COPY_DST, TEXTURE_BINDING, STORAGE_BINDING, RENDER_ATTACHMENT } = GPUTextureUsage;
  let texture = given;
  let between: GPUTexture | undefined;
  try {
    const refused = await device.refusal(where, () => {
      const target = (texture ??= create(COPY_SRC | COPY_DST | TEXTURE_BINDING | STORAGE_BINDING | RENDER_ATTACHMENT));
      if (takesStores(target)) return draws(target, grid);
      const from = (between = create(STORAGE_BINDING | COPY_SRC));
      draws(from, grid, (encoder) => encoder.copyTextureToTexture({ texture: from }, { texture: target }, size));
    });
    device.check(where);
    const error = given ? textureRefusal(where, given, refused) : refused;
    if (error) throw error;
    return texture!;
  } catch (error) {
    if (!given) texture?.destroy();
    throw error;
  } finally {
    between?.destroy();
  }
}
