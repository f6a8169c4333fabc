import { type Draw, drawUniform } from "../../data/streams.ts";
import { greaterEqual } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { cumsum } from "../../graph/ops/cumsum.ts";
import { log } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { slice } from "../../graph/ops/slice.ts";
import { sum } from "../../graph/ops/sum.ts";
import { takeAlongAxis } from "../../graph/ops/take.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import { quantised } from "./codebook.ts";
import type { Prior } from "./distribution.ts";

/** p(code) of codes on a codebook, whose positions are independent. */
export interface CodebookPrior extends Prior {
  /** Takes the frequencies from the entries of images, [n, positions] row by row. */
  fit(indices: ArrayLike<number>): void;
}

/**
 * Each position's entry drawn by itself, as often as the images of a fit had it there:
 *
 *     log p(code) = Σ_j log f[j, entry at j],   f[j, e] = (images with entry e at j + 1/codes) / (images + 1)
 *
 * Before a fit all entries are as likely. What belongs together in different positions it does not know: that takes a model of whole
 * codes, such as van den Oord et al.'s PixelCNN. The frequencies are the buffer `prior.frequencies` [positions, codes].
 */
export function codebookPrior(build: Builder, codebook: Tensor, positions: number): CodebookPrior {
  const [entries, dimension] = codebook.shape as [number, number];
  const width = positions * dimension;
  const least = 1 / entries;
  const uniform = new Float32Array(positions * entries).fill(least);
  const frequencies = build.buffer("prior.frequencies", uniform, [positions, entries]);
  return {
    shape: [width],
    parameters: {},
    fit(indices) {
      const n = indices.length / positions;
      const counts = new Float32Array(positions * entries);
      for (let at = 0; at < indices.length; at++) counts[(at % positions) * entries + indices[at]!]! += 1;
      frequencies.write(counts.map((count) => (count + least) / (n + 1)));
    },
    logProb(z) {
      const { indices } = quantised(reshape(z, [-1, width]), codebook);
      const logs = reshape(log(frequencies), [1, positions, entries]);
      const found = takeAlongAxis(logs, reshape(indices, [-1, positions, 1]));
      return reshape(sum(found, [1, 2]), z.shape.slice(0, -1));
    },
    sample(n: number, draw: Draw) {
      const edges = slice(cumsum(frequencies, 1), 1, 0, entries - 1);
      const u = drawUniform(build.gpu, [n, positions, 1], draw);
      const passed = sum(cast(greaterEqual(u, edges), "f32"), 2);
      return reshape(gather(codebook, cast(passed, "u32")), [n, width]);
    },
  };
}
