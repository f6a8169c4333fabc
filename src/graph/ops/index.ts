export * from "./activation.ts";
export { argmax, argmin } from "./argmax.ts";
export {
  add,
  atan2,
  compare,
  div,
  equal,
  floorDivide,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  remainder,
  sqrt,
  square,
  sub,
  where,
} from "./arithmetic.ts";
export { bytes } from "./bytes.ts";
export { cast } from "./cast.ts";
export { conv1d, type Conv1dOptions } from "./conv1d.ts";
export { conv2d } from "./conv2d.ts";
export { conv3d, type Conv3dOptions } from "./conv3d.ts";
export { convTranspose1d, type ConvTranspose1dOptions } from "./convTranspose1d.ts";
export { convTranspose2d } from "./convTranspose2d.ts";
export { crossEntropy, type CrossEntropyOptions } from "./crossEntropy.ts";
export * from "./cumsum.ts";
export { customGradient } from "./customGradient.ts";
export { defineOp, type Defined, type Groups, type OpDefinition, type OutputSpec } from "./defineOp.ts";
export * from "./detach.ts";
export * from "./dropout.ts";
export { einsum } from "./einsum.ts";
export * from "./elementwise.ts";
export { embedding, gather, type GatherOptions, scatterAdd } from "./gather.ts";
export { type Heads, klHeads, type Noise, sampleHeads, splitHeads } from "./heads.ts";
export * from "./gates.ts";
export * from "./likelihood.ts";
export type { Indices } from "./indices.ts";
export { linear, matmul } from "./matmul.ts";
export * from "./logic.ts";
export * from "./normalise.ts";
export * from "./oneHot.ts";
export * from "./pool.ts";
export * from "./pool1d.ts";
export { avgPool3d, maxPool3d, type Pool3dOptions } from "./pool3d.ts";
export { pow } from "./power.ts";
export { pad, type PadOptions, type Widths } from "./pad.ts";
export { put, putAlongAxis } from "./put.ts";
export * from "./random.ts";
export { linspace, range } from "./range.ts";
export * from "./rearrange.ts";
export { all, any, prod, std } from "./reductions.ts";
export { resize, type ResizeOptions } from "./resize.ts";
export { concat, split, stack } from "./part.ts";
export { expand, reshape, transpose } from "./shape.ts";
export { type Bound, type Range, slice } from "./slice.ts";
export * from "./softmax.ts";
export { sort, type Sorted, type SortOptions, topK, type TopKOptions } from "./sort.ts";
export { max, mean, min, sum, sumTo, variance } from "./sum.ts";
export type { Axes, ReadOptions, ReduceOptions, VarianceOptions } from "../options.ts";
export { take, takeAlongAxis } from "./take.ts";
export * from "./trigonometry.ts";
export { fmod, isInf, trunc } from "./truncation.ts";
