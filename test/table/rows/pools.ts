import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, at, nd, type Nd } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

interface Pool {
  readonly kernel: number | readonly [number, number];
  readonly stride?: number;
  readonly padding?: readonly [number, number, number, number];
  readonly dilation?: number;
  readonly ceil?: boolean;
}

/** The places that window i covers: those of the image, and how many lie in the image and its padding. */
interface Taps {
  readonly inside: readonly number[];
  readonly padded: number;
}

function axis(n: number, d: 0 | 1, p: Pool): Taps[] {
  const kernel = typeof p.kernel === "number" ? p.kernel : p.kernel[d];
  const { stride = kernel, padding = [0, 0, 0, 0], dilation = 1, ceil = false } = p;
  const [before, after] = [padding[2 * d]!, padding[2 * d + 1]!];
  const list: Taps[] = [];
  const span = (kernel - 1) * dilation + 1;
  for (let start = -before; ceil ? start < n : start + span <= n + after; start += stride) {
    const taps = Array.from({ length: kernel }, (_, k) => start + k * dilation);
    list.push({ inside: taps.filter((t) => t >= 0 && t < n), padded: taps.filter((t) => t < n + after).length });
    if (start + span >= n + after) break;
  }
  return list;
}

const adaptive = (n: number, windows: number): Taps[] =>
  Array.from({ length: windows }, (_, i) => {
    const first = Math.floor((i * n) / windows);
    const inside = Array.from({ length: Math.ceil(((i + 1) * n) / windows) - first }, (_, k) => first + k);
    return { inside, padded: inside.length };
  });

const pooled = (x: Nd, rows: Taps[], columns: Taps[], f: (window: readonly number[], padded: number) => number): Nd =>
  nd([x.shape[0]!, x.shape[1]!, rows.length, columns.length], ([n, c, i, j]) =>
    f(
      rows[i!]!.inside.flatMap((a) => columns[j!]!.inside.map((b) => at(x, [n!, c!, a, b]))),
      rows[i!]!.padded * columns[j!]!.padded,
    ),
  );

const largest = (window: readonly number[]) => Math.max(...window);
const sum = (window: readonly number[]) => window.reduce((a, b) => a + b, 0);

const POOLS: readonly (readonly [shape: readonly number[], pool: Pool])[] = [
  [[1, 1, 1, 1], { kernel: 1 }],
  [[2, 3, 4, 6], { kernel: 2 }],
  [[1, 3, 7, 5], { kernel: 3, stride: 2, padding: [1, 1, 1, 1] }],
  [[2, 2, 33, 9], { kernel: 2, stride: 1 }],
  [[1, 2, 9, 8], { kernel: [3, 2], stride: 2, dilation: 2 }],
  [[1, 2, 9, 7], { kernel: 3, stride: 1, dilation: 3, padding: [2, 3, 4, 1] }],
  [[1, 2, 7, 8], { kernel: 3, stride: 2, ceil: true }],
  [[1, 2, 6, 7], { kernel: [2, 3], stride: 3, padding: [1, 1, 2, 0], ceil: true }],
  [[1, 1, 8, 8], { kernel: 2, stride: 2, dilation: 2, padding: [1, 1, 1, 1], ceil: true }],
];

const pools: Row[] = POOLS.flatMap(([shape, { kernel, ...options }]): Row[] => {
  const windows = (x: Nd) =>
    [axis(x.shape[2]!, 0, { kernel, ...options }), axis(x.shape[3]!, 1, { kernel, ...options })] as const;
  const area = typeof kernel === "number" ? kernel ** 2 : kernel[0] * kernel[1];
  const means = [true, false].map((countIncludePad): Row => {
    const mean = (window: readonly number[], padded: number) =>
      sum(window) / (countIncludePad ? padded : window.length);
    return {
      op: "avgPool2d",
      inputs: [{ shape }],
      run: (x) => ops.avgPool2d(x!, kernel, { ...options, countIncludePad }),
      reference: (x) => pooled(x!, ...windows(x!), mean),
      scale: (x) => pooled(absolute(x!), ...windows(x!), mean),
      ulps: area + 2.5,
      why: "γ of the window and a division, on the mean of |x|",
    };
  });
  return [
    {
      op: "maxPool2d",
      inputs: [{ shape }],
      run: (x) => ops.maxPool2d(x!, kernel, options),
      reference: (x) => pooled(x!, ...windows(x!), largest),
      ulps: 0,
      why: "exact",
      twice: false,
    },
    ...means,
  ];
});

const ADAPTIVE = [
  [[1, 2, 7, 5], 1],
  [
    [2, 1, 7, 5],
    [3, 4],
  ],
  [
    [1, 3, 6, 8],
    [3, 2],
  ],
  [
    [1, 1, 2, 3],
    [5, 3],
  ],
] as const;

const adaptives: Row[] = ADAPTIVE.flatMap(([shape, size]): Row[] => {
  const [rows, columns] = typeof size === "number" ? [size, size] : size;
  const windows = [adaptive(shape[2], rows), adaptive(shape[3], columns)] as const;
  const mean = (window: readonly number[]) => sum(window) / window.length;
  return [
    {
      op: "adaptiveMaxPool2d",
      inputs: [{ shape }],
      run: (x) => ops.adaptiveMaxPool2d(x!, size),
      reference: (x) => pooled(x!, ...windows, largest),
      ulps: 0,
      why: "exact",
      twice: false,
    },
    {
      op: "adaptiveAvgPool2d",
      inputs: [{ shape }],
      run: (x) => ops.adaptiveAvgPool2d(x!, size),
      reference: (x) => pooled(x!, ...windows, mean),
      scale: (x) => pooled(absolute(x!), ...windows, mean),
      ulps: shape[2] * shape[3] + 2.5,
      why: "γ of the window and a division, on the mean of |x|",
    },
  ];
});

/** Where the largest of each window is. */
const positions: Row = {
  op: "maxPool2d",
  inputs: [{ shape: [2, 2, 7, 9], slope: false }],
  run: (x) => ops.maxPool2d(x!, 3, { stride: 2, padding: 1, positions: true }).positions,
  reference: (x) => {
    const p: Pool = { kernel: 3, stride: 2, padding: [1, 1, 1, 1] };
    const at_ = nd(x!.shape, ([, , i, j]) => i! * 9 + j!);
    const [rows, columns] = [axis(7, 0, p), axis(9, 1, p)];
    const y = pooled(x!, rows, columns, largest);
    return nd(y.shape, ([n, c, i, j]) => {
      const places = rows[i!]!.inside.flatMap((a) => columns[j!]!.inside.map((b) => [n!, c!, a, b]));
      return at(
        at_,
        places.find((place) => at(x!, place) === at(y, [n!, c!, i!, j!]))!,
      );
    });
  },
  ulps: 0,
  why: "exact",
};

/** ⌈size / stride⌉ windows, the odd pixel of padding at the end. */
const same: Row = {
  op: "maxPool2d",
  inputs: [{ shape: [1, 1, 5, 6] }],
  run: (x) => ops.maxPool2d(x!, 2, { stride: 2, padding: "same" }),
  reference: (x) => {
    const p: Pool = { kernel: 2, stride: 2, padding: [0, 1, 0, 0] };
    return pooled(x!, axis(5, 0, p), axis(6, 1, p), largest);
  },
  ulps: 0,
  why: "exact",
  twice: false,
};

export const pooling: Family = {
  rows: [...pools, ...adaptives, positions, same],
  refusals: [
    {
      op: "maxPool2d",
      call: (gpu) => ops.maxPool2d(numbers(gpu, [4, 4]), 2),
      code: "shape",
      message: "maxPool2d: expected x [batch, channels, height, width]; got [4, 4].",
    },
    {
      op: "maxPool2d",
      call: (gpu) => ops.maxPool2d(numbers(gpu, [1, 1, 4, 4]), 2, { dilation: 0 }),
      code: "argument",
      message: "maxPool2d: dilation out of range. Expected an integer ≥ 1 or a pair of them; got 0.",
    },
    {
      op: "avgPool2d",
      call: (gpu) => ops.avgPool2d(numbers(gpu, [1, 1, 4, 4]), 2, { padding: 2 }),
      code: "argument",
      message:
        "avgPool2d: padding out of range. Expected less than the [2, 2] pixels that the kernel spans; got [2, 2, 2, 2].",
    },
    {
      op: "adaptiveMaxPool2d",
      call: (gpu) => ops.adaptiveMaxPool2d(numbers(gpu, [1, 1, 4, 4]), 0),
      code: "argument",
      message: "adaptiveMaxPool2d: size out of range. Expected an integer ≥ 1 or a pair of them; got 0.",
    },
    {
      op: "adaptiveAvgPool2d",
      call: (gpu) => ops.adaptiveAvgPool2d(numbers(gpu, [4, 4]), 2),
      code: "shape",
      message: "adaptiveAvgPool2d: expected x [batch, channels, height, width]; got [4, 4].",
    },
  ],
};
