import { concatenated } from "../../formats/concatenated.ts";
import { check, LatentError, show } from "../../formats/errors.ts";
import { type CallProgress, progressOf } from "../../formats/call.ts";
import { type Gpu, Moments, type Tensor } from "../../index.ts";
import { asGiven, imagesOn } from "./features.ts";
import type { Features } from "./networks.ts";
import type { Source } from "./source.ts";

/** What is kept of a set's samples. */
export interface Wanted {
  readonly moments: boolean;
  readonly rows: boolean;
  readonly probabilities: boolean;
  /** Moments of the network's spatial features. */
  readonly spatial: boolean;
}

/** Rows on the host, given out as tensors. */
export interface HostRows {
  readonly count: number;
  readonly dim: number;
  batch(start: number, size: number): Tensor;
}

/** A set as the measures need it. */
export interface Gathered {
  readonly count: number;
  readonly features: string;
  readonly moments?: Moments;
  readonly rows?: HostRows;
  /** Of each sample, or moments of classRows where a file has them. */
  readonly probabilities?: HostRows | Moments;
  readonly spatial?: Moments;
}

/** How a source is gathered. */
export interface Gathering {
  readonly gpu: Gpu;
  readonly features: Features;
  readonly batch: number;
  readonly wanted: Wanted;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CallProgress) => void;
}

/** Most bytes of rows that are kept of one set. */
const MOST_BYTES = 2 ** 31;

/** Parts of a float matrix that grows until its end. */
class Growing {
  readonly where: string;
  readonly parts: Float32Array[] = [];
  length = 0;
  dim = 0;

  constructor(where: string) {
    this.where = where;
  }

  async add(x: Tensor): Promise<void> {
    const values = (await x.read()) as Float32Array;
    this.dim = x.shape[1]!;
    this.length += values.length;
    check(4 * this.length <= MOST_BYTES, "limit", this.where, () => {
      return `rows need too much memory. Expected at most ${MOST_BYTES} bytes; got ${4 * this.length} so far, ${this.dim} values a row. Give fewer images or --resize, or measure fid alone.`;
    });
    this.parts.push(values);
  }

  rows(gpu: Gpu): HostRows {
    const all = concatenated(Float32Array, this.parts.splice(0));
    const { dim } = this;
    return {
      count: all.length / dim,
      dim,
      batch: (start, size) => gpu.tensor(all.subarray(start * dim, (start + size) * dim), [size, dim]),
    };
  }
}

/** What a network says of a part of a source. */
export interface Part {
  readonly x: Tensor;
  readonly probabilities?: Tensor;
  readonly spatial?: Tensor;
  readonly position: number;
}

/** Calls `use` with features of each part of a source, and with class probabilities and spatial features where they are wanted. */
export async function eachPart(
  where: string,
  source: Source,
  { gpu, features, batch, wanted, signal, onProgress }: Gathering,
  use: (part: Part) => Promise<void>,
  from = 0,
): Promise<Features> {
  const used = source.isImages ? features : asGiven;
  const began = performance.now();
  for await (const { count, values, position } of source.parts(batch, from)) {
    signal.throwIfAborted();
    if (count > 0) {
      if (source.isImages) used.check(`${where} ${source.path}`, source.shape);
      const images = imagesOn(gpu, values, [count, ...source.shape]);
      const owned = [images];
      try {
        const x = gpu.within(() => used.features(images));
        owned.push(x);
        const further: { probabilities?: Tensor; spatial?: Tensor } = {};
        for (const name of ["probabilities", "spatial"] as const)
          if (wanted[name] && used[name]) owned.push((further[name] = gpu.within(() => used[name]!(images))));
        // once for all that read it
        await gpu.evaluate(owned.slice(1));
        await use({ x, position, ...further });
      } finally {
        for (const tensor of new Set(owned)) tensor.dispose();
      }
    }
    onProgress(progressOf(began, position, source.total, position - from));
    // lets an interruption in, also between files that are decoded at once
    await new Promise((resume) => setTimeout(resume));
    signal.throwIfAborted();
  }
  return used;
}

/** Reads a source to its end. Throws LatentError("data") where nothing of it can be used. */
export async function gather(where: string, source: Source, gathering: Gathering): Promise<Gathered> {
  const { gpu, wanted } = gathering;
  const file = `${where} ${source.path}`;
  const [stream, spatialStream] = [Moments.streaming(), Moments.streaming()];
  const [rows, classes] = [new Growing(file), new Growing(file)];
  let count = 0;
  try {
    const used = await eachPart(where, source, gathering, async ({ x, probabilities, spatial }) => {
      count += x.shape[0]!;
      if (wanted.moments) await stream.update(x);
      if (wanted.rows) await rows.add(x);
      if (probabilities) await classes.add(probabilities);
      if (spatial) await spatialStream.update(spatial);
    });
    check(
      count > 0,
      "data",
      file,
      () => `no usable samples. Expected at least one; got ${source.skipped.length} broken files.`,
    );
    return {
      count,
      features: source.isImages ? used.name : asGiven.name,
      ...(wanted.moments && { moments: await stream.result() }),
      ...(wanted.rows && { rows: rows.rows(gpu) }),
      ...(classes.length > 0 && { probabilities: classes.rows(gpu) }),
      ...(wanted.spatial && { spatial: await spatialStream.result() }),
    };
  } finally {
    stream.dispose();
    spatialStream.dispose();
  }
}

/** Throws LatentError("shape") where two sets are of other sizes. */
export function checkAlike(where: string, real: Source, generated: Source): void {
  if (String(real.shape) === String(generated.shape)) return;
  const remedy = real.isImages && generated.isImages ? " Give --resize or --channels." : "";
  throw new LatentError(
    "shape",
    `${where}: the sets differ. Expected ${show(real.shape)} as in ${real.path}; got ${show(generated.shape)} in ${generated.path}.${remedy}`,
  );
}
