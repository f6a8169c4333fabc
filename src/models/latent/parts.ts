import { check } from "../../device/errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { expand } from "../../graph/ops/shape.ts";
import { concat } from "../../graph/ops/part.ts";
import type { Builder, WeightChange } from "./builder.ts";
import { type Normal, StandardNormal } from "./normal.ts";
import type { Parts } from "./recipe.ts";

/**
 * q(z|x) = N(mean, diag e^logVar), and a decoder: what most models are made of.
 *
 *     const parts = (build: Builder) => gaussianParts(build); // the `parts` of a recipe
 */
export function gaussianParts(build: Builder): Parts<Normal> {
  const { gpu, spec } = build;
  const encoder = build.encoder();
  const heads = build.normal(encoder.features, spec.latent);
  return {
    encode: (x) => heads(encoder.forward(x)),
    decode: build.decoder(),
    prior: new StandardNormal(gpu, spec.latent),
  };
}

/**
 * A code for each image, and a decoder.
 *
 *     const parts = (build: Builder) => codeParts(build); // the `parts` of a recipe
 */
export const codeParts = (build: Builder): Parts<Tensor> => ({ ...pointCodes(build), decode: build.decoder() });

/** A code for each image. */
export function pointCodes(build: Builder): Pick<Parts<Tensor>, "encode" | "prior"> {
  const { gpu, spec } = build;
  const encoder = build.encoder();
  const head = build.linear("code", encoder.features, spec.latent);
  return {
    encode: (x) => head.forward(encoder.forward(x)),
    prior: new StandardNormal(gpu, spec.latent),
  };
}

/** A decoder whose weights are seen through `change`, and its parameters. */
export function decoderOf(build: Builder, change: WeightChange | null) {
  const { result, tensors } = build.statesOf(() =>
    change ? build.changed(change, () => build.decoder()) : build.decoder(),
  );
  return { decode: result, decoder: tensors };
}

/** The Gaussian parts, where encoder and decoder see the class of each image as well. */
export function labelledParts(build: Builder, classes: number): Parts<Normal> {
  const { gpu, spec } = build;
  const encoder = build.encoder("encoder", classes);
  const heads = build.normal(encoder.features, spec.latent);
  const decode = build.decoder(spec.latent + classes);
  const required = (labels: Tensor | undefined): Tensor => {
    check(labels !== undefined, "argument", "labels", () => "expected the class of each image; got none.");
    return labels;
  };
  return {
    encode: (x, labels) => heads(encoder.forward(x, required(labels))),
    decode(z, labels) {
      const rows = required(labels);
      const oneHotLabels = z.rank === 2 ? rows : expand(rows, [...z.shape.slice(0, -1), classes]);
      return decode(concat([z, oneHotLabels], z.rank - 1));
    },
    prior: new StandardNormal(gpu, spec.latent),
  };
}
