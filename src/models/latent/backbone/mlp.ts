import { count } from "../../../graph/dtype.ts";
import { reshape } from "../../../graph/ops/shape.ts";
import { concat } from "../../../graph/ops/part.ts";
import type { Backbone, Builder } from "../builder.ts";

/** Fully connected layers with ReLU: `encoder.0`, `encoder.1`, … and `decoder.0`, …, `output`. */
export function perceptron(build: Builder): Backbone {
  const { image } = build.spec;
  const pixels = count(image);
  return {
    encoder(name, extra, hidden) {
      const forward = build.hidden(name, [pixels + extra, ...hidden]);
      return {
        features: hidden.at(-1) ?? pixels + extra,
        forward(x, extraInput) {
          const flat = reshape(x, [x.shape[0]!, pixels]);
          return forward(extraInput ? concat([flat, extraInput], 1) : flat);
        },
      };
    },
    decoder(name, inputs, channels, hidden) {
      const through = build.hidden(name, [inputs, ...[...hidden].reverse()]);
      const [, height, width] = image;
      const output = build.linear("output", hidden[0] ?? inputs, channels * height * width);
      return { forward: (z) => reshape(output.forward(through(z)), [z.shape[0]!, channels, height, width]) };
    },
  };
}
