import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, at, count, nd, type Nd } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

/** A convolution along any number of axes; one entry of each list per axis. */
interface Geometry {
  readonly stride: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly dilation: readonly number[];
  readonly groups?: number;
}

function convolved(x: Nd, w: Nd, bias: Nd, { stride, padding, dilation, groups = 1 }: Geometry): Nd {
  const taps = w.shape.slice(2);
  const sizes = taps.map((k, d) => {
    const padded = x.shape[d + 2]! + padding[d]![0] + padding[d]![1];
    return Math.floor((padded - (k - 1) * dilation[d]! - 1) / stride[d]!) + 1;
  });
  const [out, channels] = [w.shape[0]!, w.shape[1]!];
  const tap = nd([channels, ...taps], () => 0);
  return nd([x.shape[0]!, out, ...sizes], ([n, o, ...place]) => {
    let sum = at(bias, [o!]);
    nd(tap.shape, ([c, ...p]) => {
      const from = place.map((i, d) => i * stride[d]! + p[d]! * dilation[d]! - padding[d]![0]);
      if (from.every((i, d) => i >= 0 && i < x.shape[d + 2]!))
        sum += at(w, [o!, c!, ...p]) * at(x, [n!, Math.floor(o! / (out / groups)) * channels + c!, ...from]);
      return 0;
    });
    return sum;
  });
}

const row = (op: string, x: readonly number[], w: readonly number[], run: Row["run"], g: Geometry): Row => ({
  op,
  inputs: [{ shape: x }, { shape: w }, { shape: [w[0]!] }],
  run,
  reference: (a, b, bias) => convolved(a!, b!, bias!, g),
  scale: (a, b, bias) => convolved(absolute(a!), absolute(b!), absolute(bias!), g),
  ulps: count(w.slice(1)) + 1,
  why: "γ of the terms, on Σ|w·x| + |bias|",
});

const rows: Row[] = [
  row("conv1d", [2, 3, 9], [4, 3, 3], (x, w, bias) => ops.conv1d(x!, w!, { bias: bias!, padding: 1 }), {
    stride: [1],
    padding: [[1, 1]],
    dilation: [1],
  }),
  row(
    "conv1d",
    [1, 4, 12],
    [6, 2, 3],
    (x, w, bias) => ops.conv1d(x!, w!, { bias: bias!, stride: 2, padding: [0, 3], dilation: 2, groups: 2 }),
    { stride: [2], padding: [[0, 3]], dilation: [2], groups: 2 },
  ),
  row("conv1d", [1, 2, 7], [3, 2, 4], (x, w, bias) => ops.conv1d(x!, w!, { bias: bias!, padding: "same" }), {
    stride: [1],
    padding: [[1, 2]],
    dilation: [1],
  }),
  row(
    "conv2d",
    [1, 2, 7, 6],
    [3, 2, 3, 2],
    (x, w, bias) => ops.conv2d(x!, w!, { bias: bias!, padding: "same", stride: 2 }),
    {
      stride: [2, 2],
      padding: [
        [1, 1],
        [0, 0],
      ],
      dilation: [1, 1],
    },
  ),
  row(
    "conv2d",
    [1, 2, 8, 5],
    [3, 2, 3, 3],
    (x, w, bias) => ops.conv2d(x!, w!, { bias: bias!, padding: "same", stride: [2, 3], dilation: [1, 2] }),
    {
      stride: [2, 3],
      padding: [
        [0, 1],
        [1, 2],
      ],
      dilation: [1, 2],
    },
  ),
  row(
    "conv2d",
    [1, 2, 5, 6],
    [2, 2, 3, 3],
    (x, w, bias) => ops.conv2d(x!, w!, { bias: bias!, padding: [0, 2, 1, 0] }),
    {
      stride: [1, 1],
      padding: [
        [0, 2],
        [1, 0],
      ],
      dilation: [1, 1],
    },
  ),
  row("conv3d", [2, 2, 4, 5, 6], [3, 2, 3, 2, 3], (x, w, bias) => ops.conv3d(x!, w!, { bias: bias!, padding: 1 }), {
    stride: [1, 1, 1],
    padding: [
      [1, 1],
      [1, 1],
      [1, 1],
    ],
    dilation: [1, 1, 1],
  }),
  row(
    "conv3d",
    [1, 4, 7, 6, 5],
    [4, 2, 2, 3, 1],
    (x, w, bias) =>
      ops.conv3d(x!, w!, {
        bias: bias!,
        stride: [2, 1, 3],
        padding: [1, 0, 2, 0, 0, 1],
        dilation: [3, 2, 1],
        groups: 2,
      }),
    {
      stride: [2, 1, 3],
      padding: [
        [1, 0],
        [2, 0],
        [0, 1],
      ],
      dilation: [3, 2, 1],
      groups: 2,
    },
  ),
  row(
    "conv3d",
    [1, 1, 5, 4, 4],
    [2, 1, 2, 3, 3],
    (x, w, bias) => ops.conv3d(x!, w!, { bias: bias!, stride: 2, padding: "same" }),
    {
      stride: [2, 2, 2],
      padding: [
        [0, 1],
        [0, 1],
        [0, 1],
      ],
      dilation: [1, 1, 1],
    },
  ),
];

export const volumes: Family = {
  rows,
  refusals: [
    {
      op: "conv1d",
      call: (gpu) => ops.conv1d(numbers(gpu, [1, 1, 4, 4]), numbers(gpu, [1, 1, 3])),
      code: "shape",
      message: "conv1d: expected x [batch, in, length] and w [out, in/groups, k]; got [1, 1, 4, 4] and [1, 1, 3].",
    },
    {
      op: "conv1d",
      call: (gpu) => ops.conv1d(numbers(gpu, [1, 1, 4]), numbers(gpu, [1, 1, 3]), { padding: [1, 2, 3] as never }),
      code: "argument",
      message: 'conv1d: padding out of range. Expected an integer ≥ 0, [before, after] or "same"; got 1,2,3.',
    },
    {
      op: "conv3d",
      call: (gpu) => ops.conv3d(numbers(gpu, [1, 1, 4, 4, 4]), numbers(gpu, [1, 1, 3, 3])),
      code: "shape",
      message:
        "conv3d: expected x [batch, in, depth, height, width] and w [out, in/groups, kd, kh, kw]; got [1, 1, 4, 4, 4] and [1, 1, 3, 3].",
    },
    {
      op: "conv3d",
      call: (gpu) => ops.conv3d(numbers(gpu, [1, 1, 2, 4, 4]), numbers(gpu, [1, 1, 3, 3, 3])),
      code: "shape",
      message: "conv3d: the kernel is deeper than the padded input. Expected at most 2 slices; got 3.",
    },
    {
      op: "conv3d",
      call: (gpu) => ops.conv3d(numbers(gpu, [1, 1, 4, 4, 4]), numbers(gpu, [1, 1, 3, 3, 3]), { stride: [1, 2, 0] }),
      code: "argument",
      message: "conv3d: stride out of range. Expected an integer ≥ 1 or three of them; got [1,2,0].",
    },
  ],
};
