import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as all from "../src/index.ts";
import type { Gpu, Tensor } from "../src/index.ts";
import type { Anything } from "./mistakes/mistake.ts";
import { openShared } from "./helpers.ts";

interface Case {
  readonly id: string;
  readonly measure: string;
  readonly inputs: Anything;
  readonly options: Anything;
  readonly expected: Anything;
  readonly tolerance: { readonly rel: number; readonly abs: number };
}

const { cases } = JSON.parse(readFileSync(new URL("oracles/measures.json", import.meta.url), "utf8")) as {
  cases: readonly Case[];
};
let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

const square = (of: (x: number, y: number) => number) => [
  [Array.from({ length: 32 }, (_, y) => Array.from({ length: 32 }, (_, x) => (of(x, y) % 16) / 16))],
];
const pair = {
  real: square((x, y) => 3 * x + 5 * y),
  generated: square((x, y) => 3 * x + 5 * y + ((x * y) % 3)),
};
const measures = all as Anything;

/** Cases whose inputs are no plain arguments, or whose parts several measures have. */
const special: { readonly [id: string]: (given: Case) => Promise<{ readonly [part: string]: unknown }> } = {
  "frechetLoss-01": async ({ inputs }) => {
    const x = gpu.tensor(inputs.generated as number[][]);
    const loss = all.frechetLoss(x, await all.Moments.of(gpu.tensor(inputs.real as number[][])));
    const [slope] = all.grad(loss, [x]);
    return { value: await loss.item(), gradient: [...(await slope.read())] };
  },
  "slicedWasserstein-01": async ({ inputs, options }) => ({
    ...(await measures.slicedWasserstein!(inputs, { ...options, gpu })),
    mind: (await measures.mind!(inputs, { ...options, gpu })).value,
  }),
  "mind-01": async ({ inputs, expected }) => {
    const projections = 4000;
    const { value } = await measures.mind!(inputs, { projections, gpu, seed: 1 });
    const off = Math.abs(value - expected.limit) / (expected.deviationPerProjection / Math.sqrt(projections));
    expect(off).toBeLessThan(5);
    const { value: sliced } = await measures.slicedWasserstein!(inputs, { projections, gpu, seed: 1 });
    expect(Math.abs(sliced / expected.slicedWasserstein2Limit - 1)).toBeLessThan(0.05);
    return { ...expected };
  },
  "vendiScore-01": ({ inputs, options }) => measures.vendiScore!(inputs, { ...options, gpu }),
  "classScores-01": async ({ inputs: { generated, train } }) => {
    const mode = await measures.modeScore!(generated, train);
    const modified = await measures.modifiedClassScore!(generated);
    return {
      inceptionScore: (await measures.classScore!(generated)).value,
      modeScore: mode.value,
      modeScoreAsPrinted: mode.modeScoreAsPrinted,
      klMarginal: mode.klMarginal,
      amScore: (await measures.amScore!(generated, train)).value,
      modifiedClassScore: modified.value,
      modifiedAllPairs: modified.modifiedAllPairs,
    };
  },
  "msSsim-01": async ({ options }) => {
    const of = (name: string) => measures[name]!(pair, { ...options, gpu });
    const found = await of("msSsim");
    return {
      ...found,
      oneScale: (await of("ssim")).value,
      psnr: (await of("psnr")).value,
      sharpnessDifference: (await of("sharpnessDifference")).value,
    };
  },
  "reconstructionError-01": ({ inputs, options }) => {
    const w = gpu.tensor(options.W as number[][]);
    return measures.reconstructionError!(
      gpu.tensor(inputs.x as number[][]),
      (z: Tensor) => all.matmul(z, w.transpose()),
      {
        latent: 2,
        restarts: 2,
      },
    );
  },
};

function differences(got: Anything, expected: Anything, { rel, abs }: Case["tolerance"], path: string): string[] {
  if (typeof expected === "number") {
    const value = typeof got === "number" ? got : Number.NaN;
    return Math.abs(value - expected) <= abs + rel * Math.abs(expected)
      ? []
      : [`${path}: expected ${expected}; got ${got}`];
  }
  if (Array.isArray(expected)) {
    const flat = expected.flat(3) as unknown[];
    const found = Array.from((got ?? []) as ArrayLike<unknown>);
    if (found.length !== flat.length) return [`${path}: expected ${flat.length} values; got ${found.length}`];
    return flat.flatMap((value, i) => differences(found[i], value, { rel, abs }, `${path}[${i}]`));
  }
  return Object.entries(expected as Anything).flatMap(([name, value]) =>
    differences(got?.[name], value, { rel, abs }, path ? `${path}.${name}` : name),
  );
}

// "ais" takes a model: test/ais.test.ts
const ours = cases.filter(({ measure }) => measure !== "ais");

test.each(ours.map((one) => [one.id, one] as const))(
  "%s has the parts that independent tools give",
  async (id, one) => {
    const given = { ...one.options, gpu };
    const got = await (special[id] ? special[id](one) : measures[one.measure]!(one.inputs, given));
    expect(differences(got, one.expected, one.tolerance, "")).toEqual([]);
  },
);

test("kernel distances of three rows and of the classes of iris, and precision that tells its sets apart", async () => {
  const x = [
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  const { unbiased, biased, uStatistic } = await all.kernelDistance(
    gpu.tensor(x),
    gpu.tensor(x.map(([a, b]) => [2 * a!, 2 * b!])),
  );
  expect(unbiased).toBeCloseTo(3.8055555556, 4);
  expect(biased).toBeCloseTo(18.3611111111, 4);
  expect(uStatistic).toBeCloseTo(9.5833333333, 4);
  const iris = JSON.parse(readFileSync(new URL("oracles/iris.json", import.meta.url), "utf8")) as { x: number[][] };
  const rows = (at: number) => gpu.tensor(iris.x.slice(at, at + 50));
  expect(Math.abs((await all.kernelDistance(rows(0), rows(50))).value / 2147.0641093733 - 1)).toBeLessThan(1e-5);
  expect(Math.abs((await all.kernelDistance(rows(50), rows(100))).value / 1909.7849972632 - 1)).toBeLessThan(1e-5);

  const real = gpu.tensor([
    [0, 0],
    [1, 0],
    [0, 1],
    [5, 5],
    [6, 5],
  ]);
  const made = gpu.tensor([
    [0.2, 0.1],
    [0.9, 0.1],
    [0.1, 0.9],
  ]);
  const { precision, recall } = await all.precisionRecall(real, made, { k: 1 });
  expect([precision, recall]).toEqual([1, 0.6]);
  const [r, g] = [
    gpu.tensor([
      [0, 0],
      [1, 0],
      [0, 1],
      [5, 5],
    ]),
    gpu.tensor([
      [0.2, 0.1],
      [0.9, 0.1],
      [10, 10],
      [5, 5.2],
    ]),
  ];
  const both = await all.precisionRecall(r, g, { k: 1 });
  expect([both.precision, both.recall]).toEqual([0.75, 1]);
  const { density, coverage } = await all.densityCoverage(r, g, { k: 1 });
  expect([density, coverage]).toEqual([1.75, 1]);
});

test("bins by counts: a gap that is not significant, and a divergence", async () => {
  // 100 of 1000 against 65 of 500 in one cell; .5 .3 .2 against .4 .4 .2
  const rowsOf = (counts: readonly number[]) =>
    gpu.tensor(counts.flatMap((count, k) => Array.from({ length: count }, () => [k])));
  const two = await all.ndb(rowsOf([100, 900]), rowsOf([65, 435]), { centres: [[0], [1]] });
  expect(two.z[0]).toBeCloseTo(-1.7505288855, 8);
  expect(two.significant).toBe(0);
  const three = await all.ndb(rowsOf([50, 30, 20]), rowsOf([40, 40, 20]), { centres: [[0], [1], [2]] });
  expect(three.jensenShannon).toBeCloseTo(0.006367198334, 10);
});
