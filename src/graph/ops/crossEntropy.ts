import { check, checkOptions, show } from "../../device/errors.ts";
import { checkTensor } from "../operand.ts";
import { checkFloat, checkShape, constant, recordMap } from "../record.ts";
import { count, isFloat, sameShape } from "../dtype.ts";
import type { Tensor } from "../tensor.ts";
import { add, div, equal, less, mul, neg, sub, where } from "./arithmetic.ts";
import { cast } from "./cast.ts";
import { reshape } from "./shape.ts";
import { logSoftmax } from "./softmax.ts";
import { sum } from "./sum.ts";

/** What crossEntropy takes. */
export interface CrossEntropyOptions {
  /** What each class counts, [classes]; 1 each by default. */
  readonly weights?: Tensor;
  /** Places of this class do not count; −100 by default. Of targets that are classes only. */
  readonly ignoreIndex?: number;
  /** How much of a target's probability is shared out evenly over all classes: in [0, 1], 0 by default. */
  readonly labelSmoothing?: number;
  /** "mean" (by default), "sum", or "none" for one value a place. */
  readonly reduction?: "mean" | "sum" | "none";
}

const KNOWN = ["weights", "ignoreIndex", "labelSmoothing", "reduction"];

/**
 * −Σ_c t_c · log softmax(logits)_c in nats, PyTorch's cross_entropy.
 *
 * logits: [classes], [n, classes] or [n, classes, d1, …]. targets: classes, i32 or u32 of that shape without its classes, or
 * probabilities, f32 of that shape. The mean over classes is weighted: Σ w_t·loss / Σ w_t; that over probabilities is not. A class
 * that does not exist, and is not ignored, gives NaN. Throws LatentError("shape") or ("argument").
 *
 *     await crossEntropy(gpu.tensor([[0, 0]]), gpu.tensor(Int32Array.of(1))).item(); // 0.6931
 */
export function crossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  checkTensor("crossEntropy", logits);
  checkTensor("crossEntropy", targets);
  checkOptions("crossEntropy", options, KNOWN);
  const { weights, ignoreIndex = -100, labelSmoothing = 0, reduction = "mean" } = options;
  checkFloat("crossEntropy", logits, "f32 logits");
  const axis = logits.rank === 1 ? 0 : 1;
  const places = logits.shape.toSpliced(axis, 1);
  const given = isFloat(targets.dtype);
  check(
    logits.rank > 0 && sameShape(targets.shape, given ? logits.shape : places),
    "shape",
    "crossEntropy",
    () =>
      `shapes do not fit. Expected logits [n, classes, …], and targets as probabilities of that shape or as whole classes [n, …]; got ${show(logits.shape)} and ${targets.dtype} ${show(targets.shape)}.`,
  );
  check(
    targets.dtype !== "u8",
    "argument",
    "crossEntropy",
    () => "expected targets that are f32, i32 or u32; got u8. Read bytes with bytes() and cast().",
  );
  check(
    labelSmoothing >= 0 && labelSmoothing <= 1,
    "argument",
    "crossEntropy",
    () => `expected labelSmoothing in [0, 1]; got ${labelSmoothing}.`,
  );
  check(
    Number.isInteger(ignoreIndex),
    "argument",
    "crossEntropy",
    () => `expected a whole ignoreIndex; got ${ignoreIndex}.`,
  );
  check(
    ["mean", "sum", "none"].includes(reduction),
    "argument",
    "crossEntropy",
    () => `unknown reduction. Expected "mean", "sum" or "none"; got ${String(reduction)}.`,
  );
  const classes = logits.shape[axis]!;
  if (weights) checkShape("crossEntropy", "weights", weights, [classes]);
  const factor = weights && reshape(weights, [classes, ...logits.shape.slice(axis + 1).map(() => 1)]);
  const weighted = (x: Tensor): Tensor => (factor ? mul(x, factor) : x);
  const logs = weighted(logSoftmax(logits, axis));
  const total = (x: Tensor): Tensor => sum(x, axis);
  if (given) {
    const targetProbabilities = labelSmoothing
      ? add(mul(targets, 1 - labelSmoothing), labelSmoothing / classes)
      : targets;
    return reduced(neg(total(mul(targetProbabilities, logs))), count(places), reduction);
  }
  const words = cast(targets, "u32");
  const ignored = equal(words, ignoreIndex >>> 0);
  const hit = equal(positions(logits, axis), reshape(words, logits.shape.with(axis, 1)));
  // not a product: log 0 of another class does not count
  const own = neg(total(where(hit, logs, 0)));
  const mixed = labelSmoothing ? sub(mul(own, 1 - labelSmoothing), mul(total(logs), labelSmoothing / classes)) : own;
  const losses = where(ignored, 0, where(less(words, classes), mixed, Number.NaN));
  const counted = weights ? total(weighted(hit)) : constant(logits.gpu, 1);
  return reduced(losses, () => sum(where(ignored, 0, counted)), reduction);
}

function reduced(losses: Tensor, counted: number | (() => Tensor), reduction: string): Tensor {
  if (reduction === "none") return losses;
  const all = sum(losses);
  return reduction === "sum" ? all : div(all, typeof counted === "number" ? counted : counted());
}

/** Each element's own class, as u32. */
const positions = (logits: Tensor, axis: number): Tensor =>
  recordMap(
    "crossEntropy",
    "position",
    [count(logits.shape.slice(axis + 1)), logits.shape[axis]!].map((n) => constant(logits.gpu, n, "u32")),
    null,
    logits.shape,
  );
