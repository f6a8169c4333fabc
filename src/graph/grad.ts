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
 * A loss that was read can be differentiated while the tensors it was computed from live; disposed ones count as constants.
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
  const known = new Map<Tensor, Origin>();
  const originOf = (node: Tensor): Origin => {
    let how = known.get(node);
    if (!how) known.set(node, (how = node.provenance?.open() ?? node));
    return how;
  };
  const order = outputsFirst(loss, originOf);
  const used = new Set(order);
  // an unused view as target: differentiate its base, and take the view's part (as for a model's two heads)
  const sources = targets.map((target) => {
    let source: Tensor = target;
    while (!used.has(source) && source.source.kind === "view" && source.parents[0]) source = source.parents[0];
    if (source === target || !used.has(source)) return target;
    check(
      inOrder(source) && inOrder(target),
      "argument",
      where,
      () => `the loss uses what a target ${show(target.shape)} is a reordering of. Give that tensor itself.`,
    );
    return source;
  });
  const needed = dependents(order, sources, originOf);
  // tensor → per output: the gradients that its users contributed
  const arrived = new Map<Tensor, (Tensor[] | undefined)[]>([[loss, [[filled(loss, 1)]]]]);
  for (const node of order) {
    const contributions = arrived.get(node);
    const { source, parents, vjp } = originOf(node);
    if (!contributions || !parents.some((parent) => needed.has(parent))) continue;
    // replaced by its total, which a target that is also an inner node needs once more
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

/** The sum of all contributions. Zero-padded parts that tile an axis are concatenated instead: no zeros are added. */
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

/** The tensor that a `pad` with zeros put at `start` of `axis`, if `x` is one. */
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

/** The graph under `root`, every node before its parents. */
const outputsFirst = (output: Tensor, originOf: (x: Tensor) => Origin): Tensor[] =>
  inputsFirst([output], (node) => [...originOf(node).parents].reverse()).reverse();
