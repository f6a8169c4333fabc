import { type Draw, drawUniform, streamOf } from "../../data/streams.ts";
import { uniforms } from "../../data/philox.ts";
import { check } from "../../device/errors.ts";
import { whole } from "../../formats/options.ts";
import { add, greaterEqual } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { cumsum } from "../../graph/ops/cumsum.ts";
import { gather } from "../../graph/ops/gather.ts";
import { slice } from "../../graph/ops/slice.ts";
import { logSoftmax, logsumexp, softmax } from "../../graph/ops/softmax.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import type { Prior } from "./distribution.ts";
import { logNormals, type Normal, normal } from "./normal.ts";
import { gaussianParts } from "./parts.ts";
import type { Parts } from "./recipe.ts";

/**
 * A mixture of K normals that is learnt with the model:  p(z) = Σ_k softmax(logits)_k N(z; mean_k, diag e^log_var_k).
 *
 * Its parameters are `prior.logits` [K], `prior.mean` [K, latent] and `prior.log_var` [K, latent]; means start within ±1, so that components
 * differ, the rest at equal weights and variances of 1. Source: the "MoG" prior of Tomczak & Welling 2018.
 */
function learntMixture(build: Builder, components: number): Prior {
  const { gpu, spec } = build;
  const { latent, seed } = spec;
  const logits = build.parameter("prior.logits", new Float32Array(components), [components]);
  const starts = uniforms(components * latent, 1, { seed, stream: streamOf("prior means") });
  const mean = build.parameter("prior.mean", starts, [components, latent]);
  const logVar = build.parameter("prior.log_var", new Float32Array(components * latent), [components, latent]);
  return {
    shape: [latent],
    parameters: { logits, mean, log_var: logVar },
    logProb: (z: Tensor) => logsumexp(add(logNormals(z, normal(mean, logVar)), logSoftmax(logits, 0)), -1),
    sample(n: number, draw: Draw) {
      const of = (use: string): Draw => ({ ...draw, name: `${draw.name ?? "prior"} ${use}` });
      const edges = slice(cumsum(softmax(logits, 0), 0), 0, 0, components - 1);
      const passed = greaterEqual(drawUniform(gpu, [n, 1], of("component")), edges);
      const chosen = cast(sum(cast(passed, "f32"), 1), "u32");
      return normal(gather(mean, chosen), gather(logVar, chosen)).sample(of("normal"));
    },
  };
}

/** Normals of the prior; 0 is N(0, I). */
export const mixtureOptions = { priorComponents: whole(0, 0) };

/** The Gaussian parts, with a prior that is learnt where that is asked for. Free bits are refused beside it. */
export function mixtureParts(
  build: Builder,
  { priorComponents, freeBits }: { readonly priorComponents: number; readonly freeBits: number },
): Parts<Normal> {
  const parts = gaussianParts(build);
  if (priorComponents === 0) return parts;
  check(
    freeBits === 0,
    "argument",
    "VAE",
    () =>
      `freeBits are of the divergence from N(0, I), latent by latent. Expected none beside priorComponents; got ${freeBits}.`,
  );
  return { ...parts, prior: learntMixture(build, priorComponents) };
}
