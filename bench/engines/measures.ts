// Calls of measures, for the engine's case of that name.

import * as all from "../../src/index.ts";
import type { Tensor } from "../../src/index.ts";
import { MEASURES } from "../cases/measures.ts";
import type { Task } from "../workload.ts";

type Tensors = { readonly [name: string]: Tensor };
type Floats = Float32Array<ArrayBuffer>;
type Settings = Task["settings"];
type Measure = (...given: unknown[]) => Promise<{ readonly value: number }>;

/** A call that can be timed again and again, and what it was prepared with. */
export interface Prepared {
  readonly call: () => Promise<Floats[]>;
  dispose?(): void;
}

const callOf = (name: string): Measure => (all as unknown as { readonly [name: string]: Measure })[name]!;

/** The density of N(0, variance·I). */
const normal = (variance: number) => ({
  score: () => Promise.resolve(NaN),
  logProb: (x: Tensor) =>
    all.sub(all.mul(all.sum(all.square(x), 1), -0.5 / variance), (x.shape[1]! / 2) * Math.log(2 * Math.PI * variance)),
});

const CLASSES = 10;
const LATENT = 8;

/** What is called for its value, and what is freed afterwards. */
type Call = readonly [call: () => Promise<number>, dispose?: () => void];

/** Measures that take more than two sets of rows, by parts of their names. */
const others: readonly [names: RegExp, prepare: (name: string, inputs: Tensors, settings: Settings) => Call][] = [
  [
    // the rows as logits: of generated samples, and of those that a classifier was trained on
    /classScore|modeScore|amScore|modifiedClassScore/,
    (name, { real, generated }) => {
      const sets = [generated!, real!].map((logits) => all.softmax(logits, 1));
      const given = /class/i.test(name) ? sets.slice(0, 1) : sets;
      return [async () => (await callOf(name)(...given)).value, () => sets.forEach((set) => set.dispose())];
    },
  ],
  [/vendi|birthday/i, (name, { generated }) => [async () => (await callOf(name)(generated)).value]],
  [
    /renyi|Novelty/,
    (name, { real, generated }, { d }) => {
      const sets = name.startsWith("renyi") ? [generated] : [real, generated];
      return [async () => (await callOf(name)(...sets, { sigma: Math.sqrt(d!) })).value];
    },
  ],
  // the set that is held out is here the real one again
  [
    /memorisation/,
    (_, { real, generated }) => [async () => (await all.memorisation(real!, generated!, { test: real! })).value],
  ],
  [/featureLikelihood/, (name, { real, generated }) => [async () => (await callOf(name)(real, real, generated)).value]],
  [
    // with its gradient: what training asks for
    /frechetLoss/,
    (_, { real, generated }) => {
      const moments = all.Moments.of(real!);
      return [
        async () => {
          const loss = all.frechetLoss(generated!, await moments);
          const [slope] = all.grad(loss, [generated!]);
          await slope.read();
          const value = await loss.item();
          for (const tensor of [loss, slope]) tensor.dispose();
          return value;
        },
      ];
    },
  ],
  [/logLikelihood/, (_, { generated }) => [async () => (await all.logLikelihood(normal(1), generated!)).value]],
  [
    /compareLikelihoods/,
    (_, { generated }) => [async () => (await all.compareLikelihoods(normal(1), normal(2), generated!)).value],
  ],
  [
    /classificationPerformance|linearProbe|retrieval/,
    (name, { real, generated }, { n }) => {
      const labels = Array.from({ length: n! }, (_, i) => i % CLASSES);
      return [async () => (await callOf(name)(generated, labels, real, labels)).value];
    },
  ],
  [
    /reconstructionError/,
    (_, { real, generated }, { d }) => {
      const w = all.slice(generated!, 0, 0, LATENT);
      const generator = (z: Tensor) => all.matmul(z, w);
      const options = { latent: LATENT, steps: 50, restarts: 2 };
      return [async () => (await all.reconstructionError(real!, generator, options)).value / d!, () => w.dispose()];
    },
  ],
  [
    /^VAE|^ais$/,
    (name, { real }, { n, d }) => {
      const image = [1, 1, d!] as const;
      const vae = new all.VAE(real!.gpu as all.Gpu, { image, hidden: [32], latent: LATENT, likelihood: "gaussian" });
      const x = real!.reshape([n!, ...image]);
      const ais = async () => (await all.ais(vae, x, { chains: 16, temperatures: 20 })).value;
      const bound = async () => {
        const mean = all.mean(vae.logProb(x, { samples: 50 }));
        const value = await mean.item();
        mean.dispose();
        return value;
      };
      return [name === "ais" ? ais : bound, () => (x.dispose(), vae.dispose())];
    },
  ],
];

/** What each workload calls; inputs by the names of its case. */
export const calls: { readonly [workload: string]: (inputs: Tensors, settings: Settings) => Prepared } = {
  parzen: ({ samples, x }) => ({
    call: async () => [Float32Array.from((await all.parzen(samples!, x!, { bandwidth: 1 })).logDensities)],
  }),
  nearest: ({ a, b }, { k }) => ({ call: async () => [(await all.nearest(a!, b!, k!)).squared] }),
  measure(inputs, settings) {
    const { which, n, side } = settings;
    const name = MEASURES[which!]!;
    const prepare = others.find(([names]) => names.test(name))?.[1];
    const sets = [inputs.real!, inputs.generated!].map((x) => (side! > 0 ? x.reshape([n!, 1, side!, side!]) : x));
    const [value, dispose] = prepare?.(name, inputs, settings) ?? [async () => (await callOf(name)(...sets)).value];
    return {
      call: async () => [Float32Array.of(await value())],
      dispose() {
        dispose?.();
        if (side! > 0) for (const x of sets) x.dispose();
      },
    };
  },
};
