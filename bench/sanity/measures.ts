// Pairs of measures, fidelity before diversity, each as one call on two sets.

import { type Gpu, eachPair, nearest, type Tensor } from "../../src/index.ts";
import { clippedDensityCoverage, densityCoverage, precisionRecall } from "../../src/index.ts";
import { authenticity, topologicalPrecisionRecall } from "../../src/index.ts";
import { rowsOf } from "../../src/data/rows.ts";
import { add, div, log, maximum, mul, sqrt, sub, sum } from "../../src/graph/ops/index.ts";
import type { Nearest } from "../../src/metrics/nearest.ts";
import { hitsOf, share } from "../../src/metrics/balls.ts";

export type Pair = readonly [fidelity: number, diversity: number];

/** A pair of measures. */
export interface PairMeasure {
  readonly name: string;
  /** Whose verdicts are published, and their place in the strings of `published.ts`. */
  readonly published?: number;
  /** It counts rows in balls, and `float64.ts` has it too. */
  readonly counts?: true;
  of(gpu: Gpu, real: Tensor, generated: Tensor): Promise<Pair>;
}

const quiet = { interval: false } as const;

export const pairMeasures: readonly PairMeasure[] = [
  {
    name: "precisionRecall",
    published: 0,
    counts: true,
    async of(_gpu, real, generated) {
      const { precision, recall } = await precisionRecall(real, generated, quiet);
      return [precision, recall];
    },
  },
  {
    name: "densityCoverage",
    published: 1,
    counts: true,
    async of(_gpu, real, generated) {
      const { density, coverage } = await densityCoverage(real, generated, quiet);
      return [density, coverage];
    },
  },
  {
    name: "clippedDensityCoverage",
    counts: true,
    async of(_gpu, real, generated) {
      const { density, coverage } = await clippedDensityCoverage(real, generated, quiet);
      return [density, coverage];
    },
  },
  {
    name: "authenticity",
    async of(_gpu, real, generated) {
      const { alphaPrecision, betaRecall } = await authenticity(real, generated, quiet);
      return [alphaPrecision, betaRecall];
    },
  },
  {
    name: "topologicalPrecisionRecall",
    async of(_gpu, real, generated) {
      const { precision, recall } = await topologicalPrecisionRecall(real, generated, quiet);
      return [precision, recall];
    },
  },
  // two more of the paper, which the package has not, for their published verdicts
  { name: "symPrecision, symRecall", published: 4, counts: true, of: symmetric },
  { name: "P-precision, P-recall", published: 5, counts: true, of: probabilistic },
];

/** Neighbours that the pairs of the paper need. */
const NEIGHBOURS = 5;
const known = new WeakMap<Tensor, Promise<Nearest>>();

/** Squared distance to the k-th other row; the neighbours of a set are found once. */
async function radii(x: Tensor, k: number): Promise<Float32Array<ArrayBuffer>> {
  const found = known.get(x) ?? nearest(x, x, NEIGHBOURS, { others: true });
  known.set(x, found);
  const { squared } = await found;
  return Float32Array.from({ length: x.shape[0]! }, (_, i) => squared[i * NEIGHBOURS + k - 1]!);
}

/** Points in the balls of `of`. */
const hits = (of: Tensor, squared: Float32Array<ArrayBuffer>, points: Tensor) =>
  hitsOf("sanity", { rows: rowsOf("sanity", of), squared }, rowsOf("sanity", points), {});

/** Symmetric precision and recall (Khayatkhoei & AbdAlmageed 2023): the lesser of a row in the other set's balls and of its own ball holding one; open, k 5. */
async function symmetric(_gpu: Gpu, real: Tensor, generated: Tensor): Promise<Pair> {
  const ofReal = (await hits(real, await radii(real, 5), generated)).open;
  const ofGenerated = (await hits(generated, await radii(generated, 5), real)).open;
  return [
    Math.min(share(ofReal.ofPoints), share(ofGenerated.ofBalls)),
    Math.min(share(ofGenerated.ofPoints), share(ofReal.ofBalls)),
  ];
}

/** Probabilistic precision and recall (Park & Kim 2023): mean of 1 − Π (1 − f), f = max(0, 1 − d/(1.2·mean r₄)). */
async function probabilistic(gpu: Gpu, real: Tensor, generated: Tensor): Promise<Pair> {
  const of = async (a: Tensor, b: Tensor): Promise<number> => {
    const squared = await radii(a, 4);
    const reach = (1.2 * squared.reduce((total, r) => total + Math.sqrt(r), 0)) / squared.length;
    const width = gpu.tensor([reach]);
    const misses = new Float64Array(b.shape[0]!);
    const blocks = await eachPair(rowsOf("sanity", a), rowsOf("sanity", b), (squares) => {
      const inside = maximum(sub(1, div(sqrt(squares), width)), 0);
      // a copy makes the product 0; log of 1e-30 does as well
      return [sum(log(maximum(add(mul(inside, -1), 1), 1e-30)), 0)];
    });
    for (const { j, found } of blocks) for (const [c, value] of found[0]!.entries()) misses[j + c]! += value;
    width.dispose();
    return misses.reduce((total, value) => total + 1 - Math.exp(value), 0) / misses.length;
  };
  return [await of(real, generated), await of(generated, real)];
}
