import type { Device, Refusal } from "../device/device.ts";
import { check, LatentError } from "../device/errors.ts";
import { dispatchTextured, refusalOf } from "../device/textured.ts";
import type { Storage } from "../graph/storage.ts";
import { image, type ImageShape } from "../kernels/image.ts";
import { fold, packParams } from "./dispatch.ts";
import type { Engine } from "./engine.ts";
import type { Captured } from "./pictures.ts";

const where = "fromImage";

/** Writes the picture's numbers into `storage`, at once, and frees what was captured; what the device refuses comes later. */
export function convert(
  gpu: Engine,
  device: Device,
  storage: Storage,
  { pixels, texture, refusal: copied }: Captured,
  shape: ImageShape,
): Promise<Refusal> {
  delete storage.unwritten;
  let readable: Readable | undefined;
  const work = (): void => {
    device.check(where);
    if (texture) checkTexture(texture);
    readable = readableOf(device, pixels);
    const { kernel, params, groups } = image(shape, readable.isExternal);
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
    const written = storage.owner ? device.refusal(where, work) : copied;
    return Promise.all([copied, written]).then(([first, second]) => {
      const refused = first ?? second;
      return texture ? refusalOf(where, texture, refused) : refused;
    });
  } catch (error) {
    return Promise.resolve(error as LatentError);
  } finally {
    if ("displayWidth" in pixels) pixels.close();
    else if (pixels !== texture) pixels.destroy();
    readable?.copy?.destroy();
  }
}

/** What a kernel reads of a picture. */
interface Readable {
  readonly resource: GPUBindingResource;
  readonly isExternal: boolean;
  readonly copy?: GPUTexture;
}

/** A texture, or a frame as an external texture; a copy of the frame where the browser cannot import it. */
function readableOf(device: Device, pixels: GPUTexture | VideoFrame): Readable {
  const viewOf = (texture: GPUTexture) => texture.createView({ mipLevelCount: 1, arrayLayerCount: 1, dimension: "2d" });
  if (!("displayWidth" in pixels)) return { resource: viewOf(pixels), isExternal: false };
  const { gpu } = device;
  try {
    return { resource: gpu.importExternalTexture({ source: pixels, colorSpace: "srgb" }), isExternal: true };
  } catch (cause) {
    const size = [pixels.displayWidth, pixels.displayHeight];
    const { COPY_DST, TEXTURE_BINDING, RENDER_ATTACHMENT } = GPUTextureUsage;
    const usage = COPY_DST | TEXTURE_BINDING | RENDER_ATTACHMENT;
    const copy = gpu.createTexture({ label: where, size, format: "rgba8unorm", usage });
    try {
      gpu.queue.copyExternalImageToTexture({ source: pixels }, { texture: copy }, size);
    } catch {
      const message = `${where}: this browser gives no video frame to the GPU. ${String(cause)}`;
      throw new LatentError("unsupported", message, { cause });
    }
    return { resource: viewOf(copy), isExternal: false, copy };
  }
}

/** Throws LatentError unless a kernel can read `texture`. */
function checkTexture({ usage, format, sampleCount, dimension }: GPUTexture): void {
  const isReadable = (usage & (GPUTextureUsage.COPY_SRC | GPUTextureUsage.TEXTURE_BINDING)) !== 0;
  check(
    isReadable && !/int|depth|stencil/.test(format) && sampleCount === 1 && dimension === "2d",
    "argument",
    where,
    () =>
      `expected a texture of two dimensions, one sample and a float or unorm format, with GPUTextureUsage.COPY_SRC or TEXTURE_BINDING; got ${dimension}, ${sampleCount} samples, ${format}, usage ${usage}.`,
  );
}
