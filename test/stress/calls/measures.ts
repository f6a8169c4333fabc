import { classScore, frechetDistance, Moments, softmax } from "../../../src/index.ts";
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
