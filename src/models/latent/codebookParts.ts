import { uniforms } from "../../data/philox.ts";
import { streamOf } from "../../data/streams.ts";
import { atLeast, flag, inside, whole } from "../../formats/options.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import { type MovingCodebook, quantised } from "./codebook.ts";
import { codebookPrior } from "./codebookPrior.ts";

/** Options of codes on a codebook. */
export const codebookOptions = {
  codes: whole(2, 64),
  dimension: whole(1, 8),
  positions: whole(1, 16),
  commitment: atLeast(0, 0.25),
  ema: flag(false),
  decay: inside(0, 1, 0.99),
  epsilon: atLeast(0, 1e-5),
  deadBelow: atLeast(0, 1),
};

/** Networks of codes on a codebook, `codebook.weight`: a parameter, or with `ema` a buffer beside `codebook.count` and `codebook.sum`. */
export function codebookParts(build: Builder, { codes, dimension, positions, latent, ema, seed }: CodebookSettings) {
  const encoder = build.encoder();
  const head = build.linear("code", encoder.features, latent);
  const decode = build.decoder(latent);
  const values = uniforms(codes * dimension, 1 / codes, { seed, stream: streamOf("codebook") });
  const state = (name: string, numbers: Float32Array<ArrayBuffer>, shape: readonly number[]) =>
    ema ? build.buffer(`codebook.${name}`, numbers, shape) : build.parameter(`codebook.${name}`, numbers, shape);
  const weight = state("weight", values, [codes, dimension]);
  const moving: MovingCodebook | null = ema
    ? {
        weight,
        count: state("count", new Float32Array(codes).fill(1), [codes]),
        sum: state("sum", values, [codes, dimension]),
      }
    : null;
  const encode = (x: Tensor) => quantised(head.forward(encoder.forward(x)), weight);
  return { encode, decode, prior: codebookPrior(build, weight, positions), moving };
}

interface CodebookSettings {
  readonly codes: number;
  readonly dimension: number;
  readonly positions: number;
  readonly latent: number;
  readonly ema: boolean;
  readonly seed: number;
}
