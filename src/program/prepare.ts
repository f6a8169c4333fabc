import { contiguous, count } from "../graph/dtype.ts";
import { copyOf } from "../graph/maps.ts";
import type { Operand } from "../graph/kernelOp.ts";
import { inputsFirst } from "../graph/order.ts";
import { ALIGNMENT } from "../kernels/arguments.ts";
import { type Graph, resolveView, type Value } from "./values.ts";

/**
 * Adds copies where a kernel needs a buffer and the value is only a view: operands whose strides a kernel does not accept, and
 * outputs or next states that are views, constants or leaves.
 */
export function materialise(graph: Graph): Graph {
  const values = [...graph.values];
  const copies = new Map<Value, Value>();
  const copy = (of: Value): Value => {
    const cached = copies.get(of);
    if (cached) return cached;
    const value: Value = {
      id: values.length,
      shape: of.shape,
      dtype: of.dtype,
      what: { kind: "map", fn: copyOf(of.dtype) },
      args: [of],
      users: [],
    };
    of.users.push(value);
    copies.set(of, value);
    values.push(value);
    return value;
  };
  for (const value of graph.values) {
    if (value.what.kind !== "kernel") continue;
    const { op, attributes } = value.what;
    if (op.loadHooks) continue;
    const args = value.args.map((arg, position) => {
      const operand = operandOf(arg);
      if (operand && (isContiguous(operand) || op.accepts?.(position, operand, attributes))) return arg;
      const copied = copy(arg);
      arg.users.splice(arg.users.indexOf(value), 1);
      if (!copied.users.includes(value)) copied.users.push(value);
      return copied;
    });
    (value as { args: readonly Value[] }).args = args;
  }
  const own = (value: Value): Value => (["view", "constant", "leaf"].includes(value.what.kind) ? copy(value) : value);
  // two outputs never share a buffer: each belongs to a tensor of its own
  const outputs: Value[] = [];
  for (const output of graph.outputs.map(own)) {
    if (outputs.includes(output)) copies.delete(output);
    outputs.push(outputs.includes(output) ? copy(output) : output);
  }
  const assignments = graph.assignments.map(({ state, next }) => ({ state, next: own(next) }));
  return { ...graph, values: ordered(values, [...outputs, ...assignments.map((a) => a.next)]), outputs, assignments };
}

const isContiguous = ({ shape, strides }: Operand): boolean => {
  const rowMajor = contiguous(shape);
  return strides.every((s, d) => s === rowMajor[d] || shape[d] === 1);
};

/** `value` as a kernel would bind it, or null where its first element cannot start a binding. */
export function operandOf(value: Value): Operand | null {
  const { base, offset, strides } = resolveView(value);
  if (base.what.kind === "constant" || (offset * 4) % ALIGNMENT !== 0) return null;
  return { shape: value.shape, dtype: value.dtype, strides };
}

/** Every value that `roots` need, after its arguments. */
function ordered(values: readonly Value[], roots: readonly Value[]): Value[] {
  const order = inputsFirst(roots, (value) => value.args);
  const needed = new Set(order);
  for (const value of values) value.users.splice(0, value.users.length, ...value.users.filter((u) => needed.has(u)));
  return order;
}

export const sizeOf = (value: Value): number => count(value.shape);

/** Whether the reduced axes come last, first, or neither. */
export function orderOf(value: Value): "trailing" | "leading" | "permuted" {
  if (value.what.kind !== "reduce") throw new Error("not a reduction");
  const { axes } = value.what;
  const shape = value.args[0]!.shape;
  const real = axes.filter((d) => shape[d] !== 1);
  const rest = shape.flatMap((n, d) => (n !== 1 && !axes.includes(d) ? [d] : []));
  if (real.every((d) => rest.every((r) => r < d))) return "trailing";
  if (real.every((d) => rest.every((r) => r > d))) return "leading";
  return "permuted";
}

/** Kept axes first, then the reduced ones. */
export function permutation(producer: Value): number[] {
  if (producer.what.kind !== "reduce") return [];
  const { axes } = producer.what;
  const all = [...producer.args[0]!.shape.keys()];
  return [...all.filter((d) => !axes.includes(d)), ...axes];
}
