import { count } from "../graph/dtype.ts";
import type { DeviceTraits, Launches, Variants } from "../kernels/launch.ts";
import { reduce, reduceVariants } from "../kernels/reduce.ts";
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
  const { operation, outputs, extent, leading } = reductionOf(value);
  return reduce(operation, outputs, extent, leading, traits);
}

/** The kernels to choose from for a reduction or kernel op; null where there is no choice. */
export function variantsOf(value: Value, traits: DeviceTraits): Variants | null {
  let variants: Variants | null = null;
  if (value.what.kind === "reduce") {
    const { outputs, extent, leading } = reductionOf(value);
    variants = reduceVariants(outputs, extent, leading);
  } else if (value.what.kind === "kernel") {
    const { op, attributes, outputs } = value.what;
    variants = op.variants?.(operandsOf(value), outputs, attributes, traits) ?? null;
  }
  return variants && variants.names.length > 1 ? variants : null;
}

const operandsOf = (value: Value) => value.args.map((arg) => operandOf(arg)!);

function reductionOf(value: Value) {
  if (value.what.kind !== "reduce") throw new Error(`${value.what.kind} has no launches`);
  const outputs = count(value.shape);
  const extent = count(value.args[0]!.shape) / outputs;
  return { operation: value.what.operation, outputs, extent, leading: orderOf(value) === "leading" };
}
