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
