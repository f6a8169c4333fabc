// What the contract says and only types know. Nothing runs: `npm run check` compiles this file.
import * as m from "../src/index.ts";
import type { Gpu, Tensor } from "../src/index.ts";

type Part<F extends (...all: never[]) => Promise<unknown>> = Awaited<ReturnType<F>>;
/** Compiles where T has these members. */
const has = <T>(..._names: readonly (keyof T)[]): void => {};
/** Compiles where every code of the contract is a code and no other is. */
const codes: { readonly [code in m.Code]: true } = {
  shape: true,
  argument: true,
  data: true,
  limit: true,
  "out-of-memory": true,
  "device-lost": true,
  disposed: true,
  "wrong-device": true,
  busy: true,
  unsupported: true,
  format: true,
  numeric: true,
};

/** The calls of the contract, with all options that it names. */
export async function contractTypes(gpu: Gpu, device: GPUDevice, adapter: GPUAdapter, x: Tensor): Promise<unknown> {
  const { signal } = new AbortController();
  const onProgress = (now: { step: number; total: number; loss?: number; seconds: number; eta: number }) =>
    void now.eta;
  const long = { signal, onProgress };
  await m.openGpu({
    device,
    adapter,
    powerPreference: "high-performance",
    requiredFeatures: [],
    requiredLimits: {},
    budgetMs: 4,
    signal,
  });
  const { reason, message } = await gpu.lost;
  {
    using scope = gpu.scope();
    scope.keep(x);
  }
  const { buffer, offset, size } = x.location();
  const f32: Float32Array = await gpu.tensor([1]).read();
  const picture: Tensor<"f32"> = gpu.fromImage({} as ImageBitmap, { size: [28, 28], channels: 1, range: [-1, 1] });
  for (const source of [
    {} as HTMLCanvasElement,
    {} as HTMLVideoElement,
    {} as VideoFrame,
    {} as ImageData,
    {} as GPUTexture,
  ])
    gpu.fromImage(source, { size: 28, channels: 4 });
  const texture: GPUTexture = await gpu.toTexture(picture, {} as GPUTexture);
  await gpu.draw(picture, {} as HTMLCanvasElement, { columns: 8, colormap: "viridis" });
  await gpu.draw(picture, {} as OffscreenCanvas, { colormap: "magma" });
  const step = await gpu.compile((a: Tensor) => a.add(1), x);
  step.encode({} as GPUComputePassEncoder, x);

  const start = { weights: x, means: x, covariances: x };
  await m.Gaussian.fit([[1, 2]], { rank: 1, shrinkage: "oas", weights: [1], missing: "nan", ...long });
  for (const covariance of ["full", "diag", "spherical", "low-rank", "factor"] as const)
    await m.Gaussian.fit(x, { covariance, ddof: 1, regularization: 0, shrinkage: 0.1 });
  for (const covariance of ["full", "tied", "diag", "spherical", "low-rank", "factor"] as const)
    for (const init of ["kmeans", "k-means++", "random", "random-from-data", start] as const)
      await m.GaussianMixture.fit(x, {
        components: 2,
        covariance,
        rank: 1,
        init,
        regularization: 0,
        tolerance: 0,
        maxIterations: 1,
        restarts: 1,
        seed: 0,
        weights: [1],
        missing: "nan",
        miniBatch: 8,
        ...long,
      });
  for (const criterion of ["bic", "aic", "held-out"] as const) {
    const { best, table } = await m.GaussianMixture.select(x, { components: [2, 4, 8], criterion });
    await m.GaussianMixture.fit(x, { components: table[0]!.components, warmStart: best });
  }

  const own = { encoder: {} as m.Layer, decoder: {} as m.Layer };
  for (const encoder of ["mlp", "conv", "residual", own] as const) {
    const vae = new m.VAE(gpu, { image: [1, 28, 28], encoder, prior: await m.Gaussian.fit(x) });
    await vae.fit(x, {
      epochs: 1,
      batch: 2,
      learningRate: 1e-3,
      seed: 0,
      labels: [1],
      validation: x,
      earlyStopping: { patience: 1 },
      budgetMs: 4,
      onEpoch: () => {},
      ...long,
    });
    await vae.ais(x, { chains: 4, temperatures: 10 });
    vae.terms(x, { noise: { z: x }, labels: [1], step: 0, count: 1 });
  }

  has<m.Score>("value", "deviation", "interval", "n", "features", "seed", "warnings");
  has<Part<typeof m.frechetDistance>>("meanTerm", "traceTerm", "ranks");
  has<Part<typeof m.precisionRecall>>("precision", "recall");
  has<Part<typeof m.densityCoverage>>("density", "coverage");
  has<Part<typeof m.ndb>>("bins", "significant", "jensenShannon");
  has<Part<typeof m.memorisation>>("rate", "statistic", "nearest");
  has<m.FeatureNetwork>("name", "checksum", "input", "features", "probabilities");
  await m.kernelDistance(x, x, { kernel: "rbf", estimator: "unbiased" });
  await m.kernelDistance(x, x, { kernel: "polynomial", subsets: 2, subsetSize: 10, ...long });
  await m.classScore(x, { splits: 10 });
  for (const bandwidth of [1, "validation", "scott", "silverman"] as const)
    await m.parzen(x, x, { bandwidth, kernel: "gaussian" });
  const model = await m.Gaussian.fit(x);
  await m.compareLikelihoods(model, model, x);
  await m.logLikelihood(model, x);
  await m.gaussianFit(x, x);
  await m.detectionRate(x, {} as m.BlazeFace, { threshold: 0.5, minSize: 1 });
  const loss: Tensor = m.frechetLoss(x, await m.Moments.of(x));
  const stream = m.frechetDistance.streaming({ real: x });
  await stream.update(x);
  return [reason, message, buffer, offset, size, f32, texture, loss, await stream.result(long), codes];
}
