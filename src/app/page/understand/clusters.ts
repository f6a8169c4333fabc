import { normalOf, unitUniforms } from "../../../data/philox.ts";

/** `n` standard normal numbers, the same for the same seed. */
export function normals(n: number, seed: number): Float64Array {
  const [first, second] = [unitUniforms(n, seed, 0), unitUniforms(n, seed, 1)];
  return Float64Array.from(first, (u, i) => normalOf(u, second[i]!));
}

/** Three clusters that no circle fits: a middle and a matrix [2, 2] that standard normal numbers are multiplied by. */
const CLUSTERS = [
  { middle: [-1.9, 1.3], factor: [0.9, 0.5, 0, 0.3] },
  { middle: [1.7, 1.6], factor: [0.35, 0, -0.25, 0.7] },
  { middle: [0.3, -1.7], factor: [1.0, 0, 0.1, 0.45] },
] as const;

/** Points of each cluster. */
const EACH = 50;

/** Points of three clusters, [150, 2]. */
export function clusteredPoints(): Float32Array<ArrayBuffer> {
  const noise = normals(2 * EACH * CLUSTERS.length, 3);
  const points = new Float32Array(noise.length);
  for (let i = 0; 2 * i < points.length; i++) {
    const { middle, factor } = CLUSTERS[Math.floor(i / EACH)]!;
    const [u, v] = [noise[2 * i]!, noise[2 * i + 1]!];
    points[2 * i] = middle[0] + factor[0] * u + factor[1] * v;
    points[2 * i + 1] = middle[1] + factor[2] * u + factor[3] * v;
  }
  return points;
}
