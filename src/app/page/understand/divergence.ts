/**
 * KL(N(m, diag (t·s)²) ‖ N(0, I)) in nats, for a code of means m and log-variances ln s² whose deviations are multiplied by t:
 *
 *     ½ Σ_j (m_j² + t²·s_j² − 1 − ln(t²·s_j²))
 */
export function divergence(mean: ArrayLike<number>, logVar: ArrayLike<number>, factor: number): number {
  let total = 0;
  for (let j = 0; j < mean.length; j++) {
    const log = logVar[j]! + 2 * Math.log(factor);
    total += mean[j]! ** 2 + Math.exp(log) - 1 - log;
  }
  return total / 2;
}

/** Mean of numbers, and its standard error where they are independent draws. */
export function meanOf(values: ArrayLike<number>): { readonly mean: number; readonly error: number } {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i]! / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  return { mean, error: Math.sqrt(squares / (n * Math.max(1, n - 1))) };
}
