import type { Device } from "../device/device.ts";
import { check, checkOptions, LatentError, named } from "../device/errors.ts";
import { lazy } from "../graph/lazy.ts";
import type { Storage } from "../graph/storage.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Engine } from "./engine.ts";
import { pending } from "./lifetime.ts";
import type { Captured, Pictures } from "./pictures.ts";

/** A source by what tells its kind and size. */
interface Source extends Partial<
  Pick<HTMLVideoElement, "videoWidth" | "videoHeight"> &
    Pick<HTMLImageElement, "naturalWidth" | "naturalHeight" | "width" | "height"> &
    Pick<VideoFrame, "displayWidth" | "displayHeight" | "clone"> &
    Pick<GPUTexture, "createView">
> {
  readonly data?: ArrayBufferView<ArrayBuffer> & { readonly BYTES_PER_ELEMENT: number };
  readonly colorSpace?: string;
}

const where = "fromImage";
const later = lazy(() => import("./pixels.ts"));

/** Those methods of a gpu. What needs no answer at once is loaded at the first call. */
export const picturesOf = (gpu: Engine, device: Device): Pictures => ({
  fromImage(source, options = {}) {
    device.check(where);
    checkOptions(where, options, ["size", "channels", "range"]);
    const from = Object(source) as Source;
    const { displayHeight, videoHeight, naturalHeight } = from;
    const rows = Number(displayHeight ?? videoHeight ?? naturalHeight ?? from.height);
    const columns = Number(from.displayWidth ?? from.videoWidth ?? from.naturalWidth ?? from.width);
    check(rows > 0 && columns > 0, "argument", where, () => {
      const size = columns >= 0 ? ` of ${columns} × ${rows}: closed, detached or not loaded` : "";
      return `expected a canvas, ImageBitmap, ImageData, image, video, VideoFrame or GPUTexture; got ${named(source)}${size}.`;
    });
    const { size = [rows, columns], channels = 3, range = [0, 1] } = options;
    const sizes = typeof size === "number" ? [size, size] : [size].flat();
    const [height, width] = sizes as [number, number];
    const [low, high] = [range].flat() as [number, number];
    check(
      sizes.length === 2 &&
        [height, width, channels].every((n) => n > 0 && Number.isInteger(n)) &&
        [1, 3, 4].includes(channels) &&
        [low, high].every(Number.isFinite),
      "argument",
      where,
      () =>
        `expected size [height, width], channels 1, 3 or 4, range [low, high]; got ${[size, channels, range].join("; ")}.`,
    );
    const bytes = from.data?.byteLength ?? 0;
    check(
      from.data?.BYTES_PER_ELEMENT !== 1 || bytes === 4 * rows * columns,
      "shape",
      where,
      () => `expected R, G, B, A of ${columns} × ${rows} pixels; got ${bytes} bytes.`,
    );
    const captured = capture(device, from, [columns, rows]);
    const storage: Storage = device.place(where, 4 * channels * height * width);
    const write = () => later.get().convert(gpu, device, storage, captured, { channels, height, width, low, high });
    storage.unwritten = true;
    pending(
      storage,
      later.get()
        ? write()
        : later
            .load()
            .then(write)
            .catch((error: LatentError) => error),
    );
    const shape = [1, channels, height, width];
    return new Tensor(gpu, { shape, dtype: "f32" }, { kind: "stored", storage, state: false });
  },
  toTexture: (...given) => gpu.outside(async () => (await later.load(), later.get().toTexture(gpu, device, ...given))),
  draw: (...given) => gpu.outside(async () => (await later.load(), later.get().draw(gpu, device, ...given))),
});

/** The picture as it is now: a frame by another handle on it, all else by a copy on the GPU. */
function capture(device: Device, source: Source, size: readonly [number, number]): Captured {
  const texture = source.createView ? (source as GPUTexture) : null;
  let pixels!: Captured["pixels"];
  try {
    const refusal = device.refusal(where, () => {
      pixels = copyOf(device, texture, source, size);
    });
    return { pixels, texture, refusal };
  } catch (cause) {
    const code = globalThis.OffscreenCanvas ? "argument" : "unsupported";
    throw new LatentError(code, `${where}: ${named(source)} gives no pixels here. ${String(cause)}`, { cause });
  }
}

function copyOf(
  device: Device,
  texture: GPUTexture | null,
  source: Source,
  [width, height]: readonly [number, number],
): Captured["pixels"] {
  const { gpu } = device;
  const size = { width, height };
  if (texture && !(texture.usage & GPUTextureUsage.COPY_SRC)) return texture;
  if (source.displayWidth) return source.clone!();
  if (source.videoWidth && globalThis.VideoFrame) return new VideoFrame(source as unknown as HTMLVideoElement);
  // colours as stored, also of a texture that says they are sRGB
  const format = (texture ? texture.format.replace("-srgb", "") : "rgba8unorm") as GPUTextureFormat;
  const usage =
    GPUTextureUsage.COPY_DST | GPUTextureUsage.TEXTURE_BINDING | (texture ? 0 : GPUTextureUsage.RENDER_ATTACHMENT);
  const copy = gpu.createTexture({ label: where, size, format, usage });
  const { data, colorSpace = "srgb" } = source;
  if (texture) device.send(where, (encoder) => encoder.copyTextureToTexture({ texture }, { texture: copy }, size));
  // bytes in sRGB need no conversion
  else if (data?.BYTES_PER_ELEMENT === 1 && colorSpace === "srgb")
    gpu.queue.writeTexture({ texture: copy }, data, { bytesPerRow: 4 * width }, size);
  else gpu.queue.copyExternalImageToTexture({ source: source as unknown as ImageBitmap }, { texture: copy }, size);
  return copy;
}
