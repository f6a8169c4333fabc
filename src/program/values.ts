import { contiguous, count, type DType, sameShape, type Shape, type Spec } from "../graph/dtype.ts";
import type { Attributes, KernelOp } from "../graph/kernelOp.ts";
import { type MapName, signature } from "../graph/maps.ts";
import { inputsFirst } from "../graph/order.ts";
import { inputsOf, type Tensor } from "../graph/tensor.ts";

/** A node of the graph to plan. Equal nodes are one value; stored tensors and inputs are leaves, by number. */
export interface Value {
  readonly id: number;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly what: What;
  readonly args: readonly Value[];
  /** Values that read this one, each once. */
  readonly users: Value[];
}

type What =
  | { readonly kind: "leaf"; readonly slot: number }
  | { readonly kind: "constant"; readonly slot: number }
  | { readonly kind: "map"; readonly fn: MapName }
  | { readonly kind: "view"; readonly offset: number; readonly strides: readonly number[] }
  | { readonly kind: "reduce"; readonly operation: "sum" | "max" | "min"; readonly axes: readonly number[] }
  | {
      readonly kind: "kernel";
      readonly op: KernelOp;
      readonly attributes: Attributes;
      readonly outputs: readonly Spec[];
    }
  | { readonly kind: "pick"; readonly index: number }
  | { readonly kind: "concat"; readonly axis: number };

/** What a state becomes at the end of a step. */
export interface Assignment {
  /** The state. */
  readonly state: Tensor;
  /** Its next value. */
  readonly next: Tensor;
}

export interface Graph {
  /** Every value before those that read it. */
  readonly values: readonly Value[];
  readonly outputs: readonly Value[];
  /** The value that a state's leaf has after the run. */
  readonly assignments: readonly { readonly state: Value; readonly next: Value }[];
  /** The stored tensors and inputs, by slot. */
  readonly leaves: readonly Tensor[];
  readonly constants: readonly { readonly value: number; readonly dtype: DType }[];
  /** Key of the plan cache: ops, shapes, dtypes, attributes, aliasing. Constants enter by dtype, as a plan takes their values when it runs; only 1 is told apart, since products with it are dropped. */
  readonly key: string;
}

/**
 * The graph that `outputs` and `assignments` need, without dead nodes.
 *
 * Common subexpressions are merged, and products with 1, with which every gradient starts, are left out.
 */
export function valuesOf(outputs: readonly Tensor[], assignments: readonly Assignment[]): Graph {
  const byKey = new Map<string, Value>();
  const byTensor = new Map<Tensor, Value>();
  const values: Value[] = [];
  const leaves: Tensor[] = [];
  const constants: { value: number; dtype: DType }[] = [];
  const constantSlots = new Map<string, number>();
  const keys: string[] = [];

  const add = (key: string, shape: Shape, dtype: DType, what: What, args: readonly Value[]): Value => {
    const equal = byKey.get(key);
    if (equal) return equal;
    const value: Value = { id: values.length, shape, dtype, what, args, users: [] };
    for (const arg of new Set(args)) arg.users.push(value);
    byKey.set(key, value);
    values.push(value);
    keys.push(what.kind !== "constant" ? key : `${constants[what.slot]!.value === 1 ? "one" : "constant"} ${dtype}`);
    return value;
  };

  const isOne = (value: Value): boolean => {
    const { what } = resolveView(value).base;
    return what.kind === "constant" && constants[what.slot]!.value === 1;
  };

  /** Whether `value` may stand for its product with 1. A view may not: views of the product would become views of a view. */
  const mayReplace = (value: Value, shape: Shape): boolean =>
    !["view", "constant"].includes(value.what.kind) && sameShape(value.shape, shape);

  const convert = (tensor: Tensor): Value => {
    const args = inputsOf(tensor).map((x) => byTensor.get(x)!);
    const { source, shape, dtype } = tensor;
    const list = `[${shape.join()}] ${dtype} (${args.map((a) => a.id).join()})`;
    switch (source.kind) {
      case "stored":
      case "input": {
        const slot = leaves.push(tensor) - 1;
        return add(`leaf ${slot} [${shape.join()}] ${dtype}`, shape, dtype, { kind: "leaf", slot }, []);
      }
      case "constant": {
        const name = `${dtype} ${Object.is(source.value, -0) ? "-0" : source.value}`;
        const slot = constantSlots.get(name) ?? constants.push({ value: source.value, dtype }) - 1;
        constantSlots.set(name, slot);
        return add(`constant ${slot}`, shape, dtype, { kind: "constant", slot }, []);
      }
      case "map":
        if (source.fn === "mul") {
          const [a, b] = args as [Value, Value];
          if (isOne(b) && mayReplace(a, shape)) return a;
          if (isOne(a) && mayReplace(b, shape)) return b;
        }
        return add(`${source.fn} ${list}`, shape, dtype, { kind: "map", fn: source.fn }, args);
      case "view": {
        const { offset, strides } = source;
        return add(`view ${offset} [${strides.join()}] ${list}`, shape, dtype, { kind: "view", offset, strides }, args);
      }
      case "reduce": {
        // field by field: the source holds tensors, which a cached plan would keep alive
        const { operation, axes } = source;
        return add(`${operation} [${axes.join()}] ${list}`, shape, dtype, { kind: "reduce", operation, axes }, args);
      }
      case "kernel": {
        const { op, attributes, outputs: specs } = source;
        const what = { kind: "kernel", op, attributes, outputs: specs } as const;
        const shapes = specs.map((s) => `[${s.shape.join()}] ${s.dtype}`).join();
        return add(
          `${op.name}${op.own ?? ""} ${JSON.stringify(attributes, exactly)} ${shapes} ${list}`,
          shape,
          dtype,
          what,
          args,
        );
      }
      case "pick":
        return add(`pick ${source.index} ${list}`, shape, dtype, { kind: "pick", index: source.index }, args);
      case "concat":
        return add(`concat ${source.axis} ${list}`, shape, dtype, { kind: "concat", axis: source.axis }, args);
    }
  };

  const roots = [...outputs, ...assignments.flatMap(({ state, next }) => [state, next])];
  for (const tensor of inputsFirst(roots, inputsOf)) byTensor.set(tensor, convert(tensor));
  const find = (tensor: Tensor) => byTensor.get(tensor)!;
  const named = assignments.map(({ state, next }) => ({ state: find(state), next: find(next) }));
  const tail = `out ${outputs.map((t) => find(t).id).join()} assign ${named.map((a) => `${a.state.id}←${a.next.id}`).join()}`;
  return { values, outputs: outputs.map(find), assignments: named, leaves, constants, key: [...keys, tail].join(";") };
}

/** Keeps NaN, infinities and −0 apart, which JSON cannot write. */
const exactly = (_name: string, value: unknown): unknown =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0)) ? `#${1 / value} ${value}` : value;

/** A value as a strided view of its base, which is stored or computed and no view itself. */
export interface ResolvedView {
  readonly base: Value;
  readonly offset: number;
  readonly strides: readonly number[];
}

export const resolveView = (value: Value): ResolvedView =>
  value.what.kind === "view"
    ? { base: value.args[0]!, offset: value.what.offset, strides: value.what.strides }
    : { base: value, offset: 0, strides: contiguous(value.shape) };

/** The value that a hook may compute in place of loading `arg`: its elements in the same order, or the one that all of them equal. */
export function fusableSource(arg: Value): Value {
  const { base } = resolveView(arg);
  return isUniform(base) ? base : sameOrderBase(arg);
}

const uniform = new WeakMap<Value, boolean>();

/** Whether all elements of `value` must be equal: a constant, a leaf of one element, or a map of such values. */
export function isUniform(value: Value): boolean {
  // a stack, not recursion: chains get deep
  for (const stack = [value]; stack.length;) {
    const top = stack.at(-1)!;
    const { what, shape, args } = top;
    const isMap = what.kind === "view" || (what.kind === "map" && !signature(what.fn).indexed);
    const unknown = isMap ? args.filter((arg) => !uniform.has(arg)) : [];
    if (unknown.length) stack.push(...unknown);
    else {
      stack.pop();
      const isOne = what.kind === "constant" || (what.kind === "leaf" && shape.every((n) => n === 1));
      uniform.set(top, isMap ? args.every((arg) => uniform.get(arg)!) : isOne);
    }
  }
  return uniform.get(value)!;
}

/** The base of `value`, if viewing it only reshapes it: the same elements in the same order; else `value` itself. */
export function sameOrderBase(value: Value): Value {
  const { base, offset, strides } = resolveView(value);
  if (base === value || offset !== 0) return value;
  const size = count(value.shape);
  if (size !== count(base.shape)) return value;
  const rowMajor = contiguous(value.shape);
  return strides.every((s, d) => s === rowMajor[d] || value.shape[d] === 1) ? base : value;
}
