import { Dataset } from "../data/dataset.ts";
import { gpuOf } from "../data/rows.ts";
import { stored } from "../data/stored.ts";
import { check, show } from "../device/errors.ts";
import { checkCall, type LongCall, madeUnless, progressOf } from "../formats/call.ts";
import { oneOf, readOptions, whole } from "../formats/options.ts";
import { checkTensor } from "../graph/operand.ts";
import { concat } from "../graph/ops/part.ts";
import { pad } from "../graph/ops/pad.ts";
import { slice } from "../graph/ops/slice.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { FeatureNetwork } from "./network.ts";

/** What extract may be asked for. */
export interface ExtractOptions extends LongCall {
  /** Images that one run takes; 16. */
  readonly batch?: number;
  /** What is wanted of each image; "features". */
  readonly output?: "features" | "probabilities";
}

const table = { batch: whole(1, 16), output: oneOf("features", "probabilities") };

/**
 * A network's codes of any number of images: one batch size is compiled, and the last batch is filled up with black images, whose
 * codes are dropped.
 *
 * images: a data set or a tensor [n, c, h, w]. Returns [n, d], which is the caller's to dispose; the same rows whatever the batch.
 * Throws LatentError: "shape" or "argument" on images that the network does not take, "argument" on options out of range.
 *
 *     const network = await MobileNetV1.load(gpu, file);
 *     const codes = await extract(network, data, { batch: 32 });
 */
export async function extract(
  network: FeatureNetwork,
  images: Dataset | Tensor,
  options: ExtractOptions = {},
): Promise<Tensor> {
  const where = "extract";
  const { batch: wanted, output } = readOptions(where, table, options, ["signal", "onProgress"]);
  checkCall(where, options);
  const { signal, onProgress } = options;
  const head = network?.[output]?.bind(network);
  check(
    typeof head === "function",
    "argument",
    where,
    () => `expected a network with ${output}; got ${network?.name ?? typeof network}.`,
  );
  if (!(images instanceof Dataset)) checkTensor(where, images);
  const shape = images instanceof Dataset ? [images.count, ...images.shape] : images.shape;
  check(
    shape.length === 4 && shape[0]! > 0,
    "shape",
    where,
    () => `expected images [n, c, h, w], n > 0; got ${show(shape)}.`,
  );
  const count = shape[0]!;
  const batch = Math.min(wanted, count);
  const gpu = images instanceof Dataset ? images.gpu : gpuOf(where, images);
  /** Images from `start` on, and black ones where there are no more. */
  const part = (start: number): Tensor =>
    gpu.within(() => {
      const stop = Math.min(count, start + batch);
      const found = images instanceof Dataset ? images.slice(start, stop) : slice(images, 0, start, stop);
      return stop - start === batch ? found : pad(found, 0, 0, batch - (stop - start));
    });
  const parts: Tensor[] = [];
  const began = performance.now();
  const example = part(0);
  const program = await gpu.compileFor(signal, head, example).finally(() => dispose(example, images));
  const codesOf = async (x: Tensor): Promise<Tensor> => (await program.run(x)).copy();
  try {
    for (let start = 0; start < count; start += batch) {
      signal?.throwIfAborted();
      const x = part(start);
      try {
        parts.push(await madeUnless(signal, codesOf(x)));
      } finally {
        dispose(x, images);
      }
      onProgress?.(progressOf(began, Math.min(count, start + batch), count));
    }
    const whole = () => [slice(parts.length === 1 ? parts[0]! : concat(parts, 0), 0, 0, count)] as const;
    const [all] = await stored(gpu, whole, signal);
    if (all === parts[0]) parts.pop();
    return all;
  } finally {
    program.dispose();
    for (const tensor of parts) tensor.dispose();
  }
}

/** A part may be all of the images themselves, which are not ours. */
function dispose(x: Tensor, images: Dataset | Tensor): void {
  if (x !== images) x.dispose();
}
