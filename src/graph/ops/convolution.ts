import { check, show } from "../../device/errors.ts";
import type { Convolution } from "../../kernels/convolution.ts";
import type { Attributes, KernelOp } from "../kernelOp.ts";
import { lazy } from "../lazy.ts";
import { checkTensor } from "../operand.ts";
import { checkFloat, checkShape, record, recordMap, recordOne } from "../record.ts";
import type { Vjp, Tensor } from "../tensor.ts";
import { add } from "./arithmetic.ts";
import { expand, reshape } from "./shape.ts";

/*
 * A convolution is bilinear in x and w, so three products are closed under differentiation:
 *
 *     y = x ⋆ w          ∂x = y ⋆ᵀ w        ∂w = x ⊛ y
 *
 * The gradient of each one by each of its inputs is one of the other two, so that gradients of any order need no further kernel.
 */

const geometry = (attributes: Attributes) => attributes as unknown as Convolution;

const kernels = /* @__PURE__ */ lazy(() => import("../../kernels/conv2d.ts"));
const weightKernels = /* @__PURE__ */ lazy(() => import("../../kernels/conv2dWeight.ts"));

const forwardOp: KernelOp = {
  name: "conv2d",
  load: kernels.load,
  launch: (_inputs, _outputs, attributes, traits) => kernels.get().conv2d(geometry(attributes), traits),
  variants: (_inputs, _outputs, attributes, traits) => kernels.get().conv2dVariants(geometry(attributes), traits),
};
const inputOp: KernelOp = {
  name: "conv2dInput",
  load: kernels.load,
  launch: (_inputs, _outputs, attributes, traits) => kernels.get().conv2dInput(geometry(attributes), traits),
  variants: (_inputs, _outputs, attributes, traits) => kernels.get().conv2dInputVariants(geometry(attributes), traits),
};
const weightOp: KernelOp = {
  name: "conv2dWeight",
  load: weightKernels.load,
  launch: (_inputs, outputs, attributes, traits) =>
    weightKernels.get().conv2dWeight(geometry(attributes), outputs.length === 2, traits),
  variants: (_inputs, _outputs, attributes, traits) =>
    weightKernels.get().conv2dWeightVariants(geometry(attributes), traits),
};

const f32 = (...shape: number[]) => ({ shape, dtype: "f32" }) as const;

/** x ⋆ w. x: [batch, in, height, width], w: [out, in/groups, kh, kw]. */
export const forward = (x: Tensor, w: Tensor, c: Convolution): Tensor<"f32"> =>
  recordOne(forwardOp, [x, w], f32(c.batch, c.outputChannels, c.outputHeight, c.outputWidth), { ...c }, ([g]) => [
    byInput(g!, w, c),
    byWeight(x, g!, c),
  ]);

/** y ⋆ᵀ w, shaped as the convolution's input. y: [batch, out, height, width], w: [out, in/groups, kh, kw]. */
export const byInput = (y: Tensor, w: Tensor, c: Convolution): Tensor<"f32"> =>
  recordOne(inputOp, [y, w], f32(c.batch, c.inputChannels, c.inputHeight, c.inputWidth), { ...c }, ([g]) => [
    forward(g!, w, c),
    byWeight(g!, y, c),
  ]);

/** x ⊛ y, shaped as the weights. x: the convolution's input, y: as its output. */
export const byWeight = (x: Tensor, y: Tensor, c: Convolution): Tensor<"f32"> => {
  const shape = f32(c.outputChannels, c.inputChannels / c.groups, c.kernelHeight, c.kernelWidth);
  return recordOne(weightOp, [x, y], shape, { ...c }, ([g]) => [byInput(y, g!, c), forward(x, g!, c)]);
};

/** ∂w and ∂bias of a convolution of x whose result meets the gradient g, in one product. */
function byWeightAndBias(x: Tensor, g: Tensor, c: Convolution): Tensor[] {
  const shapes = [
    f32(c.outputChannels, c.inputChannels / c.groups, c.kernelHeight, c.kernelWidth),
    f32(c.outputChannels),
  ];
  return record(weightOp, [x, g], shapes, { ...c }, ([dW, dB]) => {
    const parts = [
      ...(dW ? [forward(x, dW, c)] : []),
      ...(dB ? [expand(reshape(dB, [1, c.outputChannels, 1, 1]), g.shape)] : []),
    ];
    return [dW ? byInput(g, dW, c) : null, parts.reduce(add)];
  });
}

/** x ⋆ w + bias[channel]; the gradients of w and bias come out of one kernel. Throws LatentError("shape") unless bias is [out]. */
export function forwardWithBias(x: Tensor, w: Tensor, bias: Tensor, c: Convolution): Tensor<"f32"> {
  const vjp: Vjp = ([g]) => [byInput(g!, w, c), ...byWeightAndBias(x, g!, c)];
  const y = forward(x, w, c);
  return recordMap("conv2d", "add", [y, column("conv2d", y, bias)], vjp, undefined, [x, w, bias]);
}

/** Checks that w holds kernels, and returns the groups. Throws LatentError("shape") or ("argument"). */
export function checkWeights(where: string, w: Tensor, groups = 1, layout: string): number {
  checkTensor(where, w, "weights w as a tensor");
  check(
    w.rank === 4 && w.shape.every((n) => n > 0),
    "shape",
    where,
    () => `expected w ${layout}; got ${show(w.shape)}.`,
  );
  checkFloat(where, w, "f32 weights");
  check(
    Number.isInteger(groups) && groups >= 1,
    "argument",
    where,
    () => `groups out of range. Expected an integer ≥ 1; got ${groups}.`,
  );
  return groups;
}

/** y + bias[channel]. Throws LatentError("shape") unless bias is [channels of y]. */
export const withBias = (where: string, y: Tensor, bias: Tensor | undefined): Tensor<"f32"> =>
  (bias ? add(y, column(where, y, bias)) : y) as Tensor<"f32">;

/** The bias of every channel of y, as it broadcasts to y. */
function column(where: string, y: Tensor, bias: Tensor): Tensor {
  const channels = y.shape[1]!;
  checkShape(where, "bias", bias, [channels]);
  return reshape(bias, [channels, 1, 1]);
}
