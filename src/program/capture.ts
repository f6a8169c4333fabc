import type { Device, Refusal } from "../device/device.ts";

/** What pictures are told apart by. */
export interface Source extends Partial<Pick<VideoFrame, "clone"> & Pick<HTMLVideoElement, "videoWidth">> {
  readonly data?: ArrayBufferView<ArrayBuffer> & { readonly BYTES_PER_ELEMENT: number };
  readonly colorSpace?: string;
}

/** Pixels that stay as they are until they are read. */
export interface Captured {
  /** The call, and which of several pictures, for messages. */
  readonly where: string;
  /** The app's own texture until it is copied, which not all allow. */
  pixels: GPUTexture | VideoFrame | null;
  /** The app's texture. */
  readonly texture: GPUTexture | null;
  /** Columns and rows. */
  readonly size: readonly [number, number];
  /** What the device says of the copy. */
  refusal?: Promise<Refusal>;
}

/** Ends what was captured; the app's own texture lives on. */
export function free({ pixels, texture }: Captured): void {
  if (pixels === texture) return;
  if ("close" in pixels!) pixels.close();
  else pixels!.destroy();
}

/** Captures the picture as it is now: a frame by another handle on it, all else by a copy on the GPU. */
export function capture(label: string, device: Device, captured: Captured, source: Source): void {
  const { gpu } = device;
  const { texture } = captured;
  const [width, height] = captured.size;
  const size = { width, height };
  if (source.clone) captured.pixels = source.clone();
  else if (source.videoWidth && globalThis.VideoFrame)
    captured.pixels = new VideoFrame(source as unknown as HTMLVideoElement);
  else {
    const usages = GPUTextureUsage;
    if (texture && !(texture.usage & usages.COPY_SRC)) return;
    // colours as stored, also of a texture that says they are sRGB
    const format = (texture ? texture.format.replace("-srgb", "") : "rgba8unorm") as GPUTextureFormat;
    const usage = usages.COPY_DST | usages.TEXTURE_BINDING | (texture ? 0 : usages.RENDER_ATTACHMENT);
    const copy = { texture: (captured.pixels = gpu.createTexture({ label, size, format, usage })) };
    const { data, colorSpace = "srgb" } = source;
    if (texture) device.send(label, (encoder) => encoder.copyTextureToTexture({ texture }, copy, size));
    // bytes in sRGB need no conversion
    else if (data?.BYTES_PER_ELEMENT === 1 && colorSpace === "srgb")
      gpu.queue.writeTexture(copy, data, { bytesPerRow: 4 * width }, size);
    else gpu.queue.copyExternalImageToTexture({ source: source as unknown as ImageBitmap }, copy, size);
  }
}
