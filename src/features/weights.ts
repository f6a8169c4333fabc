import { check, LatentError, quote, show } from "../device/errors.ts";
import { parseSafetensors, type Safetensor, type Safetensors, widened } from "../formats/safetensors.ts";
import type { Shape } from "../graph/dtype.ts";
import { conv2d, type Conv2dOptions } from "../graph/ops/conv2d.ts";
import { linear } from "../graph/ops/matmul.ts";
import type { Tensor } from "../graph/tensor.ts";
import { checksumOf } from "../nn/checksum.ts";
import { checkGpu } from "../program/checkGpu.ts";
import type { Gpu } from "../program/gpu.ts";

/** Shapes of a network's tensors by name. */
export type Shapes = ReadonlyMap<string, Shape>;

/** A weight and its bias, whose name is that of the layer: `weight` [outputs, …] and `bias` [outputs]. */
export const layerShapes = (name: string, weight: Shape): [string, Shape][] => [
  [`${name}.weight`, weight],
  [`${name}.bias`, [weight[0]!]],
];

/** A safetensors file of float tensors. Throws LatentError as parseSafetensors does, "data" on a value that is not finite. */
export function floatTensors(where: string, file: Uint8Array): Safetensors {
  const { tensors, metadata } = parseSafetensors(file, { finite: true, where });
  return { tensors, metadata };
}

/** The shape of a tensor of the file. Throws LatentError("format") where it is missing. */
export function shapeOf(where: string, tensors: ReadonlyMap<string, Safetensor>, name: string): Shape {
  const found = tensors.get(name);
  if (!found) {
    const names = [...tensors.keys()].slice(0, 8).join(", ");
    throw new LatentError("format", `${where}: no tensor ${quote(name)}. Expected it in the file; got ${names} ….`);
  }
  return found.shape;
}

/** A layer's outputs, as the first axis of its weight says; 4 axes for a convolution. */
export function outputsOf(where: string, tensors: ReadonlyMap<string, Safetensor>, layer: string, axes = 4): number {
  const shape = shapeOf(where, tensors, `${layer}.weight`);
  check(
    shape.length === axes && shape[0]! > 0,
    "format",
    where,
    () => `tensor ${quote(`${layer}.weight`)} is of another kind. Expected ${axes} axes; got ${show(shape)}.`,
  );
  return shape[0]!;
}

/** Throws LatentError("format") naming the first tensor that is missing, of another shape, or no float. */
export function checkShapes(where: string, tensors: ReadonlyMap<string, Safetensor>, shapes: Shapes): void {
  for (const [name, shape] of shapes) {
    const found = shapeOf(where, tensors, name);
    const { dtype } = tensors.get(name)!;
    check(
      show(found) === show(shape) && ["F32", "F16", "BF16"].includes(dtype),
      "format",
      where,
      () => `tensor ${quote(name)} differs. Expected F32, F16 or BF16 ${show(shape)}; got ${dtype} ${show(found)}.`,
    );
  }
}

/** The weights of a fixed network on the GPU, and the layers that use them. */
export class Weights {
  /** Where they lie. */
  readonly gpu: Gpu;
  /** The tensors by name. */
  readonly tensors: { readonly [name: string]: Tensor };
  /** CRC-32 of what the file says of them. */
  readonly checksum: string;

  private constructor(gpu: Gpu, tensors: { readonly [name: string]: Tensor }, checksum: string) {
    this.gpu = gpu;
    this.tensors = tensors;
    this.checksum = checksum;
  }

  /** The tensors that `shapes` names; all of them are checked before anything is uploaded. */
  static upload(gpu: Gpu, where: string, tensors: ReadonlyMap<string, Safetensor>, shapes: Shapes): Weights {
    checkGpu(where, gpu);
    checkShapes(where, tensors, shapes);
    const used = [...shapes.keys()].map((name) => [name, tensors.get(name)!] as const);
    return Weights.of(
      gpu,
      used.map(([name, tensor]) => [name, tensor.shape, widened(tensor).data as Float32Array]),
      checksumOf(used, []),
    );
  }

  /** Values by name, uploaded. */
  static of(
    gpu: Gpu,
    values: Iterable<readonly [name: string, shape: Shape, values: Float32Array]>,
    checksum: string,
  ): Weights {
    return gpu.attempt(() => {
      const tensors = Array.from(values, ([name, shape, data]) => [name, gpu.tensor(data, shape)] as const);
      return new Weights(gpu, Object.fromEntries(tensors), checksum);
    });
  }

  /** The convolution of this name; `groups: 0` means depthwise, each channel by itself. */
  conv(x: Tensor, name: string, options: Conv2dOptions = {}): Tensor<"f32"> {
    const weight = this.tensors[`${name}.weight`]!;
    const bias = this.tensors[`${name}.bias`];
    const groups = options.groups === 0 ? weight.shape[0]! : (options.groups ?? 1);
    return conv2d(x, weight, { ...options, bias, groups });
  }

  /** The linear layer of this name. x: [n, in]. */
  linear(x: Tensor, name: string, bias = true): Tensor<"f32"> {
    return linear(x, this.tensors[`${name}.weight`]!, bias ? this.tensors[`${name}.bias`] : undefined);
  }

  /** Frees them. */
  dispose(): void {
    for (const tensor of Object.values(this.tensors)) tensor.dispose();
  }
}
