/** Rows [n, d] with labels below `classes`. */
export interface Labelled {
  readonly x: Float64Array;
  readonly labels: ArrayLike<number>;
  readonly dim: number;
  readonly classes: number;
}

/** A classifier of rows. */
export type Classifier = (x: Float64Array) => Uint32Array;

/** The class whose mean is nearest; classes that never came are never said. */
export function nearestMean({ x, labels, dim, classes }: Labelled): Classifier {
  const [means, counts] = [new Float64Array(classes * dim), new Float64Array(classes)];
  for (let i = 0; i < labels.length; i++) {
    counts[labels[i]!]! += 1;
    for (let c = 0; c < dim; c++) means[labels[i]! * dim + c]! += x[i * dim + c]!;
  }
  for (let at = 0; at < means.length; at++) means[at]! /= counts[Math.floor(at / dim)]! || 1;
  return (rows) =>
    best(rows.length / dim, classes, (i, k) => {
      if (counts[k] === 0) return -Infinity;
      let total = 0;
      for (let c = 0; c < dim; c++) total -= (rows[i * dim + c]! - means[k * dim + c]!) ** 2;
      return total;
    });
}

function best(n: number, classes: number, score: (i: number, k: number) => number): Uint32Array {
  return Uint32Array.from({ length: n }, (_, i) => {
    let [top, place] = [-Infinity, 0];
    for (let k = 0; k < classes; k++) {
      const value = score(i, k);
      if (value > top) [top, place] = [value, k];
    }
    return place;
  });
}

/**
 * Multinomial logistic regression: least mean cross-entropy + penalty·|W|², biases free, by L-BFGS in float64 with backtracking.
 * Convex, so it depends on no seed. source: Nocedal & Wright, Numerical Optimization, 2006, algorithm 7.4
 */
export function logistic(data: Labelled, penalty: number, steps = 200): { classifier: Classifier; loss: number } {
  const { dim, classes } = data;
  const size = classes * (dim + 1);
  let w = new Float64Array(size);
  let { loss, slope } = lossOf(data, w, penalty);
  const pairs: { s: Float64Array; y: Float64Array; rho: number }[] = [];
  for (let step = 0; step < steps && norm(slope) > 1e-9; step++) {
    const direction = twoLoops(slope, pairs);
    const rate = dot(direction, slope);
    let length = step === 0 ? 1 / Math.max(1, norm(slope)) : 1;
    let [next, found] = [w, { loss, slope }];
    for (let tries = 0; tries < 40; tries++, length /= 2) {
      next = w.map((value, at) => value - length * direction[at]!);
      found = lossOf(data, next, penalty);
      if (found.loss <= loss - 1e-4 * length * rate) break;
    }
    if (!(found.loss < loss)) break;
    const [s, y] = [next.map((value, at) => value - w[at]!), found.slope.map((value, at) => value - slope[at]!)];
    if (dot(s, y) > 0) pairs.push({ s, y, rho: 1 / dot(s, y) });
    if (pairs.length > 10) pairs.shift();
    [w, loss, slope] = [next, found.loss, found.slope];
  }
  const score = (rows: Float64Array) => (i: number, k: number) => {
    let total = w[k * (dim + 1) + dim]!;
    for (let c = 0; c < dim; c++) total += w[k * (dim + 1) + c]! * rows[i * dim + c]!;
    return total;
  };
  return { loss, classifier: (rows) => best(rows.length / dim, classes, score(rows)) };
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let total = 0;
  for (let at = 0; at < a.length; at++) total += a[at]! * b[at]!;
  return total;
};
const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

/** The inverse Hessian's estimate times the slope. */
function twoLoops(slope: Float64Array, pairs: readonly { s: Float64Array; y: Float64Array; rho: number }[]) {
  const q = slope.slice();
  const steps: number[] = [];
  for (const { s, y, rho } of pairs.toReversed()) {
    const share = rho * dot(s, q);
    steps.push(share);
    for (let at = 0; at < q.length; at++) q[at]! -= share * y[at]!;
  }
  const last = pairs.at(-1);
  if (last) for (let at = 0; at < q.length; at++) q[at]! *= dot(last.s, last.y) / dot(last.y, last.y);
  for (const { s, y, rho } of pairs) {
    const gap = steps.pop()! - rho * dot(y, q);
    for (let at = 0; at < q.length; at++) q[at]! += gap * s[at]!;
  }
  return q;
}

function lossOf({ x, labels, dim, classes }: Labelled, w: Float64Array, penalty: number) {
  const n = labels.length;
  const slope = new Float64Array(w.length);
  const scores = new Float64Array(classes);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    let top = -Infinity;
    for (let k = 0; k < classes; k++) {
      let total = w[k * (dim + 1) + dim]!;
      for (let c = 0; c < dim; c++) total += w[k * (dim + 1) + c]! * x[i * dim + c]!;
      scores[k] = total;
      top = Math.max(top, total);
    }
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(scores[k]! - top);
    loss += (top + Math.log(sum) - scores[labels[i]!]!) / n;
    for (let k = 0; k < classes; k++) {
      const gap = (Math.exp(scores[k]! - top) / sum - Number(k === labels[i])) / n;
      const row = k * (dim + 1);
      for (let c = 0; c < dim; c++) slope[row + c]! += gap * x[i * dim + c]!;
      slope[row + dim]! += gap;
    }
  }
  for (let at = 0; at < w.length; at++) {
    if (at % (dim + 1) === dim) continue;
    loss += penalty * w[at]! ** 2;
    slope[at]! += 2 * penalty * w[at]!;
  }
  return { loss, slope };
}
