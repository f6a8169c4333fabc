import { check, named, show } from "../device/errors.ts";
import { add } from "./ops/arithmetic.ts";
import { inputsFirst } from "./order.ts";
import { part, concat } from "./ops/part.ts";
import { expand, reshape } from "./ops/shape.ts";
import { type Origin, Tensor } from "./tensor.ts";
import { constant, inOrder, layout, sameDevice } from "./record.ts";

/**
 * Gradients of a one-element `loss` with respect to each of `targets`; zeros where the loss does not depend on a target.
 *
 * They are nodes of the same graph, so they are planned with the forward pass and can be differentiated again.
 *
 *     const [dw, db] = grad(loss, [w, b]);
 *
 * A loss that was read can still be differentiated, as long as what it was computed from lives. Disposed tensors count as constants.
 * Throws LatentError("shape") unless the loss has one element, "argument" where the path to a target is no longer known.
 */
export function grad<const T extends readonly Tensor[]>(
  loss: Tensor,
  targets: T,
): { -readonly [K in keyof T]: Tensor } {
  const where = "grad";
  check(loss instanceof Tensor, "argument", where, () => `expected a tensor as loss; got ${named(loss)}.`);
  check(
    Array.isArray(targets),
    "argument",
    where,
    () => `expected an array of tensors. Write grad(loss, [w]); got ${named(targets)}.`,
  );
  for (const target of targets) sameDevice(where, loss.gpu, target);
  check(loss.size === 1, "shape", where, () => `expected a loss of one element; got ${show(loss.shape)}.`);
  const origins = new Map<Tensor, Origin>();
  const originOf = (node: Tensor): Origin => {
    let how = origins.get(node);
    if (!how) origins.set(node, (how = node.provenance?.open() ?? node));
    return how;
  };
  const order = outputsFirst(loss, originOf);
  const used = new Set(order);
  // a target may be a view whose base the loss reads, as one of two heads: differentiate the base, then take the view's part
  const sources = targets.map((target) => {
    let source: Tensor = target;
    while (!used.has(source) && source.source.kind === "view" && source.parents[0]) source = source.parents[0];
    if (source === target || !used.has(source)) return target;
    check(
      inOrder(source) && inOrder(target),
      "argument",
      where,
      () =>
        `a target ${show(target.shape)} is a reordered view of a tensor that the loss reads. Expected that tensor itself.`,
    );
    return source;
  });
  const needed = dependents(order, sources, originOf);
  // for each output of a tensor, the gradients that its readers contributed
  const arrived = new Map<Tensor, (Tensor[] | undefined)[]>([[loss, [[filled(loss, 1)]]]]);
  for (const node of order) {
    const contributions = arrived.get(node);
    const { source, parents, vjp } = originOf(node);
    if (!contributions || !parents.some((parent) => needed.has(parent))) continue;
    // the total takes the place of its terms: a target that is also an inner node reads it again below
    const gradients = Array.from(contributions, (parts) => (parts ? (parts[0] = total(parts.splice(0))) : null));
    if (source.kind === "pick") {
      deliver(arrived, source.inputs[0], source.index, gradients[0]!);
      continue;
    }
    for (const [i, contributed] of (vjp?.(gradients, node) ?? []).entries()) {
      const parent = parents[i]!;
      if (contributed && needed.has(parent)) deliver(arrived, parent, 0, contributed);
    }
  }
  return sources.map((target, i) => {
    const reached = arrived.has(target);
    const lost = order.find(
      (x) => x !== target && x.provenance && originOf(x) === x && (!reached || x.provenance.uses(target)),
    );
    check(
      !lost,
      "argument",
      where,
      () =>
        `a tensor ${show(lost!.shape)} between loss and target was read, and what it was computed from is disposed or has changed since. Call grad before that.`,
    );
    const parts = arrived.get(target)?.[0];
    const wanted = targets[i]!;
    if (!parts) return filled(wanted, 0);
    const whole = total(parts);
    if (wanted === target) return whole;
    const flat = reshape(whole, [whole.size]);
    return reshape(part(flat, 0, layout(wanted).offset - layout(target).offset, wanted.size), wanted.shape);
  }) as { -readonly [K in keyof T]: Tensor };
}

const filled = (like: Tensor, value: number): Tensor => expand(constant(like.gpu, value), like.shape);

function deliver(arrived: Map<Tensor, (Tensor[] | undefined)[]>, to: Tensor, output: number, gradient: Tensor): void {
  const slots = arrived.get(to) ?? [];
  (slots[output] ??= []).push(gradient);
  arrived.set(to, slots);
}

/** The sum of all contributions. Those of slices are padded with zeros; slices that tile an axis are concatenated instead. */
function total(parts: readonly Tensor[]): Tensor {
  if (parts.length > 1) {
    const tiles = parts.map(padded);
    const axis = tiles[0]?.axis;
    if (axis !== undefined && tiles.every((t) => t?.axis === axis)) {
      const sorted = (tiles as Tile[]).sort((a, b) => a.start - b.start);
      const end = sorted.reduce((at, t) => (t.start === at ? at + t.of.shape[axis]! : Number.NaN), 0);
      if (end === parts[0]!.shape[axis])
        return concat(
          sorted.map((t) => t.of),
          axis,
        );
    }
  }
  return parts.reduce((sum, part) => add(sum, part));
}

interface Tile {
  readonly of: Tensor;
  readonly axis: number;
  readonly start: number;
}

/** What `x` pads with zeros, along which axis, and where it starts; null if `x` is no such padding. */
function padded(x: Tensor): Tile | null {
  if (x.source.kind !== "concat") return null;
  const { inputs, axis } = x.source;
  const isFiller = (t: Tensor) =>
    t.source.kind === "view" && t.source.inputs[0].source.kind === "constant" && t.source.inputs[0].source.value === 0;
  const real = inputs.filter((t) => !isFiller(t));
  if (real.length !== 1) return null;
  const before = inputs.indexOf(real[0]!) === 0 ? 0 : inputs[0]!.shape[axis]!;
  return { of: real[0]!, axis, start: before };
}

/** Those of `order` (outputs first) that depend on a target. */
function dependents(
  order: readonly Tensor[],
  targets: readonly Tensor[],
  originOf: (x: Tensor) => Origin,
): Set<Tensor> {
  const found = new Set<Tensor>(targets);
  for (const node of [...order].reverse()) if (originOf(node).parents.some((p) => found.has(p))) found.add(node);
  return found;
}

/** Everything that `output` depends on, each node before its parents. */
const outputsFirst = (output: Tensor, originOf: (x: Tensor) => Origin): Tensor[] =>
  inputsFirst([output], (node) => [...originOf(node).parents].reverse()).reverse();
