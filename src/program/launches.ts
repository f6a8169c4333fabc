import { contiguous, count } from "../graph/dtype.ts";
import type { Operand } from "../graph/kernelOp.ts";
import type { DeviceTraits, Launches } from "../kernels/launch.ts";
import { loadFunctions } from "../kernels/library.ts";
import { type Extents, reduce, type Reduction } from "../kernels/reduce.ts";
import { operandOf, orderOf } from "./prepare.ts";
import type { Graph, Value } from "./values.ts";

const described = new WeakMap<Value, Launches>();

/** The dispatches of a reduction or kernel op, described once per value. */
export function launchesOf(value: Value, traits: DeviceTraits): Launches {
  let launches = described.get(value);
  if (!launches) described.set(value, (launches = describe(value, traits)));
  return launches;
}

function describe(value: Value, traits: DeviceTraits): Launches {
  if (value.what.kind === "kernel") {
    const { op, attributes, outputs } = value.what;
    return op.launch(operandsOf(value), outputs, attributes, traits);
  }
  const { operation, extents } = reductionOf(value);
  return reduce(operation, extents, traits);
}

/** The hooks by which a kernel op reads its inputs; undefined where it binds them. */
export const loadHooksOf = ({ what }: Value): readonly string[] | undefined =>
  what.kind === "kernel" ? what.op.loadHooks : undefined;

/** Loads what a plan of `graph` needs and no plan before it did: kernels with their launchers, and rare functions. */
export async function loadKernels({ values }: Graph): Promise<void> {
  const ops = new Set(values.map(({ what }) => (what.kind === "kernel" ? what.op : null)));
  const functions = new Set(values.flatMap(({ what }) => (what.kind === "map" ? what.fn : [])));
  await Promise.all([loadFunctions([...functions]), ...Array.from(ops, (op) => op?.load?.())]);
}

/** What a kernel op reads; through hooks as if it were contiguous. */
export const operandsOf = (value: Value): Operand[] =>
  value.args.map((arg) =>
    loadHooksOf(value) ? { shape: arg.shape, dtype: arg.dtype, strides: contiguous(arg.shape) } : operandOf(arg)!,
  );

/** What a reduction does to what. */
export function reductionOf(value: Value): { readonly operation: Reduction; readonly extents: Extents } {
  if (value.what.kind !== "reduce") throw new Error(`${value.what.kind} is no reduction`);
  const outputs = count(value.shape);
  const extent = count(value.args[0]!.shape) / outputs;
  return { operation: value.what.operation, extents: { outputs, extent, leading: orderOf(value) === "leading" } };
}
