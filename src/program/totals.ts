import { sizeOf } from "./prepare.ts";
import { type Graph, straight, type Value } from "./values.ts";

/**
 * Sums of sums become sums of everything:  Σ_i (Σ_j x_ij − Σ_j y_ij)  →  Σ_ij x_ij − Σ_ij y_ij, so that losses which are
 * recorded per sample and then added up need no vector in between. Only where nobody else reads the inner sums.
 */
export function totals(graph: Graph): Graph {
  const roots = new Set([...graph.outputs, ...graph.assignments.map((a) => a.next)]);
  const values: Value[] = [];
  const replaced = new Map<Value, Value>();
  const now = (value: Value): Value => replaced.get(value) ?? value;
  const make = (like: Value, what: Value["what"], args: readonly Value[], shape = like.shape): Value => {
    const value: Value = { id: -1, shape, dtype: like.dtype, what, args, users: [] };
    for (const arg of new Set(args)) arg.users.push(value);
    values.push(value);
    return value;
  };

  /** The sum of all of `value`, in the shape of `like`. */
  const total = (value: Value, like: Value): Value => {
    const inner = inside(value, roots);
    if (inner?.what.kind === "map")
      return make(
        like,
        inner.what,
        inner.args.map((arg) => total(arg, like)),
      );
    const of = now(inner ? inner.args[0]! : value);
    const axes = [...of.shape.keys()];
    return make(like, { kind: "reduce", operation: "sum", axes }, [of]);
  };

  for (const value of graph.values) {
    const args = value.args.map(now);
    if (args.some((arg, i) => arg !== value.args[i])) {
      for (const arg of new Set(args)) arg.users.push(value);
      (value as { args: readonly Value[] }).args = args;
    }
    if (isTotal(value) && holdsSum(value.args[0]!, roots)) replaced.set(value, total(value.args[0]!, value));
    values.push(value);
  }
  if (replaced.size === 0) return graph;
  // groups that could run at the same time run in this order
  for (const [id, value] of values.entries()) (value as { id: number }).id = id;
  const outputs = graph.outputs.map(now);
  const assignments = graph.assignments.map(({ state, next }) => ({ state, next: now(next) }));
  return { ...graph, values, outputs, assignments };
}

const isSum = ({ what, dtype }: Value): boolean =>
  what.kind === "reduce" && what.operation === "sum" && dtype === "f32";
const isTotal = (value: Value): boolean => isSum(value) && sizeOf(value) === 1;

/** The sum, or the sum or difference of values of this size, that `value` is and that nobody else reads; or null. */
function inside(value: Value, roots: ReadonlySet<Value>): Value | null {
  const of = straight(value);
  if (value.users.length !== 1 || of.users.length !== 1 || roots.has(of)) return null;
  if (isSum(of)) return of;
  const linear = of.what.kind === "map" && ["add", "sub", "neg"].includes(of.what.fn);
  return linear && of.args.every((arg) => sizeOf(arg) === sizeOf(of)) ? of : null;
}

function holdsSum(value: Value, roots: ReadonlySet<Value>): boolean {
  const inner = inside(value, roots);
  return inner !== null && (isSum(inner) || inner.args.some((arg) => holdsSum(arg, roots)));
}
