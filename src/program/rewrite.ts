import type { DType, Shape } from "../graph/dtype.ts";
import { count } from "../graph/dtype.ts";
import { orderOf, sizeOf } from "./prepare.ts";
import { type Graph, sameOrderBase, type Value } from "./values.ts";

/** Adds a value to the graph. */
type Make = (
  spec: { readonly shape: Shape; readonly dtype: DType },
  what: Value["what"],
  args: readonly Value[],
) => Value;

/** The replacement of `value`, or null to leave it. `isResult` holds for outputs and next values of states. */
type Rule = (value: Value, make: Make, isResult: (value: Value) => boolean) => Value | null;

/** Replaces sums by cheaper equivalent ones. */
export const rewrite = (graph: Graph): Graph => [total, innerFirst].reduce(apply, graph);

function apply(graph: Graph, rule: Rule): Graph {
  const results = new Set([...graph.outputs, ...graph.assignments.map((a) => a.next)]);
  const values: Value[] = [];
  const replaced = new Map<Value, Value>();
  const now = (value: Value): Value => replaced.get(value) ?? value;
  const make: Make = ({ shape, dtype }, what, args) => {
    const value: Value = { id: -1, shape, dtype, what, args: args.map(now), users: [] };
    for (const arg of new Set(value.args)) arg.users.push(value);
    values.push(value);
    return value;
  };
  for (const value of graph.values) {
    const args = value.args.map(now);
    if (args.some((arg, i) => arg !== value.args[i])) {
      for (const arg of new Set(args)) arg.users.push(value);
      (value as { args: readonly Value[] }).args = args;
    }
    const other = rule(value, make, (v) => results.has(v));
    if (other) replaced.set(value, other);
    values.push(value);
  }
  if (replaced.size === 0) return graph;
  // the scheduler breaks ties by id, so ids follow the new order
  for (const [id, value] of values.entries()) (value as { id: number }).id = id;
  const outputs = graph.outputs.map(now);
  const assignments = graph.assignments.map(({ state, next }) => ({ state, next: now(next) }));
  return { ...graph, values, outputs, assignments };
}

const isSum = ({ what, dtype }: Value): boolean =>
  what.kind === "reduce" && what.operation === "sum" && dtype === "f32";

/**
 * Nested sums become one:  Σ_i (Σ_j x_ij − Σ_j y_ij)  →  Σ_ij x_ij − Σ_ij y_ij.
 *
 * The total of per-sample losses then stores no vector of them. Inner sums that something else reads stay.
 */
const total: Rule = (value, make, isResult) => {
  /** The sum, addition, subtraction or negation that computes `of`, if `of` is its only reader; else null. */
  const inside = (of: Value): Value | null => {
    const base = sameOrderBase(of);
    if (of.users.length !== 1 || base.users.length !== 1 || isResult(base)) return null;
    if (isSum(base)) return base;
    const isLinear = base.what.kind === "map" && ["add", "sub", "neg"].includes(base.what.fn);
    return isLinear && base.args.every((arg) => sizeOf(arg) === sizeOf(base)) ? base : null;
  };
  /** The values that the outer sum takes in, each after its arguments. */
  const parts = (of: Value): Value[] => {
    const found = new Set<Value>();
    const stack = [of];
    for (let part = stack.pop(); part; part = stack.pop()) {
      if (found.has(part)) continue;
      found.add(part);
      const inner = inside(part);
      if (inner?.what.kind === "map") stack.push(...inner.args);
    }
    return [...found].reverse();
  };
  const add = (of: Value): Value => {
    const replacements = new Map<Value, Value>();
    for (const part of parts(of)) {
      const inner = inside(part);
      const terms = inner?.what.kind === "reduce" ? inner.args[0]! : part;
      replacements.set(
        part,
        inner?.what.kind === "map"
          ? make(
              value,
              inner.what,
              inner.args.map((arg) => replacements.get(arg)!),
            )
          : make(value, { kind: "reduce", operation: "sum", axes: [...terms.shape.keys()] }, [terms]),
      );
    }
    return replacements.get(of)!;
  };
  const holdsSum = (of: Value): boolean => parts(of).some((part) => inside(part)?.what.kind === "reduce");
  return isSum(value) && sizeOf(value) === 1 && holdsSum(value.args[0]!) ? add(value.args[0]!) : null;
};

/**
 * A reduction whose axes enclose a kept one (batch and pixels, per channel) becomes two: the last axes first, then the rest.
 *
 * The first pass reads memory in order, and leaves little to the second.
 */
const innerFirst: Rule = (value, make) => {
  if (value.what.kind !== "reduce" || orderOf(value) !== "permuted") return null;
  const { operation, axes } = value.what;
  const [x] = value.args as [Value];
  let first = x.shape.length;
  while (first > 0 && (axes.includes(first - 1) || x.shape[first - 1] === 1)) first--;
  const last = [...x.shape.keys()].slice(first);
  if (count(last.map((d) => x.shape[d]!)) === 1) return null;
  const inner = { shape: x.shape.slice(0, first), dtype: value.dtype };
  const outer = axes.filter((d) => d < first);
  return make(value, { kind: "reduce", operation, axes: outer }, [
    make(inner, { kind: "reduce", operation, axes: last }, [x]),
  ]);
};
