import { check, checkOptions } from "../device/errors.ts";
import type { Safetensor } from "../formats/safetensors.ts";
import type { Shape } from "../graph/dtype.ts";
import { add } from "../graph/ops/arithmetic.ts";
import { clamp } from "../graph/ops/elementwise.ts";
import { softmax } from "../graph/ops/softmax.ts";
import { mean } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";
import { type FeatureNetwork, preprocessed, type Preprocessing } from "./network.ts";
import { floatTensors, layerShapes, outputsOf, Weights } from "./weights.ts";

/** What loading a MobileNet may be asked for. */
export interface MobileNetOptions {
  /** Side of the square that it sees; what the file's metadata say as `input_size`, else 224. */
  readonly size?: number;
}

/** One convolution of the stack, by the name of its tensors. */
interface Layer {
  readonly name: string;
  readonly weight: Shape;
  readonly stride: number;
  /** ReLU6 after it. */
  readonly activation: boolean;
  /** The layer before whose result is added to this one's. */
  readonly residual?: boolean;
}

const relu6 = (x: Tensor): Tensor => clamp(x, 0, 6);

/** Strides of the blocks of both versions. */
const STRIDES_V1 = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1];
const STRIDES_V2 = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1];

type Tensors = ReadonlyMap<string, Safetensor>;

const first = (outputs: number): Layer => ({ name: "conv0", weight: [outputs, 3, 3, 3], stride: 2, activation: true });
const depthwise = (name: string, width: number, stride: number): Layer => ({
  name,
  weight: [width, 1, 3, 3],
  stride,
  activation: true,
});
const pointwise = (name: string, inputs: number, outputs: number, activation = true): Layer => ({
  name,
  weight: [outputs, inputs, 1, 1],
  stride: 1,
  activation,
});

/** Depthwise 3×3 and pointwise 1×1, thirteen times; the widths are the file's. */
function layersV1(where: string, tensors: Tensors): Layer[] {
  let width = outputsOf(where, tensors, "conv0");
  const layers = [first(width)];
  for (const [i, stride] of STRIDES_V1.entries()) {
    const block = `block${i + 1}`;
    const outputs = outputsOf(where, tensors, `${block}.pointwise`);
    layers.push(depthwise(`${block}.depthwise`, width, stride), pointwise(`${block}.pointwise`, width, outputs));
    width = outputs;
  }
  return layers;
}

/** Inverted residuals: expand 1×1 (but for the first), depthwise 3×3, project 1×1 without activation. */
function layersV2(where: string, tensors: Tensors): Layer[] {
  let width = outputsOf(where, tensors, "conv0");
  const layers = [first(width)];
  for (const [i, stride] of STRIDES_V2.entries()) {
    const block = `block${i + 1}`;
    const expanded = i === 0 ? width : outputsOf(where, tensors, `${block}.expand`);
    if (i > 0) layers.push(pointwise(`${block}.expand`, width, expanded));
    const outputs = outputsOf(where, tensors, `${block}.project`);
    layers.push(depthwise(`${block}.depthwise`, expanded, stride), {
      ...pointwise(`${block}.project`, expanded, outputs, false),
      residual: stride === 1 && width === outputs,
    });
    width = outputs;
  }
  return [...layers, pointwise("conv_last", width, outputsOf(where, tensors, "conv_last"))];
}

/**
 * A MobileNet of either version: a stack of convolutions with batch norm folded in, the mean over the map, a linear classifier.
 *
 * Padding is TensorFlow's SAME, the activation ReLU6 but for projections; preprocessing is (byte − 128)/128.
 * Source: Howard et al. 2017, Sandler et al. 2018; the TFLite models of google-coral/test_data.
 *
 *     const network = await MobileNetV1.load(gpu, file); // a MobileNet
 *     const codes = network.features(x); // x: [n, 3, h, w] in [0, 1]
 */
export class MobileNet implements FeatureNetwork {
  /** Version, features and side in pixels. */
  readonly name: string;
  /** CRC-32 of its weights, in hex. */
  readonly checksum: string;
  /** (byte − 128)/128 at the side that it was trained for. */
  readonly input: Preprocessing;
  readonly #where: string;
  readonly #layers: readonly Layer[];
  readonly #weights: Weights;

  /** @internal */ constructor(gpu: Gpu, version: 1 | 2, file: Uint8Array, options: MobileNetOptions) {
    const where = `MobileNetV${version}.load`;
    checkGpu(where, gpu);
    checkOptions(where, options, ["size"]);
    const { tensors, metadata } = floatTensors(where, file);
    const size = options.size ?? Number(metadata.get("input_size") ?? 224);
    check(
      Number.isInteger(size) && size > 0 && size <= 4096,
      "argument",
      where,
      () => `expected a size in [1, 4096], whole; got ${options.size ?? metadata.get("input_size")}.`,
    );
    const layers = (version === 1 ? layersV1 : layersV2)(where, tensors);
    const features = layers.at(-1)!.weight[0]!;
    const classes = outputsOf(where, tensors, "classifier", 2);
    const shapes = layers.flatMap(({ name, weight }) => layerShapes(name, weight));
    this.#weights = Weights.upload(
      gpu,
      where,
      tensors,
      new Map([...shapes, ...layerShapes("classifier", [classes, features])]),
    );
    this.#layers = layers;
    this.#where = `MobileNetV${version}`;
    this.name = `MobileNet V${version}, ${features} features, ${size} px`;
    this.checksum = this.#weights.checksum;
    this.input = { size: [size, size], resize: "pytorch-bilinear", square: false, mean: 128, deviation: 128 };
  }

  /** Images [n, 3, h, w], RGB, floats in [0, 1] or bytes. Returns the mean of the last map, [n, features]. */
  features(x: Tensor): Tensor {
    let y: Tensor = preprocessed(this.#where, x, this.input);
    let block = y;
    for (const { name, weight, stride, activation, residual } of this.#layers) {
      const isDepthwise = weight[1] === 1 && weight[2] === 3;
      y = this.#weights.conv(y, name, { stride, padding: "same", groups: isDepthwise ? 0 : 1 });
      if (activation) y = relu6(y);
      if (residual) y = add(y, block);
      if (!activation || name === "conv0") block = y;
    }
    return mean(y, [2, 3]);
  }

  /** Logits [n, classes] of images. */
  logits(x: Tensor): Tensor {
    return this.#weights.linear(this.features(x), "classifier");
  }

  /** p(class | image), [n, classes]; class 0 of ImageNet's 1001 is the background. */
  probabilities(x: Tensor): Tensor {
    return softmax(this.logits(x), 1);
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    this.#weights.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Loads a MobileNet from a safetensors file with tensors `conv0.weight`, `block1.depthwise.weight` … `classifier.bias`. */
export interface MobileNetLoader {
  /**
   * The network of a file, whose widths may be any. Throws LatentError: "format" naming the tensor that is missing or of another
   * shape, "data" on a weight that is not finite; before anything is uploaded.
   */
  load(gpu: Gpu, file: Uint8Array, options?: MobileNetOptions): Promise<MobileNet>;
}

/**
 * MobileNet V1: thirteen blocks of a depthwise and a pointwise convolution.
 *
 *     const network = await MobileNetV1.load(gpu, file);
 *     const likely = await network.probabilities(x).argmax(1).read();
 */
export const MobileNetV1: MobileNetLoader = {
  load: async (gpu, file, options = {}) => new MobileNet(gpu, 1, file, options),
};

/**
 * MobileNet V2: seventeen inverted residuals.
 *
 *     const network = await MobileNetV2.load(gpu, file);
 *     const codes = await network.features(x).read();
 */
export const MobileNetV2: MobileNetLoader = {
  load: async (gpu, file, options = {}) => new MobileNet(gpu, 2, file, options),
};
