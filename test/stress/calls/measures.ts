import { ais, classScore, frechetDistance, Moments, softmax, VAE } from "../../../src/index.ts";
import { type LongCall, onRows, values } from "../call.ts";

/** Measures and what they rest on. */
export const measureCalls: readonly LongCall[] = [
  {
    name: "Moments.of and update",
    covers: ["Moments.of", "Moments.update"],
    aborts: true,
    prepare: onRows(
      5000,
      40,
      async (x, call) => (await Moments.of(x, call)).update(x, call),
      (_x, _constant, broken) => [() => Moments.of(broken), () => Moments.empty(3).update(broken)],
    ),
  },
  {
    name: "frechetDistance",
    covers: ["frechetDistance"],
    aborts: true,
    prepare: onRows(
      600,
      40,
      (x, call) => frechetDistance(x, x, call.signal ? { signal: call.signal } : {}),
      (x, _constant, broken) => [() => frechetDistance(x, broken), () => frechetDistance(x, Moments.empty(40))],
    ),
  },
  {
    name: "ais",
    covers: ["ais", "LatentModel.ais"],
    aborts: true,
    prepare: (gpu) => {
      const model = new VAE(gpu, { image: [1, 2, 2], hidden: 4, latent: 2, likelihood: "gaussian" });
      const x = gpu.tensor(values(20), [5, 4]);
      const options = { chains: 3, temperatures: 40, leapfrogs: 2 };
      return {
        run: (call) => ais(model, x, { ...options, ...call }),
        refusals: [() => ais(model, x, { chains: 0 }), () => ais(x as never, x), () => model.ais(gpu.zeros([2, 5]))],
        free: () => {
          model.dispose();
          x.dispose();
        },
      };
    },
  },
  {
    name: "classScore",
    covers: ["classScore"],
    aborts: false,
    prepare: (gpu) => {
      const logits = gpu.tensor(values(5000), [500, 10]);
      return {
        async run() {
          const p = softmax(logits, 1);
          return classScore(p, { splits: 5, seed: 1 }).finally(() => p.dispose());
        },
        refusals: [() => classScore(logits), () => classScore(logits, { splits: 501 })],
        free: () => logits.dispose(),
      };
    },
  },
];
