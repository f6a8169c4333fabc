import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, at, each, nd, type Nd, reshaped } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

interface Geometry {
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly groups?: number;
}

/** Visits every product of a convolution: places in y, w and x. */
function visit(
  x: readonly number[],
  w: readonly number[],
  y: readonly number[],
  g: Geometry,
  f: (y: number[], w: number[], x: number[]) => void,
): void {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = g;
  const each_ = w[1]!;
  const outEach = w[0]! / groups;
  nd([...y, each_, w[2]!, w[3]!], ([n, o, i, j, c, p, q]) => {
    const [row, column] = [i! * stride + p! * dilation - padding, j! * stride + q! * dilation - padding];
    if (row >= 0 && row < x[2]! && column >= 0 && column < x[3]!)
      f([n!, o!, i!, j!], [o!, c!, p!, q!], [n!, Math.floor(o! / outEach) * each_ + c!, row, column]);
    return 0;
  });
}

const place = (shape: readonly number[], index: readonly number[]): number =>
  index.reduce((flat, i, d) => flat * shape[d]! + i, 0);

const outputOf = (extent: number, kernel: number, { stride = 1, padding = 0, dilation = 1 }: Geometry): number =>
  Math.floor((extent + 2 * padding - (kernel - 1) * dilation - 1) / stride) + 1;

function convolved(x: Nd, w: Nd, g: Geometry): Nd {
  const shape = [
    x.shape[0]!,
    w.shape[0]!,
    outputOf(x.shape[2]!, w.shape[2]!, g),
    outputOf(x.shape[3]!, w.shape[3]!, g),
  ];
  const y = new Float64Array(shape.reduce((a, b) => a * b, 1));
  visit(x.shape, w.shape, shape, g, (iy, iw, ix) => (y[place(shape, iy)]! += at(w, iw) * at(x, ix)));
  return { shape, data: y };
}

/** The gradient of a convolution by its input, as an op of its own. */
function transposed(x: Nd, w: Nd, g: Geometry & { readonly outputPadding?: number }): Nd {
  const { stride = 1, padding = 0, dilation = 1, groups = 1, outputPadding = 0 } = g;
  const size = (n: number, k: number) => (n - 1) * stride - 2 * padding + (k - 1) * dilation + outputPadding + 1;
  const shape = [x.shape[0]!, w.shape[1]! * groups, size(x.shape[2]!, w.shape[2]!), size(x.shape[3]!, w.shape[3]!)];
  const y = new Float64Array(shape.reduce((a, b) => a * b, 1));
  visit(shape, w.shape, x.shape, g, (ix, iw, iy) => (y[place(shape, iy)]! += at(w, iw) * at(x, ix)));
  return { shape, data: y };
}

const biased = (y: Nd, bias: Nd): Nd => each((a, b) => a + b, y, reshaped(bias, [bias.data.length, 1, 1]));

const CONVOLUTIONS: readonly (readonly [x: readonly number[], w: readonly number[], g: Geometry])[] = [
  [[1, 1, 1, 1], [1, 1, 1, 1], {}],
  [[2, 3, 5, 7], [4, 3, 3, 3], { padding: 1 }],
  [[2, 3, 8, 9], [5, 3, 3, 2], { stride: 2 }],
  [[1, 4, 9, 9], [6, 2, 3, 3], { padding: 2, dilation: 2, groups: 2 }],
  [[2, 4, 6, 6], [4, 1, 3, 3], { padding: 1, groups: 4 }],
  [[1, 17, 8, 8], [33, 17, 4, 4], { stride: 2, padding: 1 }],
];

const convolutions: Row[] = CONVOLUTIONS.flatMap(([x, w, g]): Row[] => {
  const flipped = [x[0]!, w[0]!, ...x.slice(2)];
  const terms = w[1]! * w[2]! * w[3]!;
  const reversed = (w[0]! / (g.groups ?? 1)) * w[2]! * w[3]!;
  return [
    {
      op: "conv2d",
      inputs: [{ shape: x }, { shape: w }, { shape: [w[0]!] }],
      run: (a, b, bias) => ops.conv2d(a!, b!, { ...g, bias: bias! }),
      reference: (a, b, bias) => biased(convolved(a!, b!, g), bias!),
      scale: (a, b, bias) => biased(convolved(absolute(a!), absolute(b!), g), absolute(bias!)),
      ulps: terms + 1,
      why: "γ of the terms, on Σ|w·x| + |bias|",
    },
    {
      op: "convTranspose2d",
      inputs: [{ shape: flipped }, { shape: w }],
      run: (a, b) => ops.convTranspose2d(a!, b!, { ...g, outputPadding: (g.stride ?? 1) - 1 }),
      reference: (a, b) => transposed(a!, b!, { ...g, outputPadding: (g.stride ?? 1) - 1 }),
      scale: (a, b) => transposed(absolute(a!), absolute(b!), { ...g, outputPadding: (g.stride ?? 1) - 1 }),
      ulps: reversed,
      why: "γ of the terms, on Σ|w·x|",
    },
  ];
});

export const images: Family = {
  rows: convolutions,
  refusals: [
    {
      op: "conv2d",
      call: (gpu) => ops.conv2d(numbers(gpu, [1, 3, 5, 5]), numbers(gpu, [4, 2, 3, 3])),
      code: "shape",
      message: "conv2d: channels differ. Expected x with 2 channels (w [4, 2, 3, 3], 1 groups); got x [1, 3, 5, 5].",
    },
    {
      op: "conv2d",
      call: (gpu) => ops.conv2d(numbers(gpu, [1, 1, 2, 2]), numbers(gpu, [1, 1, 3, 3])),
      code: "shape",
      message:
        "conv2d: the kernel is larger than the padded input. Expected a kernel within [2, 2]; got one that spans [3, 3].",
    },
    {
      op: "conv2d",
      call: (gpu) => ops.conv2d(numbers(gpu, [1, 1, 4, 4]), numbers(gpu, [1, 1, 3, 3]), { stride: 0 }),
      code: "argument",
      message: "conv2d: stride out of range. Expected an integer ≥ 1 or a pair of them; got 0.",
    },
    {
      op: "convTranspose2d",
      call: (gpu) => ops.convTranspose2d(numbers(gpu, [1, 3, 5, 5]), numbers(gpu, [2, 4, 3, 3])),
      code: "shape",
      message: "convTranspose2d: channels differ. Expected x with 2 channels (w [2, 4, 3, 3]); got x [1, 3, 5, 5].",
    },
    {
      op: "convTranspose2d",
      call: (gpu) => ops.convTranspose2d(numbers(gpu, [1, 1, 5, 5]), numbers(gpu, [1, 1, 3, 3]), { outputPadding: 1 }),
      code: "argument",
      message:
        "convTranspose2d: outputPadding out of range. Expected less than the stride [1, 1] or the dilation [1, 1]; got [1, 1].",
    },
  ],
};
