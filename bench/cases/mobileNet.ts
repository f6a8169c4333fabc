// A network that judges images: MobileNet V1 of half the width, by Howard et al. 2017, in front of its classifier.
//
//   mobilenet   inputs x [batch, 3, side, side] from 0 to 1, NAME.weight and NAME.bias of each layer, batch norm folded
//               output the mean of the last map, [batch, 512]
//
//   y₀ = (255·x − 128)/128;  yₗ = min(max(yₗ₋₁ ⋆ wₗ + bₗ, 0), 6), padded as TensorFlow's SAME: what is odd goes below and to the right

import { uniform } from "../random.ts";
import type { Case, Input, Inputs } from "../workload.ts";

/** One convolution: weight [out, in of a group, kernel, kernel]. */
export interface Layer {
  readonly name: string;
  readonly weight: readonly [out: number, channels: number, kernel: number, kernel: number];
  readonly stride: number;
}

const STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];
const WIDTHS = [32, 64, 64, 128, 128, 256, 256, 256, 256, 256, 256, 512, 512];
const FIRST = 16;

/** The layers of the network, in order. */
export const LAYERS: readonly Layer[] = [
  { name: "conv0", weight: [FIRST, 3, 3, 3], stride: 2 },
  ...WIDTHS.flatMap((out, i): Layer[] => {
    const width = WIDTHS[i - 1] ?? FIRST;
    return [
      { name: `block${i + 1}.depthwise`, weight: [width, 1, 3, 3], stride: STRIDES[i]! },
      { name: `block${i + 1}.pointwise`, weight: [out, width, 1, 1], stride: 1 },
    ];
  }),
];

/** Whether each channel is convolved with a kernel of its own. */
export const isDepthwise = ({ weight: [, channels, kernel] }: Layer): boolean => channels === 1 && kernel === 3;

/** Rows (and columns) of zeros before and after a map of an even side, or of any where the stride is 1. */
export const padding = ({ weight: [, , kernel], stride }: Layer): [before: number, after: number] =>
  kernel === 1 ? [0, 0] : stride === 2 ? [0, 1] : [1, 1];

function inputsOf(batch: number, side: number): Inputs {
  const inputs: { [name: string]: Input } = { x: uniform([batch, 3, side, side], 51, 0, 1) };
  for (const [at, { name, weight }] of LAYERS.entries()) {
    // of variance 2 over the terms of a sum, so that numbers neither die out nor grow (He et al. 2015)
    const most = Math.sqrt(6 / (weight[1] * weight[2] * weight[3]));
    inputs[`${name}.weight`] = uniform(weight, 100 + at, -most, most);
    inputs[`${name}.bias`] = uniform([weight[0]], 200 + at, -0.1, 0.1);
  }
  return inputs;
}

/** The features of one image, in float64. */
function features(inputs: Inputs, image: number, side: number): Float64Array {
  const pixels = 3 * side * side;
  let y: Float64Array = Float64Array.from(
    inputs.x!.values.subarray(image * pixels, (image + 1) * pixels),
    (v) => (255 * v - 128) / 128,
  );
  let width = side;
  for (const layer of LAYERS) {
    const { name, weight, stride } = layer;
    const [out, channels, kernel] = weight;
    const [w, bias] = [inputs[`${name}.weight`]!.values, inputs[`${name}.bias`]!.values];
    const [before] = padding(layer);
    const to = Math.ceil(width / stride);
    const next = new Float64Array(out * to * to);
    for (let o = 0; o < out; o++) {
      const plane = next.subarray(o * to * to, (o + 1) * to * to).fill(bias[o]!);
      for (let c = 0; c < channels; c++) {
        const from = (isDepthwise(layer) ? o : c) * width * width;
        for (let p = 0; p < kernel; p++)
          for (let q = 0; q < kernel; q++) {
            const factor = w[((o * channels + c) * kernel + p) * kernel + q]!;
            for (let i = 0; i < to; i++) {
              const row = i * stride + p - before;
              if (row < 0 || row >= width) continue;
              for (let j = 0; j < to; j++) {
                const column = j * stride + q - before;
                if (column >= 0 && column < width) plane[i * to + j]! += factor * y[from + row * width + column]!;
              }
            }
          }
      }
    }
    y = next.map((v) => Math.min(Math.max(v, 0), 6));
    width = to;
  }
  const area = width * width;
  return Float64Array.from({ length: y.length / area }, (_, o) =>
    y.subarray(o * area, (o + 1) * area).reduce((sum, v) => sum + v / area, 0),
  );
}

/** Multiplications and additions of one image. */
function flopsOf(side: number): number {
  let [width, flops] = [side, 0];
  for (const { weight, stride } of LAYERS) {
    width = Math.ceil(width / stride);
    flops += 2 * weight.reduce((a, b) => a * b, 1) * width * width;
  }
  return flops;
}

/** The case at any size whose side can be halved five times. */
export function mobileNet(batch: number, side: number): Case {
  const parameters = LAYERS.reduce((sum, { weight }) => sum + weight.reduce((a, b) => a * b, 1) + weight[0], 0);
  const out = LAYERS.at(-1)!.weight[0];
  return {
    workload: "mobilenet",
    size: `V1 0.5 at ${side}, batch ${batch}`,
    settings: { batch, side },
    inputs: () => inputsOf(batch, side),
    flops: batch * flopsOf(side),
    bytes: 4 * (batch * 3 * side * side + parameters + batch * out),
    gate: {
      // what the networks' own tests ask; 27 layers in float32 are off by some 1e-6
      limit: 1e-4,
      error(inputs, [[y]]) {
        if (y!.length !== batch * out) return NaN;
        // the first and the last image, by the relative distance of all their features
        const worst = [...new Set([0, batch - 1])].map((image) => {
          const expected = features(inputs, image, side);
          const found = y!.subarray(image * out, (image + 1) * out);
          return Math.hypot(...expected.map((v, i) => v - found[i]!)) / Math.hypot(...expected);
        });
        return Math.max(...worst);
      },
    },
  };
}

export const networks = (software: boolean): Case[] => [mobileNet(software ? 2 : 16, 160)];
