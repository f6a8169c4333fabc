import type { Draw } from "../../data/streams.ts";
import { check, show } from "../../device/errors.ts";
import { sameShape, type Shape } from "../../graph/dtype.ts";
import { reshape } from "../../graph/ops/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Distribution, Prior } from "./distribution.ts";

/** A density of rows, such as a fitted Gaussian or mixture: logProb of [n, d], and samples by seed and step. */
export interface Density {
  /** log p of each row [n, d], in nats. */
  logProb(x: Tensor): Tensor;
  /** `n` rows drawn. */
  sample(n: number, draw: { readonly seed: number; readonly step?: Tensor | number }): Tensor;
  /** Mean of its rows. */
  readonly mean?: Tensor;
  /** Means of its components. */
  readonly means?: Tensor;
  /** Its file, where it has one: a model that draws its codes from it keeps it in its own. */
  save?(): Promise<Uint8Array<ArrayBuffer>>;
}

/** `density` as a prior of codes of this shape. Throws LatentError: "argument" unless it is one, "shape" where its rows have another width. */
export function fittedPrior(where: string, shape: Shape, density: Distribution | Density): Prior {
  check(
    typeof density?.logProb === "function" && typeof density.sample === "function",
    "argument",
    where,
    () => `expected a fitted Gaussian or mixture, or { logProb(z), sample(n, draw) }; got ${String(density)}.`,
  );
  if ("shape" in density) {
    check(sameShape(density.shape, shape), "shape", where, () => {
      return `expected a distribution of codes ${show(shape)}; got ${show(density.shape)}.`;
    });
    return density;
  }
  const { mean, means } = density;
  const width = mean?.size ?? means?.shape[1] ?? shape[0];
  check(width === shape[0], "shape", where, () => `expected a distribution of codes ${show(shape)}; got [${width}].`);
  return {
    shape,
    parameters: {},
    ...(density.save ? { save: () => density.save!() } : {}),
    logProb: (z) => reshape(density.logProb(reshape(z, [-1, shape[0]!])), z.shape.slice(0, -1)),
    sample: (n, { seed, step = 0 }: Draw) => density.sample(n, { seed, step }),
  };
}
