import { check, LatentError } from "../device/errors.ts";

/** Allowed asymmetry, relative: float32 rounding of equal numbers (6e-8) with a wide margin. */
const ASYMMETRY = 1e-5;

/**
 * Throws LatentError("data") naming the first pair of entries of a [n, n] (from `at` on, row-major) that differ by more than
 * 10⁻⁵ · √(a_ii · a_jj).
 */
export function checkSymmetric(where: string, a: ArrayLike<number>, n: number, at = 0, name = "covariance"): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const [low, high] = [a[at + i * n + j]!, a[at + j * n + i]!];
      if (low === high) continue;
      const size = Math.sqrt(Math.abs(a[at + i * n + i]! * a[at + j * n + j]!));
      check(
        Math.abs(low - high) <= ASYMMETRY * size,
        "data",
        where,
        () =>
          `${name} is not symmetric. Expected equal values at [${i}, ${j}] and [${j}, ${i}]; got ${low} and ${high}.`,
      );
    }
}

/**
 * Cholesky factor l of a symmetric [n, n] in float64 on the CPU:  a = l·lᵀ, lower triangular, row-major; only a's lower triangle is read.
 * A pivot that is not above least(i) ends it: the result is then that pivot's index and value.
 */
export function factorOf(
  a: Float64Array,
  n: number,
  least: (i: number) => number,
): Float64Array | { readonly pivot: number; readonly value: number } {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = a[i * n + j]!;
      for (let k = 0; k < j; k++) rest -= l[i * n + k]! * l[j * n + k]!;
      if (i !== j) l[i * n + j] = rest / l[j * n + j]!;
      else if (rest > least(i)) l[i * n + i] = Math.sqrt(rest);
      else return { pivot: i, value: rest };
    }
  }
  return l;
}

/** l⁻¹ of a lower triangular [n, n], in float64 on the CPU. */
export function inverseOfTriangle(l: ArrayLike<number>, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let j = 0; j < n; j++)
    for (let i = j; i < n; i++) {
      let rest = i === j ? 1 : 0;
      for (let k = j; k < i; k++) rest -= l[i * n + k]! * inverse[k * n + j]!;
      inverse[i * n + j] = rest / l[i * n + i]!;
    }
  return inverse;
}

/** Rounding explains a negative pivot down to −this · the largest variance. */
const INDEFINITE = 1e-4;
/** Up to so many features every pivot is looked at; beyond, each pair of features alone. */
const PIVOTED = 256;

/**
 * Throws LatentError("data") naming what shows that a symmetric [n, n] has a negative eigenvalue: a negative variance, a covariance
 * beyond √(a_ii · a_jj), or a pivot of its factorisation. Rounding (10⁻⁴ of the largest variance) is let through.
 */
export function checkSemidefinite(where: string, a: Float64Array, n: number): void {
  let most = 0;
  for (let i = 0; i < n; i++) most = Math.max(most, a[i * n + i]!);
  const slack = INDEFINITE * most;
  const refuse = (what: string): never => {
    throw new LatentError(
      "data",
      `${where}: covariance is not positive semidefinite: ${what}. Expected a matrix without negative eigenvalues.`,
    );
  };
  for (let i = 0; i < n; i++) {
    if (a[i * n + i]! < -slack || (most === 0 && a[i * n + i] !== 0)) refuse(`variance ${i} is ${a[i * n + i]}`);
    for (let j = 0; j < i; j++) {
      const bound = Math.sqrt(Math.max(0, a[i * n + i]!) * Math.max(0, a[j * n + j]!));
      if (Math.abs(a[i * n + j]!) > bound + slack)
        refuse(`value [${i}, ${j}] is ${a[i * n + j]}, beyond √(variances) = ${bound}`);
    }
  }
  if (n > PIVOTED) return;
  // Schur complements, the largest pivot first, until what is left is rounding
  const rest = a.slice();
  const open = new Set(Array.from({ length: n }, (_, i) => i));
  while (open.size > 0) {
    let pivot = -1;
    for (const i of open) if (pivot < 0 || rest[i * n + i]! > rest[pivot * n + pivot]!) pivot = i;
    const size = rest[pivot * n + pivot]!;
    if (!(size > slack / 100)) {
      for (const i of open)
        for (const j of open)
          if (Math.abs(rest[i * n + j]!) > slack) refuse(`features ${j} and ${i} go together more than they vary`);
      break;
    }
    open.delete(pivot);
    for (const i of open) {
      const factor = rest[i * n + pivot]! / size;
      if (factor === 0) continue;
      for (const j of open) rest[i * n + j]! -= factor * rest[pivot * n + j]!;
      if (rest[i * n + i]! < -slack) refuse(`pivot ${i} is ${rest[i * n + i]}`);
    }
  }
}
