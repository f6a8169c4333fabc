import { check, show } from "../device/errors.ts";
import {
  arrays,
  bytesPer,
  contiguous,
  count,
  type DType,
  elements,
  isFloat,
  remedy,
  type Shape,
  sameShape,
  type Spec,
} from "./dtype.ts";
import type { Attributes, KernelOp } from "./kernelOp.ts";
import { type MapName, type MapResult, signature } from "./maps.ts";
import { checkTensor } from "./operand.ts";
import { type Runner, inputsOf, type Vjp, type Source, Tensor } from "./tensor.ts";
import type { Storage } from "./storage.ts";

/** Throws LatentError unless `x` is a tensor on the device of `gpu`. Engines that share a device share tensors. */
export function sameDevice(where: string, gpu: Runner, x: unknown): asserts x is Tensor {
  checkTensor(where, x);
  check(
    x.gpu === gpu || x.gpu.device === gpu.device,
    "wrong-device",
    where,
    () => `a tensor ${show(x.shape)} lives on another device. Move it with gpu.tensor(await x.read(), x.shape).`,
  );
}

/** Checks that `inputs` may be used together, and that none is disposed. */
function admit(where: string, inputs: readonly Tensor[]): Runner {
  checkTensor(where, inputs[0]);
  const { gpu } = inputs[0];
  for (const x of inputs) {
    sameDevice(where, gpu, x);
    const ended = x.ended
      ? "a result of an earlier run: a later one has overwritten it. Keep it with copy()"
      : "disposed";
    check(!x.disposed, "disposed", where, () => `input ${show(x.shape)} is ${ended}.`);
  }
  return gpu;
}

/** Counts `tensor` among the pending readers of its inputs, whose storage stays until it has run; so does what must be computed again. */
function registerReader(tensor: Tensor): void {
  const stack = [tensor];
  for (let next = stack.pop(); next; next = stack.pop()) {
    next.isPendingReader = true;
    for (const x of inputsOf(next)) {
      x.pendingReaders++;
      x.used = true;
      if (!x.isPendingReader && inputsOf(x).length > 0) stack.push(x);
    }
  }
}

function node<D extends DType>(
  where: string,
  spec: Spec<D>,
  source: Exclude<Source, { kind: "stored" | "input" | "constant" }>,
  vjp: Vjp | null,
  parents: readonly Tensor[] = source.inputs,
): Tensor<D> {
  const gpu = admit(where, source.kind === "view" ? parents : source.inputs);
  if (source.kind === "view") {
    // a view may outlive its parent tensor, as long as the base still has storage
    const [base] = source.inputs;
    check(!base.disposed || base.pendingReaders > 0, "disposed", where, () => `input ${show(base.shape)} is disposed.`);
  }
  if (count(spec.shape) === 0) return nothing(gpu, spec);
  const tensor = new Tensor<D>(gpu, spec, source, parents, vjp);
  registerReader(tensor as Tensor);
  return tensor;
}

/** A tensor without elements: it needs no kernel, and no gradient goes through it. */
const nothing = <D extends DType>(gpu: Runner, { shape, dtype }: Spec<D>): Tensor<D> =>
  gpu.upload(new arrays[dtype](0), shape, dtype) as Tensor as Tensor<D>;

/** One value everywhere, in no memory. */
function filled<D extends DType>(gpu: Runner, { shape, dtype }: Spec<D>, value = 0): Tensor<D> {
  return recordView(
    "fill",
    constant(gpu, value, dtype) as Tensor,
    shape,
    0,
    shape.map(() => 0),
    null,
    dtype,
  );
}

export const constant = <D extends DType = "f32">(gpu: Runner, value: number, dtype: D = "f32" as D): Tensor<D> =>
  new Tensor(gpu, { shape: [], dtype }, { kind: "constant", value });

/** The shape that `shapes` broadcast to, aligned from the right. Throws LatentError("shape"). */
export function broadcast(where: string, shapes: readonly Shape[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes)
    for (const [d, n] of shape.entries()) {
      const at = d + rank - shape.length;
      check(
        n === 1 || result[at] === 1 || result[at] === n,
        "shape",
        where,
        () =>
          `shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got ${shapes.map(show).join(" and ")}.`,
      );
      if (n !== 1) result[at] = n;
    }
  return result;
}

/** Records `fn` over inputs broadcast together (or to `shape`). */
export function recordMap<F extends MapName>(
  where: string,
  fn: F,
  inputs: readonly Tensor[],
  vjp: Vjp | null,
  shape?: Shape,
  parents?: readonly Tensor[],
): Tensor<MapResult<F>> {
  const { inputs: types, output } = signature(fn);
  for (const [k, type] of types.entries()) {
    const x = inputs[k]!;
    check(
      x.dtype === type || (isFloat(type) && isFloat(x.dtype)),
      "argument",
      where,
      () => `input ${k} has the wrong dtype. Expected ${type}; got ${x.dtype}. ${remedy(x)}`,
    );
    if (x.source.kind === "constant") elements(where, x.dtype, [x.source.value]);
  }
  const result = broadcast(where, [...inputs.map((x) => x.shape), ...(shape ? [shape] : [])]);
  return node(where, { shape: result, dtype: output as MapResult<F> }, { kind: "map", fn, inputs }, vjp, parents);
}

/** Records a strided view of `x`, on its base where `x` is a view itself. Strides count elements of the base. */
export function recordView<D extends DType>(
  where: string,
  x: Tensor,
  shape: Shape,
  offset: number,
  strides: readonly number[],
  vjp: Vjp | null,
  dtype = x.dtype as D,
): Tensor<D> {
  const inputs = [layout(x).base] as const;
  return node(where, { shape, dtype }, { kind: "view", inputs, offset, strides }, vjp, [x]);
}

/** `x` with its words taken as another dtype of the same scalar type: bool and f32 0 or 1. No gradient. */
export function relabel<D extends DType>(x: Tensor, dtype: D): Tensor<D> {
  const { offset, strides } = layout(x);
  return recordView("cast", x, x.shape, offset, strides, null, dtype);
}

/** The tensor that `x` looks at, itself unless it is a view, and where its elements lie there. */
export function layout(x: Tensor): { base: Tensor; offset: number; strides: readonly number[] } {
  if (x.source.kind !== "view") return { base: x, offset: 0, strides: contiguous(x.shape) };
  const { inputs, offset, strides } = x.source;
  return { base: inputs[0], offset, strides };
}

/** Whether the elements of `x` lie in its base in order. */
export function inOrder(x: Tensor): boolean {
  const rowMajor = contiguous(x.shape);
  return layout(x).strides.every((s, d) => s === rowMajor[d] || x.shape[d] === 1);
}

/** Where the values of `x` are, if they exist: its own storage, or the part of its base that it looks at in order. */
export function storageOf(x: Tensor): Storage | null {
  if (x.source.kind === "stored") return x.source.storage;
  if (x.source.kind !== "view" || x.source.inputs[0].source.kind !== "stored") return null;
  const { offset, inputs } = x.source;
  if (!inOrder(x)) return null;
  const { storage } = inputs[0].source as { storage: Storage };
  const bytes = bytesPer(x.dtype);
  if ((offset * bytes) % 4 !== 0) return null; // copies start at whole words
  return { buffer: storage.buffer, offset: storage.offset + offset * bytes, bytes: x.size * bytes, owner: null };
}

/** Refuses sizes that no tensor has. */
export const checkSizes = (where: string, shape: Shape): void =>
  check(
    Array.isArray(shape) && shape.every((n) => Number.isInteger(n) && n >= 0),
    "shape",
    where,
    () => `expected sizes that are whole and ≥ 0; got ${Array.isArray(shape) ? show(shape) : String(shape)}.`,
  );

/** Refuses all shapes but one. */
export function checkShape(where: string, name: string, x: Tensor, shape: Shape): void {
  checkTensor(where, x, `${name} as a tensor`);
  check(sameShape(x.shape, shape), "shape", where, () => `expected ${name} ${show(shape)}; got ${show(x.shape)}.`);
}

/** Refuses tensors that are neither f32 nor bool, which counts as 0 or 1. */
export function checkFloat(where: string, x: Tensor, what = "an f32 tensor"): void {
  checkTensor(where, x, what);
  check(isFloat(x.dtype), "argument", where, () => `expected ${what}; got ${x.dtype}. ${remedy(x)}`);
}

export function recordReduce(
  where: string,
  operation: "sum" | "max" | "min",
  x: Tensor,
  axes: readonly number[],
  vjp: Vjp,
): Tensor<"f32"> {
  checkFloat(where, x);
  const shape = x.shape.filter((_, d) => !axes.includes(d));
  // the sum of nothing; whoever asks for an extreme has refused that
  if (x.size === 0) return filled(admit(where, [x]), { shape, dtype: "f32" });
  return node(where, { shape, dtype: "f32" }, { kind: "reduce", operation, inputs: [x], axes }, vjp);
}

export function recordConcat<D extends DType>(
  where: string,
  inputs: readonly Tensor<D>[],
  axis: number,
  vjp: Vjp,
): Tensor<D> {
  const first = inputs[0]!;
  const shape = first.shape.map((n, d) => (d === axis ? inputs.reduce((sum, x) => sum + x.shape[axis]!, 0) : n));
  return node(where, { shape, dtype: first.dtype }, { kind: "concat", inputs, axis }, vjp);
}

/** Records an op with kernels of its own; one tensor for each output. */
export function record<D extends DType>(
  op: KernelOp,
  inputs: readonly Tensor[],
  outputs: readonly Spec<D>[],
  attributes: Attributes,
  vjp: Vjp | null,
): Tensor<D>[] {
  // a product over no terms, the gradient of no images: zeros
  if (inputs.some((x) => x.size === 0)) return outputs.map((spec) => filled(admit(op.name, inputs), spec));
  const main = node(op.name, outputs[0]!, { kind: "kernel", op, inputs, attributes, outputs }, vjp);
  if (outputs.length === 1) return [main];
  return outputs.map((spec, index) => node(op.name, spec, { kind: "pick", inputs: [main], index }, null));
}

/** The single output of an op that has one. */
export const recordOne = <D extends DType>(
  op: KernelOp,
  inputs: readonly Tensor[],
  output: Spec<D>,
  attributes: Attributes,
  vjp: Vjp | null,
): Tensor<D> => record(op, inputs, [output], attributes, vjp)[0]!;

/** Axes as given by a user (one, several, none = all; negative from the end), sorted and checked. */
export function axesOf(where: string, rank: number, axes?: number | readonly number[]): number[] {
  if (axes === undefined) return [...Array(rank).keys()];
  const list = [axes].flat().map((axis) => {
    check(
      Number.isInteger(axis) && axis >= -rank && axis < rank,
      "argument",
      where,
      () => `axis out of range. Expected an integer in [${-rank}, ${rank - 1}]; got ${axis}.`,
    );
    return axis < 0 ? axis + rank : axis;
  });
  const unique = [...new Set(list)].sort((a, b) => a - b);
  check(
    unique.length === list.length,
    "argument",
    where,
    () => `the same axis twice. Expected distinct axes; got ${show(list)}.`,
  );
  return unique;
}
