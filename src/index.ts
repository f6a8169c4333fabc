export { LatentError, type Code } from "./device/errors.ts";
export { openGpu, type OpenGpuOptions } from "./open.ts";
export type { Gpu } from "./program/gpu.ts";
export type { Program, ProgramStats } from "./program/program.ts";
export { Tensor } from "./graph/tensor.ts";
export type { DType, Shape, TypedArray } from "./graph/dtype.ts";
export { grad } from "./graph/grad.ts";
export { assign } from "./graph/assign.ts";
export * from "./graph/ops/index.ts";
