import { FactorAnalysis, KernelDensity, KMeans, PCA } from "../../../src/index.ts";
import { type LongCall, onRows, readAll } from "../call.ts";

/** Centres, components and kernel densities: fitted, scored, saved, loaded. */
export const clusterCalls: readonly LongCall[] = [
  {
    name: "KMeans.fit and score",
    covers: ["KMeans.fit", "KMeans.score"],
    aborts: true,
    prepare: onRows(
      9000,
      3,
      async (x, call) => {
        using model = await KMeans.fit(x, { clusters: 5, tolerance: 0, maxIterations: 20, ...call });
        await model.score(x, call);
        await readAll([model.predict(x), model.transform(x)], { signal: call.signal });
      },
      (x, _constant, broken) => [
        () => KMeans.fit(broken, { clusters: 2 }),
        () => KMeans.fit(x, { clusters: 9001 }),
        () => KMeans.fit(x, { clusters: 2, weights: [1] }),
      ],
    ),
  },
  {
    name: "KMeans.fit, mini-batches",
    covers: ["KMeans.fit"],
    aborts: true,
    prepare: onRows(3000, 3, (x, call) => KMeans.fit(x, { clusters: 4, miniBatch: 256, maxIterations: 4, ...call })),
  },
  {
    name: "PCA.fit and FactorAnalysis.fit",
    covers: ["PCA.fit", "FactorAnalysis.fit", "FactorAnalysis.score"],
    aborts: true,
    prepare: onRows(
      400,
      6,
      async (x, call) => {
        using pca = await PCA.fit(x, { components: 2, ...call });
        using factors = await FactorAnalysis.fit(x, { components: 2, ...call });
        await factors.score(x, call);
        const codes = pca.transform(x);
        await readAll([codes, pca.inverse(codes), factors.transform(x)], { signal: call.signal });
      },
      (x, _constant, broken) => [
        () => PCA.fit(broken, { components: 1 }),
        () => PCA.fit(x, { components: 7 }),
        () => FactorAnalysis.fit(x, { components: 6 }),
      ],
    ),
  },
  {
    name: "KernelDensity.fit and score",
    covers: ["KernelDensity.fit", "KernelDensity.score"],
    aborts: true,
    prepare: onRows(
      3000,
      3,
      async (x, call) => {
        using density = await KernelDensity.fit(x, { bandwidth: "scott", ...call });
        await density.score(x, call);
        await readAll([density.sample(50)], { signal: call.signal });
      },
      (x, _constant, broken) => [() => KernelDensity.fit(broken), () => KernelDensity.fit(x, { bandwidth: -1 })],
    ),
  },
  {
    name: "centres, components and kernel densities, save and load",
    covers: [
      "KMeans.save",
      "KMeans.load",
      "PCA.save",
      "PCA.load",
      "FactorAnalysis.save",
      "FactorAnalysis.load",
      "KernelDensity.save",
      "KernelDensity.load",
    ],
    aborts: false,
    prepare: (gpu) =>
      onRows(200, 4, async (x) => {
        using centres = await KMeans.fit(x, { clusters: 2 });
        using pca = await PCA.fit(x, { components: 1 });
        using factors = await FactorAnalysis.fit(x, { components: 1 });
        using density = await KernelDensity.fit(x);
        (await KMeans.load(gpu, await centres.save())).dispose();
        (await PCA.load(gpu, await pca.save())).dispose();
        (await FactorAnalysis.load(gpu, await factors.save())).dispose();
        (await KernelDensity.load(gpu, await density.save())).dispose();
      })(gpu),
  },
];
