/** An ellipse by its semi-axes and the angle of the longer one against x, in radians. */
export interface Ellipse {
  readonly long: number;
  readonly short: number;
  readonly angle: number;
}

/**
 * Where (x − μ)ᵀ Σ⁻¹ (x − μ) = deviations², for a covariance [2, 2] row-major: the semi-axes are `deviations` times the roots of Σ's
 * eigenvalues  ½ (a + d ± √((a − d)² + 4b²)).
 */
export function ellipseOf([a, b, , d]: ArrayLike<number> & Iterable<number>, deviations: number): Ellipse {
  const [xx, xy, yy] = [a!, b!, d!];
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  return {
    long: deviations * Math.sqrt(Math.max(0, middle + half)),
    short: deviations * Math.sqrt(Math.max(0, middle - half)),
    angle: 0.5 * Math.atan2(2 * xy, xx - yy),
  };
}
