// Calls of measures, for the engine's case of that name.

import * as all from "../../src/index.ts";
import type { Tensor } from "../../src/index.ts";
import { MEASURES } from "../cases/measures.ts";
import type { Task } from "../workload.ts";

type Tensors = { readonly [name: string]: Tensor };
type Floats = Float32Array<ArrayBuffer>;
type Measure = (...given: unknown[]) => Promise<{ readonly value: number }>;

/** What each workload calls; inputs by the names of its case. */
export const calls: {
  readonly [workload: string]: (inputs: Tensors, settings: Task["settings"]) => Promise<Floats[]>;
} = {
  parzen: async ({ samples, x }) => [
    Float32Array.from((await all.parzen(samples!, x!, { bandwidth: 1 })).logDensities),
  ],
  nearest: async ({ a, b }, { k }) => [(await all.nearest(a!, b!, k!)).squared],
  async measure({ real, generated }, { which }) {
    const name = MEASURES[which!]!;
    // of one set, and with a set held out, which here is the real one again
    const given = /Vendi|Score|renyi|birthday/i.test(name)
      ? [generated]
      : name === "memorisation"
        ? [real, generated, { test: real }]
        : [real, generated];
    const { value } = await (all as unknown as { readonly [name: string]: Measure })[name]!(...given);
    return [Float32Array.of(value)];
  },
};
