import { count } from "../graph/dtype.ts";
import type { DeviceTraits, Launches } from "../kernels/launch.ts";
import { type Extents, reduce, type Reduction } from "../kernels/reduce.ts";
import { operandOf, orderOf } from "./prepare.ts";
import type { Value } from "./values.ts";

const known = new WeakMap<Value, Launches>();

/** The dispatches of a reduction or kernel op, described once per value. */
export function launchesOf(value: Value, traits: DeviceTraits): Launches {
  let launches = known.get(value);
  if (!launches) known.set(value, (launches = describe(value, traits)));
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

/** What a kernel op reads. */
export const operandsOf = (value: Value) => value.args.map((arg) => operandOf(arg)!);

/** What a reduction does to what. */
export function reductionOf(value: Value): { readonly operation: Reduction; readonly extents: Extents } {
  if (value.what.kind !== "reduce") throw new Error(`${value.what.kind} is no reduction`);
  const outputs = count(value.shape);
  const extent = count(value.args[0]!.shape) / outputs;
  return { operation: value.what.operation, extents: { outputs, extent, leading: orderOf(value) === "leading" } };
}
