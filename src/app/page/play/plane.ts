/** A plane through a point of the codes' space: z = rest + a·u + b·v, with u and v of unit length and at right angles. */
export interface Plane {
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** Coordinates on the plane are shown from −HALF_WIDTH to HALF_WIDTH; codes of images are about N(0, 1) in each. */
export const HALF_WIDTH = 3;

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
};

/** The plane of latents i and j, two different ones. */
export function planeOfLatents(latent: number, i: number, j: number): Plane {
  const axis = (at: number) => Float32Array.from({ length: latent }, (_, k) => (k === at ? 1 : 0));
  return { u: axis(i), v: axis(j) };
}

/** The plane of two rows [2, latent], which are at right angles. */
export const planeOfRows = (rows: Float32Array): Plane => ({
  u: rows.slice(0, rows.length / 2),
  v: rows.slice(rows.length / 2),
});

/** Where a code lies on the plane: its foot, a and b. */
export const coordinates = ({ u, v }: Plane, z: ArrayLike<number>): [a: number, b: number] => [dot(u, z), dot(v, z)];

/** The code that has coordinates a and b on the plane through z. */
export function codeAt(plane: Plane, z: Float32Array, a: number, b: number): Float32Array<ArrayBuffer> {
  const [a0, b0] = coordinates(plane, z);
  return Float32Array.from(z, (value, k) => value + (a - a0) * plane.u[k]! + (b - b0) * plane.v[k]!);
}

/** What of z stands at right angles to the plane: equal for codes whose planes are the same. */
export const rest = (plane: Plane, z: Float32Array): Float32Array<ArrayBuffer> => codeAt(plane, z, 0, 0);

/** Codes at the centres of columns × columns cells of the plane through z, the first row the top, b = HALF_WIDTH: [columns², latent]. */
export function cells(plane: Plane, z: Float32Array, columns: number): Float32Array<ArrayBuffer> {
  const all = new Float32Array(columns * columns * z.length);
  const at = (i: number): number => (((i + 0.5) / columns) * 2 - 1) * HALF_WIDTH;
  for (let row = 0; row < columns; row++)
    for (let column = 0; column < columns; column++)
      all.set(codeAt(plane, z, at(column), -at(row)), (row * columns + column) * z.length);
  return all;
}
