import { uniform } from "../graph/ops/draw.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Engine } from "./engine.ts";

/** What one check of selfTest found. */
export interface SelfTestResult {
  /** The kernel or the form of it that was checked. */
  readonly name: string;
  /** Largest distance of an element from its value in float64; Infinity where one is not finite. */
  readonly error: number;
  /** Largest error that passes; 0 where the result has to be exact. */
  readonly bound: number;
  /** Largest of the expected values by magnitude: what error and bound are judged beside. */
  readonly scale: number;
  /** Whether a second run gave the same bits. */
  readonly repeats: boolean;
}

/** What selfTest found. */
export interface SelfTest {
  /** How many checks there were. */
  readonly checks: number;
  /** Names of those that failed, with what was expected. */
  readonly failures: readonly string[];
  /** Every check, in the order in which they ran. */
  readonly results: readonly SelfTestResult[];
}

/** What one check runs, on x [ROWS, COLUMNS] in (0, 1), and what it should give. */
export interface Check {
  readonly name: string;
  /** Records a result. Tensors recorded before it returns are disposed of, except the result. */
  readonly run: (x: Tensor) => Tensor | Promise<Tensor>;
  /** In float64; element `i` of the result. */
  readonly expected: (x: Float64Array, i: number) => number;
  /** Of the largest expected value. */
  readonly tolerance: number;
}

export const ROWS = 37;
export const COLUMNS = 29;
export const at = (x: Float64Array, r: number, c: number): number => x[r * COLUMNS + c]!;
/** 0, 1, … n − 1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
function logsumexpOfRows(x: Tensor): Tensor {
  const level = x.max(1, { keepDims: true });
  return x.sub(level).exp().sum(1, { keepDims: true }).log().add(level).reshape([x.shape[0]!]);
}
export const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const deviation = (values: number[]) => {
  const mean = total(values) / values.length;
  return Math.sqrt(total(values.map((v) => (v - mean) ** 2)) / values.length);
};

/**
 * x is [ROWS, COLUMNS], in (0, 1); odd sizes, so that edges are met. Tensors' methods do the work: what this file imports of graph/ops, a
 * bundler would put into chunks apart, which every program loads.
 */
export const checks: readonly Check[] = [
  { name: "map", run: (x) => x.mul(3).add(1), expected: (x, i) => 3 * x[i]! + 1, tolerance: 1e-6 },
  {
    name: "exp and log",
    run: (x) => x.exp().add(1).log(),
    expected: (x, i) => Math.log1p(Math.exp(x[i]!)),
    tolerance: 1e-6,
  },
  {
    name: "tanh and sigmoid",
    run: (x) => x.mul(9).tanh().mul(x.sigmoid()),
    expected: (x, i) => Math.tanh(9 * x[i]!) / (1 + Math.exp(-x[i]!)),
    tolerance: 1e-6,
  },
  { name: "sum of all", run: (x) => x.sum(), expected: (x) => total([...x]), tolerance: 1e-5 },
  {
    name: "sum of rows",
    run: (x) => x.sum(1),
    expected: (x, r) => total(range(COLUMNS).map((c) => at(x, r, c))),
    tolerance: 1e-5,
  },
  {
    name: "sum of columns",
    run: (x) => x.sum(0),
    expected: (x, c) => total(range(ROWS).map((r) => at(x, r, c))),
    tolerance: 1e-5,
  },
  {
    name: "max of a transpose",
    run: (x) => x.transpose().max(1),
    expected: (x, c) => Math.max(...range(ROWS).map((r) => at(x, r, c))),
    tolerance: 0,
  },
  {
    name: "deviation of rows",
    run: (x) => x.std(1),
    expected: (x, r) => deviation(range(COLUMNS).map((c) => at(x, r, c))),
    tolerance: 1e-5,
  },
  {
    name: "broadcast",
    run: (x) => x.div(x.sum(1, { keepDims: true })),
    expected: (x, i) => x[i]! / total(range(COLUMNS).map((c) => at(x, Math.floor(i / COLUMNS), c))),
    tolerance: 1e-5,
  },
  {
    name: "logsumexp",
    run: (x) => logsumexpOfRows(x.mul(50)),
    expected: (x, r) => Math.log(total(range(COLUMNS).map((c) => Math.exp(50 * at(x, r, c))))),
    tolerance: 1e-6,
  },
  {
    name: "matmul",
    run: (x) => x.matmul(x.reshape([COLUMNS, ROWS])),
    expected: (x, i) => total(range(COLUMNS).map((k) => at(x, Math.floor(i / ROWS), k) * x[k * ROWS + (i % ROWS)]!)),
    tolerance: 1e-5,
  },
  {
    name: "matmul, left transposed",
    run: (x) => x.transpose().matmul(x),
    expected: (x, i) => total(range(ROWS).map((k) => at(x, k, Math.floor(i / COLUMNS)) * at(x, k, i % COLUMNS))),
    tolerance: 1e-5,
  },
  {
    name: "matmul, right transposed",
    run: (x) => x.matmul(x.transpose()),
    expected: (x, i) => total(range(COLUMNS).map((k) => at(x, Math.floor(i / ROWS), k) * at(x, i % ROWS, k))),
    tolerance: 1e-5,
  },
];

/** One check. Some drivers are right only the first time, so it runs twice. */
async function resultOf(
  gpu: Engine,
  { name, run, expected: formula, tolerance }: Check,
  x: Tensor,
  values: Float64Array,
): Promise<SelfTestResult> {
  const once = async (): Promise<number[]> => {
    // recorded at once, so nothing of what others make meanwhile is in it
    const result = await gpu.within(() => run(x));
    try {
      return [...(await result.read())];
    } finally {
      result.dispose();
    }
  };
  const first = await once();
  const second = await once();
  const expected = first.map((_, i) => formula(values, i));
  const scale = Math.max(...expected.map(Math.abs));
  const error = Math.max(...first.map((v, i) => (Number.isFinite(v) ? Math.abs(v - expected[i]!) : Infinity)));
  return { name, error, bound: tolerance * scale, scale, repeats: first.every((v, i) => v === second[i]) };
}

/** Runs checks in their order. */
export async function selfTest(gpu: Engine, list: readonly Check[] = checks): Promise<SelfTest> {
  const results: SelfTestResult[] = [];
  const x = uniform(gpu, [ROWS, COLUMNS], { seed: 1 });
  try {
    const values = Float64Array.from(await x.read());
    for (const check of list) results.push(await resultOf(gpu, check, x, values));
  } finally {
    x.dispose();
  }
  const failures = results.flatMap(({ name, error, bound, repeats }) => {
    if (!(error <= bound)) return `${name}: off by ${error}. Expected at most ${bound}.`;
    return repeats ? [] : `${name}: two runs differ.`;
  });
  return { checks: results.length, failures, results };
}
