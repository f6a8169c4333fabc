import { aggregatePosterior, Digits, linearProbe, retrieval, VAE } from "../../../src/index.ts";
import { type LongCall, onRows, readAll, values } from "../call.ts";

const labels = Array.from({ length: 300 }, (_, i) => i % 3);

/** What is asked of codes, and the network that comes with the package. */
export const codeCalls: readonly LongCall[] = [
  {
    name: "retrieval",
    covers: ["retrieval"],
    aborts: true,
    prepare: onRows(
      300,
      8,
      (x, call) => retrieval(x, labels, x, labels, { k: 3, ...call }),
      (x, _constant, broken) => [
        () => retrieval(x, labels, x, labels, { k: 301 }),
        () => retrieval(x, [1], x, labels),
        () => retrieval(x, labels, broken, [0.5]),
      ],
    ),
  },
  {
    name: "linearProbe",
    covers: ["linearProbe"],
    aborts: true,
    prepare: onRows(
      300,
      8,
      (x, call) => linearProbe(x, labels, x, labels, call),
      (x, _constant, broken) => [
        () => linearProbe(x, labels, x, labels, { penalty: 0 }),
        () => linearProbe(x, labels, broken, labels),
      ],
    ),
  },
  {
    name: "aggregatePosterior",
    covers: ["aggregatePosterior"],
    aborts: true,
    prepare: (gpu) => {
      const model = new VAE(gpu, { image: [1, 2, 2], hidden: 4, latent: 2 });
      const x = gpu.tensor(values(200, 2), [50, 4]);
      return {
        run: (call) => aggregatePosterior(model, x, call),
        refusals: [
          () => aggregatePosterior(model, x, { quantile: 2 }),
          () => aggregatePosterior(model, gpu.zeros([3, 5])),
        ],
        free: () => {
          model.dispose();
          x.dispose();
        },
      };
    },
  },
  {
    name: "Digits.v1",
    covers: ["Digits.v1"],
    aborts: false,
    prepare: (gpu) => ({
      async run() {
        using digits = await Digits.v1(gpu);
        await readAll([digits.probabilities(gpu.zeros([2, 784]))]);
      },
      refusals: [() => Digits.v1(null as never)],
      free: () => {},
    }),
  },
];
