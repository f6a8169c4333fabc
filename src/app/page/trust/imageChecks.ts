import { avgPool2d, conv2d, grad, maxPool2d, slice, square, sum, type Tensor } from "../../../index.ts";
import { type Check, range, total } from "../../../program/selfTest.ts";
import { gamma } from "./gamma.ts";

// images [BATCH, IN, SIDE, SIDE] are the first numbers of x, weights [OUT, IN, 3, 3] those after them
const [BATCH, IN, OUT, SIDE] = [2, 6, 5, 8];
const PIXELS = BATCH * IN * SIDE * SIDE;
const WEIGHTS = OUT * IN * 9;
const imagesOf = (x: Tensor): Tensor => slice(x.reshape([x.size]), 0, 0, PIXELS).reshape([BATCH, IN, SIDE, SIDE]);
const weightsOf = (x: Tensor): Tensor =>
  slice(x.reshape([x.size]), 0, PIXELS, PIXELS + WEIGHTS).reshape([OUT, IN, 3, 3]);
const pixel = (x: Float64Array, n: number, c: number, i: number, j: number): number =>
  i < 0 || j < 0 || i >= SIDE || j >= SIDE ? 0 : x[((n * IN + c) * SIDE + i) * SIDE + j]!;
const weight = (x: Float64Array, o: number, c: number, p: number, q: number): number =>
  x[PIXELS + ((o * IN + c) * 3 + p) * 3 + q]!;
/** The indices of element `i` in `shape`. */
const places = (i: number, shape: readonly number[]): number[] =>
  shape.map((size, axis) => Math.floor(i / shape.slice(axis + 1).reduce((a, b) => a * b, 1)) % size);
const TAPS = range(9).map((k) => [Math.floor(k / 3), k % 3] as const);

/** y[n,o,i,j] of a convolution by 3 × 3 weights with a border of one pixel. */
const convolved = (x: Float64Array, stride: number, n: number, o: number, i: number, j: number): number =>
  total(
    range(IN).flatMap((c) =>
      TAPS.map(([p, q]) => weight(x, o, c, p, q) * pixel(x, n, c, i * stride + p - 1, j * stride + q - 1)),
    ),
  );

/** A convolution with a stride, and both gradients of half the sum of its squares: the gradient of y is y. */
function convolutions(stride: number): Check[] {
  const size = SIDE / stride;
  const named = stride > 1 ? `, stride ${stride}` : "";
  const convolution = (x: Tensor, w: Tensor): Tensor => conv2d(x, w, { stride, padding: 1 });
  const gradient = (x: Tensor, of: 0 | 1): Tensor => {
    const inputs = [imagesOf(x), weightsOf(x)] as const;
    return grad(sum(square(convolution(...inputs))).mul(0.5), [inputs[of]])[0]!;
  };
  const y = (x: Float64Array, n: number, o: number, i: number, j: number): number =>
    Number.isInteger(i) && Number.isInteger(j) && Math.min(i, j) >= 0 && Math.max(i, j) < size
      ? convolved(x, stride, n, o, i, j)
      : 0;
  return [
    {
      name: `convolution${named}`,
      run: (x) => convolution(imagesOf(x), weightsOf(x)),
      expected: (x, k) => y(x, ...(places(k, [BATCH, OUT, size, size]) as [number, number, number, number])),
      tolerance: gamma(9 * IN),
    },
    {
      name: `its gradient by images${named}`,
      run: (x) => gradient(x, 0),
      expected: (x, k) => {
        const [n, c, i, j] = places(k, [BATCH, IN, SIDE, SIDE]) as [number, number, number, number];
        return total(
          range(OUT).flatMap((o) =>
            TAPS.map(([p, q]) => weight(x, o, c, p, q) * y(x, n, o, (i + 1 - p) / stride, (j + 1 - q) / stride)),
          ),
        );
      },
      tolerance: gamma(9 * IN + 9 * OUT),
    },
    {
      name: `its gradient by weights${named}`,
      run: (x) => gradient(x, 1),
      expected: (x, k) => {
        const [o, c, p, q] = places(k, [OUT, IN, 3, 3]) as [number, number, number, number];
        return total(
          range(BATCH * size * size).map((at) => {
            const [n, i, j] = places(at, [BATCH, size, size]) as [number, number, number];
            return y(x, n, o, i, j) * pixel(x, n, c, i * stride + p - 1, j * stride + q - 1);
          }),
        );
      },
      tolerance: gamma(9 * IN + BATCH * size * size),
    },
  ];
}

/** Pixels of 2 × 2 that a pool looks at. */
const pooled = (x: Float64Array, k: number): number[] => {
  const [n, c, i, j] = places(k, [BATCH, IN, SIDE / 2, SIDE / 2]) as [number, number, number, number];
  return range(4).map((at) => pixel(x, n, c, 2 * i + (at >> 1), 2 * j + (at & 1)));
};

/** Kernels that see images: convolutions, their gradients, pools. */
export const imageChecks: readonly Check[] = [
  ...convolutions(1),
  ...convolutions(2),
  {
    name: "maximum of 2 × 2 pixels",
    run: (x) => maxPool2d(imagesOf(x), 2),
    expected: (x, k) => Math.max(...pooled(x, k)),
    tolerance: 0,
  },
  {
    name: "mean of 2 × 2 pixels",
    run: (x) => avgPool2d(imagesOf(x), 2),
    expected: (x, k) => total(pooled(x, k)) / 4,
    tolerance: gamma(4),
  },
];
