import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as all from "../src/index.ts";
import type { Gpu, Tensor } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import type { Anything } from "./mistakes/mistake.ts";

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
  gpu = await openNodeGpu();
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
      amScore: (await measures.amScore!(generated, { train })).value,
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

// the sampler of "ais" belongs to the models
const ours = cases.filter(({ measure }) => measure !== "ais");

test.each(ours.map((one) => [one.id, one] as const))(
  "%s has the parts that independent tools give",
  async (id, one) => {
    const given = { ...one.options, gpu };
    const got = await (special[id] ? special[id](one) : measures[one.measure]!(one.inputs, given));
    expect(differences(got, one.expected, one.tolerance, "")).toEqual([]);
  },
);
