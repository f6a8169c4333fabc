import type { Draw } from "../../data/streams.ts";
import { add, sub } from "../../graph/ops/arithmetic.ts";
import { concat, part } from "../../graph/ops/part.ts";
import { expand, reshape } from "../../graph/ops/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import type { Posterior, Prior } from "./distribution.ts";
import { type Normal, normal, StandardNormal } from "./normal.ts";

// Codes of two levels stand side by side, [z1 | z2], of latent[0] and latent[1] numbers; z2 comes first: p(z2) p(z1|z2) p(x|z).

/** Parts of a draw: given noise belongs to one level alone. */
const level = (draw: Draw, name: string): Draw => ({ ...draw, name: `${draw.name ?? "z"} ${name}` });

const split = (z: Tensor, first: number): [Tensor, Tensor] => {
  const axis = z.rank - 1;
  return [part(z, axis, 0, first), part(z, axis, first, z.shape[axis]! - first)];
};

/** `inner` of rows, for codes [..., n, width] of several draws as well: each of its results gets the leading axes back. */
export function perRow(z2: Tensor, inner: (rows: Tensor) => Normal): Normal {
  if (z2.rank === 2) return inner(z2);
  const { mean, logVar } = inner(reshape(z2, [-1, z2.shape.at(-1)!]));
  const whole = (x: Tensor) => reshape(x, [...z2.shape.slice(0, -1), x.shape[1]!]);
  return normal(whole(mean), whole(logVar));
}

/** p(z1|z2) = N(mean, e^logVar) by a network `prior.*` of one hidden layer. */
export function conditionalPrior(build: Builder, levels: readonly number[], hidden: number): (z2: Tensor) => Normal {
  const through = build.hidden("prior", [levels[1]!, hidden]);
  const heads = build.normal(hidden, levels[0]!, ["prior.mean", "prior.log_var"]);
  return (z2) => perRow(z2, (rows) => heads(through(rows)));
}

/** N(0, I) of z2, then p(z1|z2). */
export function twoLevelPrior(build: Builder, levels: readonly number[], below: (z2: Tensor) => Normal): Prior {
  const [first, second] = levels as [number, number];
  const top = new StandardNormal(build.gpu, second);
  return {
    shape: [first + second],
    parameters: {},
    logProb(z) {
      const [z1, z2] = split(z, first);
      return add(below(z2).logProb(z1), top.logProb(z2));
    },
    sample(n, draw) {
      const z2 = top.sample(n, draw);
      return concat([below(z2).sample(level(draw, "below")), z2], 1);
    },
  };
}

/** q(z2|x), then q(z1|x, z2). */
export function twoLevelPosterior(top: Normal, below: (z2: Tensor) => Normal): Posterior {
  const first = below(top.mean).mean;
  const posterior: Posterior = {
    mean: concat([first, top.mean], 1),
    logProb(z) {
      const [z1, z2] = split(z, first.shape[1]!);
      return add(below(z2).logProb(z1), top.logProb(z2));
    },
    sample(draw, draws) {
      const z2 = top.sample(level(draw, "top"), draws);
      return concat([below(z2).sample(level(draw, "below")), z2], z2.rank - 1);
    },
    klTo: (prior, z) => sub(posterior.logProb(z), prior.logProb(z)),
  };
  return posterior;
}

/** Networks of two levels, each with an encoder of its own: q(z2|x), q(z1|x, z2), p(z1|z2), p(x|z1, z2). */
export function hierarchyParts(
  build: Builder,
  { levels = [], hidden }: { readonly levels?: readonly number[]; readonly hidden: readonly number[] },
) {
  const [first, second] = levels as [number, number];
  const [upper, lower] = [build.encoder("encoder2"), build.encoder("encoder1", second)];
  const top = build.normal(upper.features, second, ["mean2", "log_var2"]);
  const bottom = build.normal(lower.features, first, ["mean1", "log_var1"]);
  const priorOf = conditionalPrior(build, levels, hidden[0] ?? first);
  /** x once for each row of codes. */
  const matching = (x: Tensor, rows: number) =>
    reshape(expand(x, [rows / x.shape[0]!, ...x.shape]), [rows, ...x.shape.slice(1)]);
  const below = (x: Tensor, z2: Tensor) =>
    perRow(z2, (rows) => bottom(lower.forward(matching(x, rows.shape[0]!), rows)));
  const topOf = (x: Tensor) => top(upper.forward(x));
  const encode = (x: Tensor) => twoLevelPosterior(topOf(x), (z2) => below(x, z2));
  return { topOf, below, priorOf, encode, decode: build.decoder(), prior: twoLevelPrior(build, levels, priorOf) };
}
