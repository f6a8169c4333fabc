import { BayesianGaussianMixture, Gaussian, GaussianMixture, logLikelihood, Moments } from "../../../src/index.ts";
import { type LongCall, onRows, readAll, values, withModel } from "../call.ts";

const standard = { mean: [0, 0, 0], covariance: [1, 1, 1] };
const pair = { weights: [0.5, 0.5], means: [0, 0, 1, 1], covariances: [1, 0, 0, 1, 1, 0, 0, 1] };

/** Gaussians and mixtures: fitted, made, scored, saved, loaded, drawn from. */
export const gaussianCalls: readonly LongCall[] = [
  {
    name: "Gaussian.fit, few features",
    covers: ["Gaussian.fit"],
    aborts: true,
    prepare: onRows(
      9000,
      3,
      (x, call) => Gaussian.fit(x, call),
      (x, constant, broken) => [
        () => Gaussian.fit(constant),
        () => Gaussian.fit(constant, { covariance: "diag" }),
        () => Gaussian.fit(constant, { covariance: "spherical" }),
        () => Gaussian.fit(broken),
        () => Gaussian.fit(x, { covariance: "low-rank", rank: 3 }),
      ],
    ),
  },
  {
    name: "Gaussian.fit, many features",
    covers: ["Gaussian.fit"],
    aborts: true,
    prepare: onRows(
      600,
      40,
      (x, call) => Gaussian.fit(x, { ...call, shrinkage: "ledoit-wolf" }),
      (_, constant, broken) => [() => Gaussian.fit(constant), () => Gaussian.fit(broken)],
    ),
  },
  {
    name: "Gaussian.fit, low rank",
    covers: ["Gaussian.fit"],
    aborts: true,
    prepare: onRows(300, 20, (x, call) => Gaussian.fit(x, { ...call, covariance: "low-rank", rank: 3 })),
  },
  {
    name: "Gaussian.from, save and load",
    covers: ["Gaussian.from", "Gaussian.fromMoments", "Gaussian.klTo", "Gaussian.save", "Gaussian.load"],
    aborts: false,
    prepare: (gpu) => ({
      async run() {
        using made = await Gaussian.from(gpu, standard);
        using loaded = await Gaussian.load(gpu, await made.save());
        await made.klTo(loaded);
        await readAll([loaded.sample(100), loaded.logProb(loaded.mean.reshape([1, 3]))]);
        const moments = Moments.from({ mean: [0, 1], covariance: [2, 1, 1, 3], count: 9 });
        (await Gaussian.fromMoments(gpu, moments)).dispose();
      },
      refusals: [
        () => Gaussian.from(gpu, { ...standard, covariance: [1, 1, -1] }),
        () => Gaussian.from(gpu, { mean: [0, 0], covariance: [1, 2, 2, 1] }),
        () => Gaussian.load(gpu, new Uint8Array(99)),
        () => Gaussian.fromMoments(gpu, Moments.empty(2)),
      ],
      free: () => {},
    }),
  },
  {
    name: "Gaussian.score",
    covers: ["Gaussian.score"],
    aborts: true,
    prepare: withModel(
      (gpu) => Gaussian.from(gpu, standard),
      (gaussian) =>
        onRows(
          9000,
          3,
          (x, call) => gaussian.score(x, call),
          (_x, _constant, broken) => [() => gaussian.score(broken)],
        ),
    ),
  },
  {
    name: "GaussianMixture.fit",
    covers: ["GaussianMixture.fit"],
    aborts: true,
    prepare: onRows(
      500,
      2,
      (x, call) => GaussianMixture.fit(x, { components: 3, tolerance: 0, maxIterations: 30, ...call }),
      (x, constant, broken) => [
        () => GaussianMixture.fit(constant, { components: 2, regularization: 0 }),
        () => GaussianMixture.fit(constant, { components: 2, regularization: 0, covariance: "spherical" }),
        () => GaussianMixture.fit(broken, { components: 2 }),
        () => GaussianMixture.fit(x, { components: 501 }),
        () =>
          GaussianMixture.fit(x, { components: 1, init: { weights: [2], means: [[0, 0]], covariances: [1, 0, 0, 1] } }),
        () =>
          GaussianMixture.fit(x, { components: 1, init: { weights: [1], means: [[0, 0]], covariances: [1, 2, 2, 1] } }),
      ],
    ),
  },
  {
    name: "GaussianMixture.select",
    covers: ["GaussianMixture.select"],
    aborts: true,
    prepare: onRows(
      400,
      2,
      async (x, call) =>
        (
          await GaussianMixture.select(x, {
            components: [1, 2],
            criterion: "held-out",
            tolerance: 0,
            maxIterations: 8,
            ...call,
          })
        ).best,
      (x, _constant, broken) => [
        () => GaussianMixture.select(broken, { components: [1] }),
        () => GaussianMixture.select(x, { components: [401] }),
      ],
    ),
  },
  {
    name: "fits with missing entries, weights and mini-batches",
    covers: ["Gaussian.fit", "GaussianMixture.fit"],
    aborts: true,
    prepare: onRows(300, 3, async (x, call) => {
      const weights = Array.from({ length: 300 }, (_, i) => i % 3);
      (await Gaussian.fit(x, { missing: "nan", weights, ...call })).dispose();
      const options = { components: 2, weights, tolerance: 0, maxIterations: 6, ...call };
      (await GaussianMixture.fit(x, { ...options, missing: "nan" })).dispose();
      (await GaussianMixture.fit(x, { ...options, miniBatch: 64, reseed: true })).dispose();
    }),
  },
  {
    name: "BayesianGaussianMixture.fit",
    covers: ["BayesianGaussianMixture.fit"],
    aborts: true,
    prepare: onRows(
      500,
      2,
      (x, call) => BayesianGaussianMixture.fit(x, { components: 3, tolerance: 0, maxIterations: 20, ...call }),
      (x, constant, broken) => [
        () => BayesianGaussianMixture.fit(broken, { components: 2 }),
        () => BayesianGaussianMixture.fit(constant, { components: 2 }),
        () => BayesianGaussianMixture.fit(x, { components: 501 }),
      ],
    ),
  },
  {
    name: "GaussianMixture.fit, many batches",
    covers: ["GaussianMixture.fit"],
    aborts: true,
    prepare: onRows(20_000, 2, (x, call) =>
      GaussianMixture.fit(x, {
        components: 4,
        covariance: "diag",
        init: "random-from-data",
        tolerance: 0,
        maxIterations: 8,
        ...call,
      }),
    ),
  },
  {
    name: "GaussianMixture.from, save, load, aic and bic",
    covers: [
      "GaussianMixture.from",
      "GaussianMixture.save",
      "GaussianMixture.load",
      "GaussianMixture.aic",
      "GaussianMixture.bic",
    ],
    aborts: false,
    async prepare(gpu) {
      const x = gpu.tensor(values(400), [200, 2]);
      return {
        async run() {
          using made = await GaussianMixture.from(gpu, pair);
          using loaded = await GaussianMixture.load(gpu, await made.save());
          await Promise.all([loaded.aic(x), loaded.bic(x)]);
          await readAll([loaded.sample(100), loaded.predict(x), loaded.responsibilities(x)]);
        },
        refusals: [
          () => GaussianMixture.from(gpu, { ...pair, weights: [0.5, 0.6] }),
          () => GaussianMixture.from(gpu, { ...pair, covariances: [1, 2, 2, 1, 1, 0, 0, 1] }),
          () => GaussianMixture.load(gpu, new Uint8Array(99)),
        ],
        free: () => x.dispose(),
      };
    },
  },
  {
    name: "logLikelihood and score of a mixture",
    covers: ["logLikelihood", "GaussianMixture.score"],
    aborts: true,
    prepare: withModel(
      (gpu) => GaussianMixture.from(gpu, pair),
      (mixture) =>
        onRows(
          9000,
          2,
          async (x, call) => {
            await logLikelihood(mixture, x, call);
            await mixture.score(x, call);
          },
          (x, _constant, broken) => [
            () => logLikelihood(mixture, broken),
            () => logLikelihood(mixture, x, { scale: -1 }),
            () => mixture.score(broken),
          ],
        ),
    ),
  },
];
