import { count } from "../../../graph/dtype.ts";
import { add } from "../../../graph/ops/arithmetic.ts";
import { relu } from "../../../graph/ops/elementwise.ts";
import { part, concat } from "../../../graph/ops/part.ts";
import { expand, reshape } from "../../../graph/ops/shape.ts";
import type { Tensor } from "../../../graph/tensor.ts";
import type { Backbone, Builder } from "../builder.ts";

/**
 * Convolutions of 3 × 3 and stride 2 with ReLU, `encoder.0`, …, each of which halves the sides, odd ones up; the decoder goes back from
 * a linear layer, `start`, by transposed ones, `decoder.0`, …. With `residual`, blocks x + conv(relu(conv(relu x))) of the same
 * size, `encoder.0.conv1` and `.conv2`, follow each (and come before each on the way back; He et al. 2016).
 */
export function convolutions(build: Builder, residual: boolean): Backbone {
  const { image } = build.spec;
  const [channels, height, width] = image;
  /** Sides before and after each layer, and the shape that is left. */
  const sizesOf = (hidden: readonly number[]) => {
    const sides: (readonly [number, number])[] = [[height, width]];
    for (const [i] of hidden.entries()) sides.push([Math.ceil(sides[i]![0] / 2), Math.ceil(sides[i]![1] / 2)]);
    return { sides, small: [hidden.at(-1)!, ...sides.at(-1)!] };
  };
  const block = (name: string, planes: number): ((x: Tensor) => Tensor) => {
    if (!residual) return (x) => x;
    const [first, second] = ["conv1", "conv2"].map((part_) => build.conv(`${name}.${part_}`, planes, planes, 1));
    return (x) => relu(add(x, second!.forward(relu(first!.forward(x)))));
  };
  return {
    encoder(name, extra, hidden) {
      const { small } = sizesOf(hidden);
      const planes = [channels + extra, ...hidden];
      const layers = hidden.map((out, i) => {
        const down = build.conv(residual ? `${name}.${i}.down` : `${name}.${i}`, planes[i]!, out, 2);
        const then = block(`${name}.${i}`, out);
        return (x: Tensor) => then(relu(down.forward(x)));
      });
      return {
        features: count(small),
        forward(x, extraInput) {
          const n = x.shape[0]!;
          // constant planes, one for each further number
          const input = extraInput
            ? concat([x, expand(reshape(extraInput, [n, extra, 1, 1]), [n, extra, height, width])], 1)
            : x;
          return reshape(
            layers.reduce<Tensor>((value, layer) => layer(value), input),
            [n, count(small)],
          );
        },
      };
    },
    decoder(name, inputs, outputs, hidden) {
      const { sides, small } = sizesOf(hidden);
      const start = build.linear(name === "decoder" ? "start" : `${name}.start`, inputs, count(small));
      const planes = [...[...hidden].reverse(), outputs];
      const layers = hidden.map((_, i) => {
        const before = block(`${name}.${i}`, planes[i]!);
        const up = build.convTranspose(residual ? `${name}.${i}.up` : `${name}.${i}`, planes[i]!, planes[i + 1]!);
        const [rows, columns] = sides[hidden.length - 1 - i]!;
        return (x: Tensor) => part(part(up.forward(before(x)), 2, 0, rows), 3, 0, columns);
      });
      return {
        forward(z) {
          const first: Tensor = reshape(relu(start.forward(z)), [z.shape[0]!, ...small]);
          return layers.reduce<Tensor>(
            (value, layer, i) => (i < layers.length - 1 ? relu(layer(value)) : layer(value)),
            first,
          );
        },
      };
    },
  };
}
