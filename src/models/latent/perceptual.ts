import { atLeast, isWhole, option } from "../../formats/options.ts";
import { count } from "../../graph/dtype.ts";
import { add, mul, square, sub } from "../../graph/ops/arithmetic.ts";
import { relu } from "../../graph/ops/elementwise.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Builder } from "./builder.ts";
import { klOptions } from "./kl.ts";

/** Layers of a fixed network: images [n, c, h, w] to one tensor [n, …] or more, differentiable in the images. */
export type Features = readonly number[] | ((images: Tensor) => readonly Tensor[]);

/** Features of a fixed network, as a function, or widths of random layers with ReLU that stay as they are. */
// @__NO_SIDE_EFFECTS__
export const featuresOption = (standard: readonly number[]) =>
  option<Features>(standard, "as a function of images, or as widths of fixed layers", (value) => {
    const isList = Array.isArray(value) && value.length > 0 && value.every((n) => isWhole(n, 1));
    return isList || typeof value === "function";
  });

/** What `features` says: a given function, or layers `features.0`, … that nothing moves, all of whose outputs count. */
export function fixedFeatures(build: Builder, features: Features): (images: Tensor) => readonly Tensor[] {
  if (typeof features === "function") return features;
  const pixels = count(build.spec.image);
  const widths = [pixels, ...features];
  const layers = build.freeze(() => features.map((width, i) => build.linear(`features.${i}`, widths[i]!, width)));
  return (images) => {
    let value = reshape(images, [images.shape[0]!, pixels]);
    return layers.map((layer) => (value = relu(layer.forward(value))));
  };
}

/** Σ_l 1/(2 n_l) · mean over images of ‖a_l − b_l‖², n_l values an image: []. */
export function featureDistance(a: readonly Tensor[], b: readonly Tensor[]): Tensor {
  const parts = a.map((x, l) => mul(sum(square(sub(x, b[l]!))), 0.5 / x.size));
  return parts.reduce((total, one) => add(total, one));
}

/** Which features are compared, and how much that and the pixels count. */
export const perceptualOptions = {
  features: featuresOption([256, 64]),
  pixelWeight: atLeast(0, 1),
  perceptualWeight: atLeast(0, 50),
  ...klOptions,
};
