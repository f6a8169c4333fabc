import type { Device, Refusal } from "../device/device.ts";
import { check, LatentError } from "../device/errors.ts";
import { dispatchTextured, textureRefusal } from "../device/textured.ts";
import type { Storage } from "../graph/storage.ts";
import { image, type ImageShape } from "../kernels/image.ts";
import { type Captured, free } from "./capture.ts";
import { fold, packParams } from "../kernels/arguments.ts";
import type { Engine } from "./engine.ts";
import { checkSides } from "./grid.ts";

/** How many times smaller a side may become: one invocation sums twice as many terms a line. */
const MOST = 256;

/** Writes the pictures' numbers into `storage`, one after the other and at once, and frees what was captured; what the device refuses comes later. */
export async function convert(
  gpu: Engine,
  device: Device,
  storage: Storage,
  pictures: readonly Captured[],
  shape: Omit<ImageShape, "grey" | "start">,
): Promise<Refusal> {
  delete storage.unwritten;
  const size = shape.channels * shape.height * shape.width;
  const refusals = pictures.map((one, i) => convertOne(gpu, device, storage, one, { ...shape, start: i * size }));
  return (await Promise.all(refusals)).find((refusal) => refusal) ?? null;
}

function convertOne(
  gpu: Engine,
  device: Device,
  storage: Storage,
  captured: Captured,
  shape: Omit<ImageShape, "grey">,
): Promise<Refusal> {
  const { where, pixels, texture, size, refusal: copied } = captured;
  let readable: Readable | undefined;
  const work = (): void => {
    device.check(where);
    if (texture) checkTexture(where, texture);
    checkSides(where, device, ...size);
    check(
      size[0] <= MOST * shape.width && size[1] <= MOST * shape.height,
      "limit",
      where,
      () =>
        `expected at most ${MOST} times fewer pixels a side; got ${shape.width} × ${shape.height} of ${size.join(" × ")}.`,
    );
    readable = readableOf(where, device, pixels!, size);
    // a texture of one channel is grey as it is: its others read as 0
    const grey = shape.channels === 1 && !/^(r\d|bc4|eac-r1)/.test(texture?.format ?? "");
    const { kernel, params, groups } = image({ ...shape, grey }, readable.isExternal);
    const { buffer, offset, bytes } = storage;
    dispatchTextured(device, {
      kernel,
      params: packParams(kernel, params),
      bind: { x: readable.resource, y: { buffer, offset, size: bytes } },
      groups: fold({ kernel, groups }, gpu.traits),
    });
  };
  try {
    // the tensor may have been disposed meanwhile, and its memory be another's
    const written = storage.owner ? device.refusal(where, work) : null;
    return Promise.all([copied, written]).then(([first, second]) => {
      const refused = first ?? second ?? null;
      return texture ? textureRefusal(where, texture, refused) : refused;
    });
  } catch (error) {
    return Promise.resolve(error as LatentError);
  } finally {
    free(captured);
    readable?.copy?.destroy();
  }
}

/** Throws LatentError unless a kernel can read `texture` as stored: a view of an sRGB one gives linear light, so that one must allow a copy. */
function checkTexture(where: string, { usage, format, sampleCount, dimension }: GPUTexture): void {
  const { COPY_SRC, TEXTURE_BINDING } = GPUTextureUsage;
  const readable = format.endsWith("-srgb") ? COPY_SRC : COPY_SRC | TEXTURE_BINDING;
  check(
    (usage & readable) !== 0 && !/int|depth|stencil/.test(format) && sampleCount === 1 && dimension === "2d",
    "argument",
    where,
    () =>
      `expected a 2d texture of one sample, float or unorm, with GPUTextureUsage.COPY_SRC (or TEXTURE_BINDING, unless it is -srgb); got ${dimension}, ${sampleCount} samples, ${format}, usage ${usage}.`,
  );
}

/** What a kernel reads of a picture. */
interface Readable {
  readonly resource: GPUBindingResource;
  readonly isExternal: boolean;
  readonly copy?: GPUTexture;
}

/**
 * A texture, or a frame as an external texture. A frame that may have alpha is copied: of external textures browsers differ in whether
 * colours are multiplied by it, a copy's are specified not to be. So is one that the browser cannot import.
 */
function readableOf(
  where: string,
  device: Device,
  pixels: GPUTexture | VideoFrame,
  [width, height]: readonly [number, number],
): Readable {
  const viewOf = (texture: GPUTexture) => texture.createView({ mipLevelCount: 1, arrayLayerCount: 1, dimension: "2d" });
  if (!("displayWidth" in pixels)) return { resource: viewOf(pixels), isExternal: false };
  const { gpu } = device;
  const { format } = pixels;
  // RGBA, BGRA, I420A, I420AP10; null is a frame of unknown format
  const isOpaque = format !== null && !/A(P\d+)?$/.test(format);
  try {
    if (isOpaque)
      return { resource: gpu.importExternalTexture({ source: pixels, colorSpace: "srgb" }), isExternal: true };
  } catch {
    // copied below
  }
  const usage = GPUTextureUsage.COPY_DST | GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.RENDER_ATTACHMENT;
  const size = { width, height };
  const copy = gpu.createTexture({ label: where, size, format: "rgba8unorm", usage });
  try {
    gpu.queue.copyExternalImageToTexture({ source: pixels }, { texture: copy }, size);
    return { resource: viewOf(copy), isExternal: false, copy };
  } catch (cause) {
    copy.destroy();
    const message = `${where}: this browser gives no video frame to the GPU. ${String(cause)}`;
    throw new LatentError("unsupported", message, { cause });
  }
}
