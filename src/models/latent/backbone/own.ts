import { check, show } from "../../../device/errors.ts";
import { count } from "../../../graph/dtype.ts";
import { reshape } from "../../../graph/ops/shape.ts";
import { concat } from "../../../graph/ops/part.ts";
import type { Tensor } from "../../../graph/tensor.ts";
import type { Backbone, Builder } from "../builder.ts";
import type { OwnLayers } from "../network.ts";

/** Layers that the user made: features of images, then images of codes. Further numbers stand beside the features. */
export function ownLayers(build: Builder, own: OwnLayers): Backbone {
  const { image } = build.spec;
  const { gpu } = build;
  /** The shape that a layer gives for one sample; nothing runs. */
  const shapeOf = (layer: (x: Tensor) => Tensor, input: readonly number[]): readonly number[] =>
    gpu.within(() => ({ shape: layer(gpu.zeros([1, ...input])).shape })).shape;
  return {
    encoder(name, extra) {
      const layer = build.layer(name, own.encoder);
      const features = count(shapeOf(layer, image));
      return {
        features: features + extra,
        forward(x, extraInput) {
          const flat = reshape(layer(x), [x.shape[0]!, features]);
          return extraInput ? concat([flat, extraInput], 1) : flat;
        },
      };
    },
    decoder(name, inputs, channels) {
      const layer = build.layer(name, own.decoder);
      const wanted = [channels, image[1], image[2]];
      const shape = shapeOf(layer, [inputs]);
      check(
        count(shape) === count(wanted),
        "shape",
        "decoder",
        () =>
          `expected images [n, ${wanted.join(", ")}] of codes [n, ${inputs}]; got ${show(["n" as never, ...shape.slice(1)])}.`,
      );
      return { forward: (z) => reshape(layer(z), [z.shape[0]!, ...wanted]) };
    },
  };
}
