import { add } from "../../graph/ops/arithmetic.ts";
import { part, concat } from "../../graph/ops/part.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Posterior, Prior } from "./distribution.ts";

/** A code's two parts: [..., first] and [..., rest]. */
const halves = (z: Tensor, first: number): [Tensor, Tensor] => {
  const axis = z.rank - 1;
  return [part(z, axis, 0, first), part(z, axis, first, z.shape[axis]! - first)];
};

/** Two independent priors, whose codes stand side by side. */
export function productPrior(a: Prior, b: Prior): Prior {
  const first = a.shape[0]!;
  return {
    shape: [first + b.shape[0]!],
    parameters: { ...a.parameters, ...b.parameters },
    logProb(z) {
      const [x, y] = halves(z, first);
      return add(a.logProb(x), b.logProb(y));
    },
    sample(n, draw) {
      return concat([a.sample(n, draw), b.sample(n, { ...draw, name: `${draw.name ?? "prior"} second` })], 1);
    },
  };
}

/** Two posteriors that are independent given the image, whose codes stand side by side; `priors` are those of each. */
export function productPosterior(a: Posterior, b: Posterior, priors: readonly [Prior, Prior]): Posterior {
  const first = a.mean.shape[1]!;
  return {
    mean: concat([a.mean, b.mean], 1),
    logProb(z) {
      const [x, y] = halves(z, first);
      return add(a.logProb(x), b.logProb(y));
    },
    sample(draw, draws) {
      const x = a.sample(draw, draws);
      return concat([x, b.sample({ ...draw, name: `${draw.name ?? "z"} second` }, draws)], x.rank - 1);
    },
    klTo(_, z) {
      const [x, y] = halves(z, first);
      return add(a.klTo(priors[0], x), b.klTo(priors[1], y));
    },
  };
}
