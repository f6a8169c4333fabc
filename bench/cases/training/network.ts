// Variational auto-encoders as lists of layers with ReLU between them: their first values, and what a step costs.

import { filled, uniforms } from "../../random.ts";
import type { Input, Inputs } from "../../workload.ts";

/** Of every convolution, whose kernels are 3×3; transposed ones have as much output padding as doubles the sides. */
export const STRIDE = 2;
export const PADDING = 1;
const KERNEL = 3;

/** Parameters "name.weight" and "name.bias" in PyTorch's layouts. */
export interface Layer {
  readonly name: string;
  readonly kind: "linear" | "conv2d" | "convTranspose2d";
  /** Of the weight. */
  readonly shape: readonly number[];
  /** Height and width of the smaller images of a convolution; 1 for "linear". */
  readonly side: number;
}

/** Images [batch, channels, side, side] to [mean | logVar], and codes to logits. */
export interface Network {
  readonly image: readonly [channels: number, height: number, width: number];
  readonly latent: number;
  readonly encoder: readonly Layer[];
  readonly decoder: readonly Layer[];
}

export const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const linear = (name: string, inputs: number, outputs: number): Layer => ({
  name,
  kind: "linear",
  shape: [outputs, inputs],
  side: 1,
});

/** `side` halves from layer to layer. */
const conv2d = (name: string, inputs: number, outputs: number, side: number): Layer => ({
  name,
  kind: "conv2d",
  shape: [outputs, inputs, KERNEL, KERNEL],
  side,
});

const convTranspose2d = (name: string, inputs: number, outputs: number, side: number): Layer => ({
  name,
  kind: "convTranspose2d",
  shape: [inputs, outputs, KERNEL, KERNEL],
  side,
});

export const mlp = (side: number, hidden: number, latent: number): Network => ({
  image: [1, side, side],
  latent,
  encoder: [linear("encode", side * side, hidden), linear("heads", hidden, 2 * latent)],
  decoder: [linear("decode", latent, hidden), linear("output", hidden, side * side)],
});

/** Two convolutions of stride 2 and a linear layer, and the same way back. */
export function convolutional(side: number, [narrowest, many]: readonly [number, number], latent: number): Network {
  const [half, quarter] = [side / 2, side / 4];
  const features = many * quarter ** 2;
  return {
    image: [1, side, side],
    latent,
    encoder: [
      conv2d("encoder.0", 1, narrowest, half),
      conv2d("encoder.1", narrowest, many, quarter),
      linear("heads", features, 2 * latent),
    ],
    decoder: [
      linear("start", latent, features),
      convTranspose2d("decoder.0", many, narrowest, quarter),
      convTranspose2d("decoder.1", narrowest, 1, half),
    ],
  };
}

const layersOf = ({ encoder, decoder }: Network) => [...encoder, ...decoder];

/** Outputs of a layer: numbers, or channels of images. */
export const outputs = ({ kind, shape }: Layer): number => shape[kind === "convTranspose2d" ? 1 : 0]!;

/** Numbers that training moves. */
export const parameterCount = (network: Network): number =>
  layersOf(network).reduce((sum, layer) => sum + count(layer.shape) + outputs(layer), 0);

/** Multiply-adds of one step's products times two: forward, by weight and by input, but nothing by the images. */
export function flops(network: Network, batch: number): number {
  const products = layersOf(network).map(({ shape, side }) => count(shape) * side ** 2);
  const all = products.reduce((a, b) => a + b, 0);
  return 2 * batch * (3 * all - products[0]!);
}

/**
 * Parameters as PyTorch draws them, uniform within ±1/√(elements of weight[0]), and a batch of made-up digits: four pixels in
 * five black, the others grey.
 */
export function initial(network: Network, batch: number, seed: number): Inputs {
  const uniform = uniforms(seed);
  const parameters = layersOf(network).flatMap((layer): [string, Input][] => {
    const bound = 1 / Math.sqrt(count(layer.shape.slice(1)));
    const draw = () => (2 * uniform() - 1) * bound;
    return [
      [`${layer.name}.weight`, filled(layer.shape, draw)],
      [`${layer.name}.bias`, filled([outputs(layer)], draw)],
    ];
  });
  const pixel = () => Math.round(255 * Math.max(0, 5 * uniform() - 4)) / 255;
  return { ...Object.fromEntries(parameters), images: filled([batch, ...network.image], pixel) };
}
