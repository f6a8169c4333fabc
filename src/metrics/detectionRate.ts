import { eachBatch, gpuOf } from "../data/rows.ts";
import { check, named } from "../device/errors.ts";
import { anything, isNumber, option, whole } from "../formats/options.ts";
import { reshape } from "../graph/ops/shape.ts";
import { slice } from "../graph/ops/slice.ts";
import { Tensor } from "../graph/tensor.ts";
import { defineMeasure } from "./measure.ts";
import type { Box } from "../features/boxes.ts";
import type { SampleSet } from "./sets.ts";
import { shareLimits } from "./statistics.ts";

/** What finds boxes in images [n, c, h, w], which are f32 or the bytes that were given: one list an image. */
export interface Detector {
  /** For reports. */
  readonly name: string;
  /** Of its weights. */
  readonly checksum?: string;
  /** The boxes of each image. */
  detect(images: Tensor): Promise<readonly (readonly Box[])[]>;
}

/** What detectionRate may be asked for. */
export interface DetectionOptions {
  /** The least score of a box that counts; 0.5. */
  readonly threshold?: number;
  /** The least width and height of a box that counts, in pixels; 0. */
  readonly minSize?: number;
  /** Real images of what is looked for: the rate to compare with. */
  readonly real?: SampleSet;
  /** Images without it: the rate of false alarms. */
  readonly nonFaces?: SampleSet;
  /** Images of one call of the detector; 64. */
  readonly batch?: number;
}

/** The parts of a detection rate. */
export interface DetectionRate {
  /** Images with at least one box. */
  readonly found: number;
  /** The detector's name and checksum. */
  readonly detector: string;
  /** The least score that counted. */
  readonly threshold: number;
  /** The least width and height that counted. */
  readonly minSize: number;
  /** Boxes of each image that count. */
  readonly counts: Uint32Array;
  /** The rate on real images, where they were given. */
  readonly realRate?: number | undefined;
  /** The rate on images without a face, where they were given. */
  readonly nonFaceRate?: number | undefined;
}

/**
 * Detection rate: share of generated images in which a detector finds at least one box of a score and size. It says nothing of diversity, and means little without the rates on real images and on others. The interval is Wilson's.
 *
 *     const detector = { name: "none", detect: (images: Tensor) => Promise.resolve(Array.from({ length: images.shape[0]! }, () => [])) };
 *     const { value } = await detectionRate(gpu.zeros([2, 1, 8, 8]), detector);
 */
export const detectionRate = /* @__PURE__ */ defineMeasure<
  [images: SampleSet, detector: Detector],
  DetectionOptions,
  DetectionRate
>({
  name: "detectionRate",
  sets: ["images", "detector"],
  optional: ["real", "nonFaces"],
  options: {
    threshold: option(0.5, "as a finite number", isNumber),
    minSize: whole(0, 0),
    real: anything(),
    nonFaces: anything(),
    batch: whole(1, 64),
  },
  async of(inputs, { threshold, minSize, batch }, context) {
    const { where, level, long } = context;
    const { real, nonFaces } = inputs;
    const detector = inputs.detector as Detector;
    check(typeof detector?.detect === "function", "argument", where, () => {
      return `expected a detector with detect(images) second: BlazeFace, TinyFace or your own; got ${named(detector)}.`;
    });
    const countsOf = async (set: string, given: unknown): Promise<Uint32Array> => {
      const counts: number[] = [];
      const detected = async (images: Tensor): Promise<void> => {
        for (const boxes of await detector.detect(images))
          counts.push(
            boxes.filter(({ score, width, height }) => score >= threshold! && width >= minSize! && height >= minSize!)
              .length,
          );
      };
      if (given instanceof Tensor) await eachPart(where, given, batch!, detected, long.signal);
      else {
        const rows = context.rows(set);
        const { shape = [] } = rows;
        check(shape.length > 1, "shape", where, () => {
          return `expected ${set} as images [n, c, h, w]: a tensor, a Dataset or a source with their shape; got rows of ${rows.dim}.`;
        });
        const part = async (x: Tensor) => {
          const images = gpuOf(where, x).within(() => reshape(x, [x.shape[0]!, ...shape]));
          await detected(images).finally(() => images.dispose());
        };
        await eachBatch(rows, batch!, part, long.signal);
      }
      context.count(set, counts.length);
      return Uint32Array.from(counts);
    };
    const rate = (counts: Uint32Array) => counts.filter((count) => count > 0).length / counts.length;
    const counts = await countsOf("images", inputs.images);
    const n = counts.length;
    const value = rate(counts);
    return {
      value,
      found: Math.round(value * n),
      detector: `${detector.name}${detector.checksum ? ` (${detector.checksum.slice(0, 12)})` : ""}`,
      threshold: threshold!,
      minSize: minSize!,
      counts,
      realRate: real === undefined ? undefined : rate(await countsOf("real", real)),
      nonFaceRate: nonFaces === undefined ? undefined : rate(await countsOf("nonFaces", nonFaces)),
      interval: shareLimits(value, n, level),
      deviation: Math.sqrt((value * (1 - value)) / n),
    };
  },
});

/** Calls `use` on images of a tensor, some at a time and of its own type. */
async function eachPart(
  where: string,
  x: Tensor,
  size: number,
  use: (images: Tensor) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let start = 0; start < x.shape[0]!; start += size) {
    signal?.throwIfAborted();
    const images = gpuOf(where, x).within(() => slice(x, 0, start, Math.min(x.shape[0]!, start + size)));
    await use(images).finally(() => images !== x && images.dispose());
  }
}
