import { add, mul, sub } from "../../graph/ops/arithmetic.ts";
import { exp } from "../../graph/ops/elementwise.ts";
import { sum } from "../../graph/ops/sum.ts";
import { type Draw, drawNormal } from "../../data/streams.ts";
import { clamp } from "../../graph/ops/elementwise.ts";
import { reshape } from "../../graph/ops/shape.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import type { Prior } from "./distribution.ts";
import { normalTerms, StandardNormal } from "./normal.ts";

/** A VAE of codes, as wide as they are, with a learnt variance: the prior of a first stage. */
export interface SecondStage extends Prior {
  /** log N(z; f(u), γ²) and KL(q(u|z) ‖ N(0, I)) of codes z [n, latent], each [n], at a draw of u. */
  terms(z: Tensor, draw: Draw): { readonly reconstruction: Tensor; readonly kl: Tensor };
}

/** Its layers are `second.*`, one hidden layer of `hidden` units each way. */
export function secondStage(build: Builder, latent: number, hidden: number): SecondStage {
  const up = build.hidden("second.encoder", [latent, hidden]);
  const heads = build.normal(hidden, latent, ["second.mean", "second.log_var"]);
  const down = build.hidden("second.decoder", [latent, hidden]);
  const output = build.linear("second.output", hidden, latent);
  const state = build.parameter("second.likelihood.log_var", new Float32Array(1), [1]);
  const normal = new StandardNormal(build.gpu, latent);
  const decode = (u: Tensor) => output.forward(down(u));
  const logVar = () => clamp(state, -20, 20);
  const terms: SecondStage["terms"] = (z, draw) => {
    const q = heads(up(z));
    const u = q.sample(draw);
    return { reconstruction: sum(normalTerms(z, decode(u), logVar()), -1), kl: q.klTo(normal, u) };
  };
  return {
    shape: [latent],
    parameters: {},
    terms,
    /** A bound on it, with one draw of u for each code. */
    logProb(z) {
      const { reconstruction, kl } = terms(reshape(z, [-1, latent]), { seed: 0, name: "evaluation u" });
      return reshape(sub(reconstruction, kl), z.shape.slice(0, -1));
    },
    sample(n, draw) {
      const mean = decode(normal.sample(n, draw));
      const noise = drawNormal(build.gpu, [n, latent], { ...draw, name: `${draw.name ?? "prior"} noise` });
      return add(mean, mul(noise, exp(mul(logVar(), 0.5))));
    },
  };
}
