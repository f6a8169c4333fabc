import { check } from "../device/errors.ts";
import { conv2d } from "../graph/ops/conv2d.ts";
import { convTranspose2d } from "../graph/ops/convTranspose2d.ts";
import { linear } from "../graph/ops/matmul.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import type { BatchNorm } from "./batchNorm.ts";
import { Conv2d, ConvTranspose2d } from "./conv2d.ts";
import type { Layer } from "./layer.ts";
import type { Linear } from "./linear.ts";

/**
 * A layer and the batch norm after it as one layer, for inference, with states of its own:
 *
 *     s = γ / √(σ² + ε),   weight' = s · weight,   bias' = β + s · (bias − μ)      per output channel, in float64
 *
 * Throws LatentError("shape") where the channels differ.
 *
 *     const conv = new Conv2d(gpu, 3, 16);
 *     const norm = new BatchNorm(gpu, 16);
 *     const folded = await foldBatchNorm(conv, norm); // as norm.forward(conv.forward(x))
 */
export async function foldBatchNorm(layer: Conv2d | ConvTranspose2d | Linear, norm: BatchNorm): Promise<Layer> {
  const { weight, bias } = layer;
  const states = { ...norm.parameters, ...norm.buffers };
  const [gamma, beta, mean, variance, weights, biases] = await Promise.all(
    [states.weight, states.bias, states.running_mean, states.running_var, weight, bias].map(async (state) =>
      state?.read(),
    ),
  );
  const channels = gamma!.length;
  const isTransposed = layer instanceof ConvTranspose2d;
  // a transposed weight is [in, out / groups, …]: the channel of an element depends on its group
  const groups = isTransposed ? (layer.window.groups ?? 1) : 1;
  const perChannel = weight.size / weight.shape[0]! / (isTransposed ? weight.shape[1]! : 1);
  const perGroup = weight.size / groups;
  const outputs = isTransposed ? weight.shape[1]! * groups : weight.shape[0]!;
  check(
    channels === outputs,
    "shape",
    "foldBatchNorm",
    () => `expected a batch norm of ${outputs} channels, the layer's outputs; got ${channels}.`,
  );
  const scales = Float64Array.from(gamma!, (g, c) => g / Math.sqrt(variance![c]! + norm.epsilon));
  const channelOf = (i: number): number =>
    isTransposed
      ? Math.floor(i / perGroup) * weight.shape[1]! + (Math.floor(i / perChannel) % weight.shape[1]!)
      : Math.floor(i / perChannel);
  const gpu = weight.gpu as Gpu;
  const w: Tensor = gpu.state(
    Float32Array.from(weights!, (value, i) => value * scales[channelOf(i)]!),
    weight.shape,
  );
  const shifts = Float32Array.from(beta!, (b, c) => b + scales[c]! * ((biases?.[c] ?? 0) - mean![c]!));
  const b: Tensor = gpu.state(shifts, [channels]);
  const forward = (x: Tensor): Tensor => {
    if (layer instanceof Conv2d) return conv2d(x, w, { bias: b, ...layer.window });
    return isTransposed ? convTranspose2d(x, w, { bias: b, ...layer.window }) : linear(x, w, b);
  };
  return { parameters: { weight: w, bias: b }, forward };
}
