import { check, show } from "../../device/errors.ts";
import { checkFloat, constant, recordMap } from "../record.ts";
import { sameShape } from "../dtype.ts";
import { Tensor } from "../tensor.ts";
import { add, greaterEqual, lessEqual, mul, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { clamp, exp, expm1 } from "./elementwise.ts";
import { random } from "./random.ts";
import { part } from "./part.ts";
import { expand, reshape } from "./shape.ts";
import { sum } from "./sum.ts";

// One product gives both heads of an encoder, mean μ and log-variance ℓ, as heads [batch, 2·latent] = [μ | ℓ].
// These ops read that layout and write their gradient in it, because splitting would cost a concatenation on the way back.

const LIMIT = 20;

/** Mean and log-variance of a posterior. */
export interface Heads {
  /** Both [batch, latent]; ℓ is kept within [−20, 20]. */
  readonly mean: Tensor<"f32">;
  /** ln σ², [batch, latent]. */
  readonly logVar: Tensor<"f32">;
}

/**
 * μ and ℓ out of heads [batch, 2·latent].
 *
 *     const { mean, logVar } = splitHeads(output); // output [n, 2·latent]
 */
export function splitHeads(heads: Tensor): Heads {
  const latent = latentOf("splitHeads", heads);
  return {
    mean: part(heads as Tensor<"f32">, 1, 0, latent),
    logVar: clamp(part(heads as Tensor<"f32">, 1, latent, latent), -LIMIT, LIMIT),
  };
}

function latentOf(where_: string, heads: Tensor): number {
  checkFloat(where_, heads, "heads as an f32 tensor");
  check(
    heads.rank === 2 && heads.shape[1]! % 2 === 0,
    "shape",
    where_,
    () => `expected heads [batch, 2·latent]; got ${show(heads.shape)}.`,
  );
  return heads.shape[1]! / 2;
}

/** Which draw of noise: Philox key, stream and counter. */
export interface Noise {
  /** Where its random numbers start: equal seeds give equal results. */
  readonly seed: number;
  /** Separates several draws under one seed. */
  readonly stream: number;
  /** Draws of another step are independent of these. */
  readonly step: Tensor | number;
}

/**
 * One draw from N(μ, diag e^ℓ) per row:  z = μ + e^{ℓ/2}·ε,  ε = random.normal(…, noise), or `noise` itself.
 *
 * heads: [batch, 2·latent], noise: a draw's name, or ε [batch, latent]. Returns [batch, latent]. In backward a named ε is
 * drawn again, not stored. Throws LatentError("shape").
 *
 *     const z = sampleHeads(output, { seed: 1, stream: 0, step: 0 }); // [n, latent]
 */
export function sampleHeads(heads: Tensor, noise: Noise | Tensor): Tensor<"f32"> {
  const latent = latentOf("sampleHeads", heads);
  const batch = heads.shape[0]!;
  const { mean, logVar } = splitHeads(heads);
  const given = noise instanceof Tensor;
  check(
    !given || sameShape(noise.shape, mean.shape),
    "shape",
    "sampleHeads",
    () => `expected noise ${show(mean.shape)}; got ${show((noise as Tensor).shape)}.`,
  );
  const eps = given ? noise : random.normal(heads.gpu, mean.shape, noise);
  const doubled = () =>
    given ? expand(reshape(noise, [batch, 1, latent]), [batch, 2, latent]) : noiseOf(heads, noise);
  return recordMap(
    "sampleHeads",
    "reparameterise",
    [mean, logVar, eps],
    ([g]) => {
      const slope = expand(reshape(g!, [batch, 1, latent]), [batch, 2, latent]);
      return [
        both(
          heads,
          slope,
          (raw) => mul(mul(exp(mul(clamp(raw, -LIMIT, LIMIT), 0.5)), 0.5), doubled()),
          () => null,
        ),
      ];
    },
    undefined,
    [heads],
  );
}

/**
 * Divergence of N(μ, diag e^ℓ) from N(0, I) per row, in nats:  ½ Σ_d (μ² + e^ℓ − 1 − ℓ).
 *
 * heads: [batch, 2·latent]. Returns [batch].
 *
 *     const kl = klHeads(output); // [n]
 */
export function klHeads(heads: Tensor): Tensor<"f32"> {
  const latent = latentOf("klHeads", heads);
  const batch = heads.shape[0]!;
  const { mean, logVar } = splitHeads(heads);
  const term = recordMap(
    "klHeads",
    "kl_term",
    [mean, logVar],
    ([g]) => {
      const slope = expand(reshape(g!, [batch, 1, latent]), [batch, 2, latent]);
      return [
        both(
          heads,
          slope,
          (raw) => mul(expm1(clamp(raw, -LIMIT, LIMIT)), 0.5),
          (raw) => raw,
        ),
      ];
    },
    undefined,
    [heads],
  );
  return sum(term, 1);
}

/** slope · (∂/∂ℓ where the element is ℓ within its limits, ∂/∂μ where it is μ), in the layout of heads. */
function both(
  heads: Tensor,
  slope: Tensor,
  byLogVar: (raw: Tensor) => Tensor,
  byMean: (raw: Tensor) => Tensor | null,
): Tensor {
  const [batch, double] = heads.shape as [number, number];
  const raw = reshape(heads, [batch, 2, double / 2]);
  const isLogVar = cast(position(heads, double / 2, 2), "f32");
  const l = mul(slope, byLogVar(raw));
  // outside its limits ℓ does not count
  const limited = mul(l, mul(greaterEqual(raw, -LIMIT), lessEqual(raw, LIMIT)));
  const factor = byMean(raw);
  return reshape(where(isLogVar, limited, factor ? mul(slope, factor) : slope), heads.shape);
}

/** (i / stride) mod extent for element i of [batch, 2, latent]. */
const position = (heads: Tensor, stride: number, extent: number): Tensor => {
  const [batch, double] = heads.shape as [number, number];
  return recordMap(
    "heads",
    "position",
    [constant(heads.gpu, stride, "u32"), constant(heads.gpu, extent, "u32")],
    null,
    [batch, 2, double / 2],
  );
};

/** The ε of each element's row and latent dimension, for both halves of [batch, 2, latent]. */
function noiseOf(heads: Tensor, { seed, stream, step }: Noise): Tensor {
  const [batch, double] = heads.shape as [number, number];
  const latent = double / 2;
  const word = (value: number) => constant(heads.gpu, value, "u32");
  const counter = typeof step === "number" ? word(step) : step;
  const draw = [counter, word(seed >>> 0), word(Math.floor(seed / 2 ** 32)), word(stream)];
  // four neighbours then come of one draw
  if (latent % 4 === 0)
    return recordMap("heads", "random_normal_pair", [word(latent), ...draw], null, [batch, 2, latent]);
  const element = add(mul(position(heads, double, batch), latent), position(heads, 1, latent));
  return recordMap("heads", "random_normal_at", [element, ...draw], null);
}
