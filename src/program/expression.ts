import { count, scalarOf } from "../graph/dtype.ts";
import { signature } from "../graph/maps.ts";
import { type Expression, MAX_SCALARS, type Offsets, type View } from "../kernels/hook.ts";
import { sizeOf } from "./prepare.ts";
import { fusableSource, isUniform, resolveView, type Value } from "./values.ts";

/** The slots that the hooks of one dispatch share. */
export interface Slots {
  /** The values that are read, each bound once. */
  readonly inputs: Value[];
  readonly scalars: ScalarSource[];
}

/** A constant of the graph by its slot, or where a view of an input begins. */
export type ScalarSource = number | { readonly input: number; readonly offset: number };

/** Hands out scalars for where views begin, as long as there are some. */
export const offsetsIn =
  ({ scalars }: Slots): Offsets =>
  (input, offset) => {
    const slot = scalars.findIndex((s) => typeof s === "object" && s.input === input && s.offset === offset);
    if (slot >= 0) return slot;
    return scalars.length < MAX_SCALARS ? scalars.push({ input, offset }) - 1 : null;
  };

export interface HookContext {
  readonly inlined: ReadonlySet<Value>;
  /** Further values that are computed in place. */
  readonly also?: readonly Value[];
  readonly slots: Slots;
  /** The value that the kernel hands to its epilogue. */
  readonly producer?: Value;
  /** The state that the map overwrites: read through y. */
  readonly replaced?: Value;
  /** What was built so far, for expressions that share their parts. */
  readonly built?: Map<string, Expression>;
  /** The order in which a reduction walks its input's axes, where that is not the input's own. */
  readonly order?: readonly number[];
}

/** `value` as a hook computes it from its index: calls for inlined maps, views for stored values, scalars for constants. */
export function expressionOf(value: Value, context: HookContext): Expression {
  const built = context.built ?? new Map<string, Expression>();
  const isInlined = (map: Value) => context.also?.includes(map) || context.inlined.has(map);
  const call = (map: Value): Expression => {
    const cached = built.get(`${map.id}`);
    if (cached) return cached;
    if (map.what.kind !== "map") throw new Error(`${map.what.kind} in an expression`);
    const { indexed, output } = signature(map.what.fn);
    const inputs = map.args.map((arg) => argument(arg, map.shape));
    const expression: Expression = { kind: "call", name: map.what.fn, indexed, inputs, type: scalarOf(output) };
    built.set(`${map.id}`, expression);
    return expression;
  };
  const argument = (arg: Value, shape: readonly number[]): Expression => {
    const target = fusableSource(arg);
    const same = sizeOf(target) === count(shape);
    const type = scalarOf(arg.dtype);
    if (same && target === context.producer) return { kind: "value", type };
    if (same && target === context.replaced) return { kind: "replaced", type };
    if (isInlined(target) && (same || isUniform(target))) return call(target);
    const { base, offset, strides } = resolveView(arg);
    const key = `${arg.id} ${shape.join()}`;
    const cached = built.get(key);
    if (cached) return cached;
    const expression: Expression =
      base.what.kind === "constant"
        ? { kind: "scalar", slot: slotOf(context.slots.scalars, base.what.slot), type }
        : {
            kind: "view",
            slot: slotOf(context.slots.inputs, base),
            view: inOrderOf(context, broadcastTo(arg.shape, offset, strides, shape)),
            type,
            ...(base.dtype === "u8" ? { bytes: true } : {}),
          };
    built.set(key, expression);
    return expression;
  };
  return value.what.kind === "map" && isInlined(value) ? call(value) : argument(value, value.shape);
}

/** What a hook loads of `input`: the source that is computed in place, if there is one. */
export function loadedExpression(input: Value, context: HookContext): Expression {
  const source = fusableSource(input);
  return expressionOf(context.also?.includes(source) || context.inlined.has(source) ? source : input, context);
}

/** The expression of a stored map itself: its function over its arguments. */
export const storedExpression = (result: Value, context: HookContext): Expression =>
  expressionOf(result, { ...context, also: [...(context.also ?? []), result] });

/** A layout broadcast to `shape`, aligned from the right. */
function broadcastTo(
  own: readonly number[],
  offset: number,
  strides: readonly number[],
  shape: readonly number[],
): View {
  const ahead = shape.length - own.length;
  return {
    offset,
    dims: shape,
    strides: shape.map((_, d) => (d < ahead || own[d - ahead] === 1 ? 0 : strides[d - ahead]!)),
  };
}

/** The view in the order in which its elements are visited. */
function inOrderOf({ order }: HookContext, { offset, dims, strides }: View): View {
  // what has other axes than the reduction's input is one value for all elements
  if (!order || order.length !== dims.length) return { offset, dims, strides };
  return { offset, dims: order.map((d) => dims[d]!), strides: order.map((d) => strides[d]!) };
}

function slotOf<T>(list: T[], item: T): number {
  const at = list.indexOf(item);
  return at >= 0 ? at : list.push(item) - 1;
}
