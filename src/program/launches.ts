import { count } from "../graph/dtype.ts";
import type { DeviceTraits, Launches } from "../kernels/launch.ts";
import { reduce } from "../kernels/reduce.ts";
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
    return op.launch(
      value.args.map((arg) => operandOf(arg)!),
      outputs,
      attributes,
      traits,
    );
  }
  if (value.what.kind !== "reduce") throw new Error(`${value.what.kind} has no launches`);
  const outputs = count(value.shape);
  return reduce(
    value.what.operation,
    outputs,
    count(value.args[0]!.shape) / outputs,
    orderOf(value) === "leading",
    traits.software,
  );
}
