import * as ops from "../../../src/graph/ops/index.ts";
import { absolute, at, nd, type Nd } from "../nd.ts";
import type { Family, Row } from "../row.ts";
import { numbers } from "./arithmetic.ts";

/** Every product of the equation, which has no ellipsis, added to its place. */
function summed(equation: string, x: readonly Nd[]): Nd {
  const [left, right] = equation.split("->") as [string, string];
  const terms = left.split(",");
  const letters = [...new Set(terms.join(""))];
  const sizeOf = (letter: string) =>
    Math.max(...terms.flatMap((term, k) => term.split("").flatMap((l, d) => (l === letter ? [x[k]!.shape[d]!] : []))));
  const shape = right.split("").map(sizeOf);
  const y = new Float64Array(shape.reduce((a, b) => a * b, 1));
  nd(letters.map(sizeOf), (index) => {
    const place = (term: string, of?: Nd) =>
      term.split("").map((l, d) => (of && of.shape[d] === 1 ? 0 : index[letters.indexOf(l)]!));
    const value = x.reduce((product, factor, k) => product * at(factor, place(terms[k]!, factor)), 1);
    y[place(right).reduce((flat, i, d) => flat * shape[d]! + i, 0)]! += value;
    return 0;
  });
  return { shape, data: y };
}

/** The call, the same without dots and with its result, and the shapes. */
const EQUATIONS: readonly (readonly [string, string, ...(readonly number[])[]])[] = [
  ["ij,jk->ik", "ij,jk->ik", [3, 4], [4, 5]],
  ["ij,jk", "ij,jk->ik", [3, 4], [4, 5]],
  ["bhqd,bhkd->bhqk", "bhqd,bhkd->bhqk", [2, 2, 3, 4], [2, 2, 5, 4]],
  ["i,j->ji", "i,j->ji", [3], [4]],
  ["i,i->", "i,i->", [5], [5]],
  ["i,i->i", "i,i->i", [5], [5]],
  ["ba", "ba->ab", [2, 3]],
  ["ijk->j", "ijk->j", [2, 3, 4]],
  ["ii->", "ii->", [4, 4]],
  ["bii->ib", "bii->ib", [2, 3, 3]],
  ["iij,j->i", "iij,j->i", [3, 3, 4], [4]],
  ["...ij,...jk->...ik", "abij,abjk->abik", [2, 1, 3, 2], [2, 2, 2, 4]],
  ["...i->...", "abi->ab", [2, 3, 4]],
  ["i...,j...", "iab,jab->abij", [2, 3, 1], [4, 3, 2]],
  ["ab,bc,cd->ad", "ab,bc,cd->ad", [2, 3], [3, 4], [4, 2]],
  ["ab,cb,ac,b->c", "ab,cb,ac,b->c", [2, 3], [4, 3], [2, 4], [3]],
];

const rows: Row[] = EQUATIONS.map(([call, plain, ...shapes]) => ({
  op: "einsum",
  inputs: shapes.map((shape) => ({ shape })),
  run: (...x) => ops.einsum(call, ...x),
  reference: (...x) => summed(plain, x),
  scale: (...x) => summed(plain, x.map(absolute)),
  ulps: 24,
  why: "at most 24 terms of a few products, on Σ|a·b·…|",
}));

export const contractions: Family = {
  rows,
  refusals: [
    {
      op: "einsum",
      call: (gpu) => ops.einsum("ij,jk->ik", numbers(gpu, [2, 2])),
      code: "argument",
      message: 'einsum: expected 2 tensors for "ij,jk->ik"; got 1. Use einsum(equation, a, b).',
    },
    {
      op: "einsum",
      call: (gpu) => ops.einsum("ij,jk->ik", numbers(gpu, [2, 3]), numbers(gpu, [2, 3])),
      code: "shape",
      message: "einsum: axis j has two sizes. Expected one; got 3 and 2 in [2, 3] and [2, 3].",
    },
    {
      op: "einsum",
      call: (gpu) => ops.einsum("ij->ik", numbers(gpu, [2, 3])),
      code: "argument",
      message: 'einsum: expected letters of the operands, each once, after "->"; got "ij->ik".',
    },
    {
      op: "einsum",
      call: (gpu) => ops.einsum("ijk", numbers(gpu, [2, 3])),
      code: "shape",
      message: 'einsum: expected as many axes as in "ijk"; got [2, 3].',
    },
    {
      op: "einsum",
      call: (gpu) => ops.einsum("i1", numbers(gpu, [2, 3])),
      code: "argument",
      message: 'einsum: expected letters, commas, "..." and "->"; got "i1".',
    },
    {
      op: "einsum",
      call: (gpu) => ops.einsum(numbers(gpu, [2, 3]) as never),
      code: "argument",
      message: 'einsum: expected an equation such as "ij,jk->ik" first; got object.',
    },
  ],
};
