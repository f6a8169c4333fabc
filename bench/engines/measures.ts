// Calls of measures, for the engine's case of that name.

import * as all from "../../src/index.ts";
import type { Tensor } from "../../src/index.ts";
import { MEASURES } from "../cases/measures.ts";
import type { Task } from "../workload.ts";

type Tensors = { readonly [name: string]: Tensor };
type Floats = Float32Array<ArrayBuffer>;
type Measure = (...given: unknown[]) => Promise<{ readonly value: number }>;

const callOf = (name: string): Measure => (all as unknown as { readonly [name: string]: Measure })[name]!;

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
    if (/classScore|modeScore|amScore/i.test(name)) {
      // the rows as logits: of generated samples, and of those that a classifier was trained on
      const sets = [generated!, real!].map((logits) => all.softmax(logits, 1));
      const { value } = await callOf(name)(...(/class/i.test(name) ? sets.slice(0, 1) : sets));
      for (const set of sets) set.dispose();
      return [Float32Array.of(value)];
    }
    // of one set, and with a set held out, which here is the real one again
    const given = /Vendi|Score|renyi|birthday/i.test(name)
      ? [generated]
      : name === "memorisation"
        ? [real, generated, { test: real }]
        : [real, generated];
    const { value } = await callOf(name)(...given);
    return [Float32Array.of(value)];
  },
};
