import { check, checkOptions, present, show } from "../device/errors.ts";
import { isNumber, oneOf, option, readOptions } from "../formats/options.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type Box, greedy, weighted } from "./boxes.ts";

/** What every detector may be asked for. */
export interface DetectorOptions {
  /** The least score of a box, above which it is kept; 0.5. */
  readonly threshold?: number;
  /** Overlap (intersection over union) above which two boxes are one. */
  readonly overlap?: number;
  /** What becomes of boxes that are one: the best of them, or their mean weighted by score. */
  readonly suppression?: "greedy" | "weighted";
}

/** The same, checked and complete. */
export type Detection = Required<DetectorOptions>;

const suppressions = { greedy, weighted };
const fraction = option<number>(
  undefined,
  "as a number in [0, 1]",
  (value) => isNumber(value) && value >= 0 && value <= 1,
);
const table = { threshold: fraction, overlap: fraction, suppression: oneOf("greedy", "weighted") };

/** Options with defaults. Throws LatentError("argument") by name. */
export function detectionOf(
  where: string,
  options: DetectorOptions,
  further: readonly string[],
  defaults: Detection,
): Detection {
  checkOptions(where, options, [...Object.keys(table), ...further]);
  return readOptions(where, table, { ...defaults, ...present(options) });
}

/** The boxes of one image that stay: above the threshold, each thing once, the best first. */
export const suppressed = (boxes: readonly Box[], { threshold, overlap, suppression }: Detection): Box[] =>
  suppressions[suppression](
    boxes.filter(({ score }) => score > threshold),
    overlap,
  );

/** Side of the square, in pixels, that an image is put in before a network that takes squares sees it. */
export function squareOf(where: string, images: Tensor): number {
  check(images.rank === 4, "shape", where, () => `expected images [n, 3, h, w]; got ${show(images.shape)}.`);
  return Math.max(images.shape[2]!, images.shape[3]!);
}
