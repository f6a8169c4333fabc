import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, each, type Nd, permuted, product, reshaped } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

/** One element, odd, a tile and one past it, thin and wide, stacks, stacks that share an operand. */
const PRODUCTS = [
  [
    [1, 1],
    [1, 1],
  ],
  [
    [3, 5],
    [5, 7],
  ],
  [
    [64, 64],
    [64, 64],
  ],
  [
    [65, 33],
    [33, 66],
  ],
  [
    [1, 300],
    [300, 1],
  ],
  [
    [130, 1],
    [1, 70],
  ],
  [
    [2, 3, 5],
    [2, 5, 4],
  ],
  [
    [2, 3, 5],
    [5, 4],
  ],
  [
    [3, 5],
    [2, 5, 4],
  ],
  [
    [2, 1, 3, 5],
    [3, 5, 2],
  ],
] as const;

const products: Row[] = PRODUCTS.map(([a, b]) => ({
  op: "matmul",
  inputs: [{ shape: a }, { shape: b }],
  run: (x, y) => ops.matmul(x!, y!),
  reference: (x, y) => product(x!, y!),
  scale: (x, y) => product(absolute(x!), absolute(y!)),
  ulps: a.at(-1)!,
  why: "γ_k on Σ|a·b|",
}));

const transposed: Row[] = (
  [
    [[5, 3], [5, 7], true, false],
    [[3, 5], [7, 5], false, true],
    [[65, 64], [33, 65], true, true],
  ] as const
).map(([a, b, left, right]) => {
  const flip = (x: Nd, on: boolean) => (on ? permuted(x, [1, 0]) : x);
  return {
    op: "matmul",
    inputs: [{ shape: a }, { shape: b }],
    run: (x, y) => ops.matmul(left ? ops.transpose(x!) : x!, right ? ops.transpose(y!) : y!),
    reference: (x, y) => product(flip(x!, left), flip(y!, right)),
    scale: (x, y) => product(flip(absolute(x!), left), flip(absolute(y!), right)),
    ulps: 65,
    why: "γ_k on Σ|a·b|",
  };
});

const vectors: Row[] = [
  {
    op: "matmul",
    inputs: [{ shape: [5] }, { shape: [5, 3] }],
    run: (x, y) => ops.matmul(x!, y!),
    reference: (x, y) => reshaped(product(reshaped(x!, [1, 5]), y!), [3]),
    scale: (x, y) => reshaped(product(reshaped(absolute(x!), [1, 5]), absolute(y!)), [3]),
    ulps: 5,
    why: "γ_k on Σ|a·b|",
  },
  {
    op: "matmul",
    inputs: [{ shape: [65] }, { shape: [65] }],
    run: (x, y) => ops.matmul(x!, y!),
    reference: (x, y) => reshaped(product(reshaped(x!, [1, 65]), reshaped(y!, [65, 1])), []),
    scale: (x, y) => reshaped(product(reshaped(absolute(x!), [1, 65]), reshaped(absolute(y!), [65, 1])), []),
    ulps: 65,
    why: "γ_k on Σ|a·b|",
  },
];

const layer = (x: Nd, w: Nd, b?: Nd): Nd => {
  const y = product(x, permuted(w, [1, 0]));
  return b ? each((p, q) => p + q, y, b) : y;
};

const layers: Row[] = (
  [
    [1, 1, 1],
    [3, 5, 7],
    [64, 64, 65],
    [2, 300, 10],
  ] as const
).flatMap(([batch, inner, out]): Row[] => [
  {
    op: "linear",
    inputs: [{ shape: [batch, inner] }, { shape: [out, inner] }, { shape: [out] }],
    run: (x, w, b) => ops.linear(x!, w!, b!),
    reference: (x, w, b) => layer(x!, w!, b!),
    scale: (x, w, b) => layer(absolute(x!), absolute(w!), absolute(b!)),
    ulps: inner + 1,
    why: "γ_k on Σ|x·w| + |b|",
  },
  {
    op: "linear",
    inputs: [{ shape: [batch, inner] }, { shape: [out, inner] }],
    run: (x, w) => ops.linear(x!, w!),
    reference: (x, w) => layer(x!, w!),
    scale: (x, w) => layer(absolute(x!), absolute(w!)),
    ulps: inner,
    why: "γ_k on Σ|x·w|",
  },
]);

const ranks: Row[] = ([[], [2, 3]] as const).flatMap((batch): Row[] => [
  {
    op: "linear",
    inputs: [{ shape: [...batch, 4] }, { shape: [5, 4] }, { shape: [5] }],
    run: (x, w, b) => ops.linear(x!, w!, b!),
    reference: (x, w, b) => reshaped(layer(reshaped(x!, [x!.data.length / 4, 4]), w!, b!), [...batch, 5]),
    scale: (x, w, b) =>
      reshaped(layer(absolute(reshaped(x!, [x!.data.length / 4, 4])), absolute(w!), absolute(b!)), [...batch, 5]),
    ulps: 5,
    why: "γ_k on Σ|x·w| + |b|",
  },
]);

const fused: Row = {
  op: "matmul",
  inputs: [{ shape: [33, 17] }, { shape: [17, 65] }, { shape: [65] }],
  run: (x, y, b) => ops.tanh(ops.matmul(x!, y!).add(b!)),
  reference: (x, y, b) => each((p, q) => Math.tanh(p + q), product(x!, y!), b!),
  scale: (x, y, b) => each((p, q) => 1 + p + q, product(absolute(x!), absolute(y!)), absolute(b!)),
  ulps: 17 + 1 + 16,
  why: "γ_k, a sum, tanh 16, on 1 + Σ|a·b| + |bias|",
};

export const multiplication: Family = {
  rows: [...products, ...transposed, ...vectors, ...layers, ...ranks, fused],
  refusals: [
    {
      op: "matmul",
      call: (gpu) => ops.matmul(numbers(gpu, [64, 32]), numbers(gpu, [31, 10])),
      code: "shape",
      message: "matmul: inner sizes differ. Expected a [..., m, k] and b [..., k, n]; got a [64, 32] and b [31, 10].",
    },
    {
      op: "matmul",
      call: (gpu) => ops.matmul(numbers(gpu, [2, 2]), numbers(gpu, [2, 2], "u32")),
      code: "argument",
      message: "matmul: expected f32 tensors; got f32 and u32. Use cast().",
    },
    {
      op: "linear",
      call: (gpu) => ops.linear(numbers(gpu, [2, 2], "u32"), numbers(gpu, [2, 2])),
      code: "argument",
      message: "linear: expected x as an f32 tensor; got u32. Use cast().",
    },
    {
      op: "matmul",
      call: (gpu) => ops.matmul(numbers(gpu, []), numbers(gpu, [3])),
      code: "shape",
      message: "matmul: expected at least one axis; got [] and [3].",
    },
    {
      op: "matmul",
      call: (gpu) => ops.matmul(numbers(gpu, [2, 3, 4]), numbers(gpu, [3, 4, 2])),
      code: "shape",
      message:
        "matmul: shapes do not broadcast. Expected sizes that are equal or 1, aligned from the right; got [2] and [3].",
    },
    {
      op: "linear",
      call: (gpu) => ops.linear(numbers(gpu, [2, 3]), numbers(gpu, [3, 2])),
      code: "shape",
      message: "linear: inner sizes differ. Expected x [..., in] and w [out, in]; got [2, 3] and [3, 2].",
    },
    {
      op: "linear",
      call: (gpu) => ops.linear(numbers(gpu, [2, 3]), numbers(gpu, [4, 3]), numbers(gpu, [3])),
      code: "shape",
      message: "linear: expected bias [4]; got [3].",
    },
  ],
};
