import type { Anything, Mistake } from "./mistake.ts";

const rows = (gpu: Anything) =>
  gpu.tensor([
    [1, 2],
    [3, 5],
    [4, 1],
    [0, 0],
    [2, 2],
    [6, 1],
  ]);
const images = () => new Uint8Array(32);
const small = { image: [1, 4, 4], hidden: 8, latent: 2 };
const gaussian = (gpu: Anything, { Gaussian }: Anything) => Gaussian.from(gpu, { mean: [0, 0], covariance: [1, 1] });
const fitted = (gpu: Anything, { VAE }: Anything, options: object, values: unknown = images()) => {
  const vae = new VAE(gpu, small);
  return vae.fit(values, options).finally(() => vae.dispose());
};

/** Long calls that look at `signal` and `onProgress`, with the options that they need besides. */
const long: readonly ((gpu: Anything, all: Anything, call: object) => unknown)[] = [
  (gpu, { Gaussian }, call) => Gaussian.fit(rows(gpu), call),
  (gpu, { GaussianMixture }, call) => GaussianMixture.fit(rows(gpu), { components: 1, ...call }),
  async (gpu, all, call) => (await gaussian(gpu, all)).score(rows(gpu), call),
  (gpu, { Moments }, call) => Moments.of(rows(gpu), call),
  (_, { Moments }, call) => Moments.empty(2).update(rows(_), call),
  async (gpu, all, call) => all.logLikelihood(await gaussian(gpu, all), rows(gpu), call),
  (gpu, all, call) => fitted(gpu, all, call),
  (gpu, { AutoEncoder }, call) => new AutoEncoder(gpu, small).fit(images(), call),
  (gpu, { Digits }, call) => new Digits(gpu).fit(new Uint8Array(784), new Uint8Array(1), call),
  (gpu, _, call) => gpu.tune((x: Anything) => x.matmul(x), [gpu.tensor([[1]])], call),
  (_, { loadMnist }, call) => loadMnist("http://127.0.0.1:9/", call),
];

export const mistakes: readonly Mistake[] = [
  ...long
    .flatMap((call): Mistake[] => [
      [
        (gpu, all) => call(gpu, all, { signal: {} }),
        "argument",
        /expected signal to be an AbortSignal; got Object\. Give the signal of an AbortController/,
      ],
      [(gpu, all) => call(gpu, all, { signal: null }), "argument", /expected signal to be an AbortSignal; got null/],
      [(gpu, all) => call(gpu, all, { signal: new AbortController() }), "argument", /got AbortController/],
      [(gpu, all) => call(gpu, all, { onProgress: 5 }), "argument", /expected onProgress to be a function.*got 5/],
      [(gpu, all) => call(gpu, all, { onprogress: () => {} }), "argument", /unknown option.*onprogress/],
      [(gpu, all) => call(gpu, all, 5 as never), "argument", /options are not an object|expected|got 5|unknown option/],
    ])
    .filter((_, i) => !(i % 6 === 5 && [1].includes(Math.floor(i / 6)))),
  [(gpu, { frechetDistance }) => frechetDistance(rows(gpu), rows(gpu), { signal: {} }), "argument", /AbortSignal/],
  [
    (gpu, { frechetDistance }) => frechetDistance(rows(gpu), rows(gpu), { gpu: Promise.resolve(gpu) }),
    "argument",
    /a promise\. Await it/,
  ],
  [
    (gpu, { frechetDistance }) => frechetDistance("features", rows(gpu)),
    "argument",
    /expected samples: a tensor or arrays \[n, d\], a Dataset/,
  ],
  [
    (gpu, { frechetDistance }) => frechetDistance(rows(gpu)),
    "argument",
    /expected real, generated; got undefined as generated/,
  ],

  // a model's first argument
  ...["VAE", "AutoEncoder"].flatMap((name): Mistake[] => [
    [
      (gpu, all) => new all[name](gpu),
      "argument",
      /options are missing\. Expected \{ image: \[channels, height, width\]/,
    ],
    [(gpu, all) => new all[name](gpu, undefined), "argument", /options are missing/],
    [(gpu, all) => new all[name](Promise.resolve(gpu), small), "argument", /a promise\. Await it: await openGpu\(\)/],
    [(_, all) => new all[name](small), "argument", /expected a gpu opened by openGpu/],
    [(_, all) => new all[name](), "argument", /expected a gpu opened by openGpu/],
    [
      (gpu, all) => new all[name](gpu, { image: 784 }),
      "argument",
      /expected image \[channels, height, width\].*got 784/,
    ],
    [(gpu, all) => new all[name](gpu, { ...small, hidden: "400" }), "argument", /hidden widths.*got "400"/],
    [(gpu, all) => new all[name](gpu, { ...small, hidden: null }), "argument", /hidden widths.*got null/],
    [(gpu, all) => new all[name](gpu, { ...small, latent: 2.5 }), "argument", /latent/],
    [(gpu, all) => new all[name](gpu, { ...small, seed: "7" }), "argument", /seed as a whole number ≥ 0; got "7"/],
    [
      (gpu, all) => new all[name](gpu, { ...small, encoder: "cnn" }),
      "argument",
      /encoder "mlp", "conv", "residual" or \{ encoder: Layer, decoder: Layer \}; got "cnn"/,
    ],
    [(gpu, all) => new all[name](gpu, { ...small, latents: 2 }), "argument", /unknown option.*latents/],
    [(gpu, all) => all[name].load(gpu), "argument", /bytes are missing/],
    [(gpu, all) => all[name].load(new Uint8Array(9), gpu), "argument", /expected a gpu opened by openGpu/],
    [
      (gpu, all) => new all[name](gpu, small).fit(),
      "argument",
      /expected a Dataset, Tensor, Uint8Array or Float32Array/,
    ],
    [
      (gpu, all) => new all[name](gpu, small).fit([[1, 2]]),
      "argument",
      /expected a Uint8Array, Float32Array or Tensor|expected a Dataset/,
    ],
  ]),
  [(gpu, { VAE }) => new VAE(gpu, { ...small, beta: "1" }), "argument", /expected beta as a number ≥ 0; got "1"/],
  [(gpu, { VAE }) => new VAE(gpu, { ...small, variance: null }), "argument", /variance as a number > 0, "learned"/],
  ...["Gaussian", "GaussianMixture"].map((name): Mistake => [
    (gpu, all) => all[name].load(gpu),
    "argument",
    /bytes are missing/,
  ]),

  // fits
  [
    (gpu, { GaussianMixture }) => GaussianMixture.fit(rows(gpu)),
    "argument",
    /how many components is missing\. Expected \{ components: 3 \}/,
  ],
  [
    (gpu, { GaussianMixture }) => GaussianMixture.fit(rows(gpu), {}),
    "argument",
    /expected components as a whole number ≥ 1; got undefined/,
  ],
  [(gpu, { GaussianMixture }) => GaussianMixture.fit(rows(gpu), 3), "argument", /options are not an object/],
  [
    (gpu, { GaussianMixture }) => GaussianMixture.fit(rows(gpu), { components: "3" }),
    "argument",
    /expected components as a whole number ≥ 1; got "3"/,
  ],
  [
    (gpu, { GaussianMixture }) => GaussianMixture.fit(rows(gpu), { components: 2, init: null }),
    "argument",
    /expected init "kmeans".*got null/,
  ],
  [
    (gpu, { GaussianMixture }) =>
      GaussianMixture.fit(rows(gpu), { components: 1, init: { weights: [1], means: [[0, 0]] } }),
    "argument",
    /init\.covariances as numbers.*undefined/,
  ],
  [(_, { Gaussian }) => Gaussian.fit("1 2, 3 4"), "argument", /expected samples: a tensor or arrays \[n, d\]/],
  [(_, { Gaussian }) => Gaussian.fit(), "argument", /expected samples/],
  [(gpu, { Gaussian }) => Gaussian.fit(gpu.tensor([1, 2, 3])), "shape", /expected f32 rows \[n, d\]/],
  [
    (gpu, { Gaussian }) => Gaussian.fromMoments(gpu, rows(gpu)),
    "argument",
    /expected Moments\. Make them with Moments\.of/,
  ],
  [(gpu, { Gaussian }) => Gaussian.fromMoments(rows(gpu)), "argument", /opened by openGpu/],
  [
    async (gpu, all) => (await gaussian(gpu, all)).logProb([[1, 2]]),
    "argument",
    /Gaussian\.logProb: expected a tensor \[n, d\]; got an array\. Make a tensor of it: gpu\.tensor\(values\)/,
  ],
  [
    async (gpu, { KMeans }) => (await KMeans.fit(rows(gpu), { clusters: 2 })).predict([[1, 2]]),
    "argument",
    /KMeans\.predict: expected a tensor \[n, d\]; got an array/,
  ],
  [
    async (gpu, { PCA }) => (await PCA.fit(rows(gpu), { components: 1 })).inverse([[1]]),
    "argument",
    /PCA\.inverse: expected a tensor \[n, d\]; got an array/,
  ],
  ...[
    { epochs: 0 },
    { batch: 1.5 },
    { seed: -1 },
    { learningRate: "1" },
    { learningRate: -1 },
    { clipNorm: 0 },
    { weightDecay: -1 },
    { earlyStopping: true },
    { earlyStopping: { patience: 2 } },
    { checkpoint: () => {} },
    { checkpoint: { everySteps: 5 } },
    { resume: "file" },
    { resume: new ArrayBuffer(8) },
    { epoch: 3 },
  ].map((options): Mistake => [
    (gpu, all) => fitted(gpu, all, options),
    "argument",
    /expected|Expected|unknown option|needs/,
  ]),
  [(gpu, all) => fitted(gpu, all, { validation: [1] }), "argument", /expected a Dataset|expected a Uint8Array/],
  [(gpu, all) => fitted(gpu, all, { resume: new Uint8Array(9) }), "format", /resume: header is not JSON/],

  // data sets
  [
    (gpu, { Dataset }) => Dataset.from(gpu, [1, 2], [2, 1]),
    "argument",
    /expected a Uint8Array, Float32Array or Tensor; got an array/,
  ],
  [(_, { Dataset }) => Dataset.from(new Uint8Array(2), [2, 1]), "argument", /opened by openGpu/],
  [
    (gpu, { Dataset }) => Dataset.from(Promise.resolve(gpu), new Uint8Array(2), [2, 1]),
    "argument",
    /a promise\. Await it/,
  ],
  [(gpu, { Dataset }) => Dataset.from(gpu, new Uint8Array(2)), "argument", /an array needs a shape/],
  [
    (gpu, { Dataset }) => Dataset.from(gpu, new Uint8Array(2), { labels: [1, 2] }),
    "argument",
    /expected a shape \[count, …\] third, and options after it/,
  ],
  [
    (gpu, { Dataset }) => Dataset.from(gpu, new Float64Array(2), [2, 1]),
    "argument",
    /expected a Uint8Array, Float32Array or Tensor; got Float64Array/,
  ],
  [
    (gpu, { Dataset }) => Dataset.from(gpu, new Uint8Array(2), [2, 1], { labels: 3 }),
    "argument",
    /expected labels as an array/,
  ],
  [(gpu, { Dataset }) => Dataset.from(gpu, new Uint8Array(2), [2, 1], { labels: [1, 256] }), "data", /label 1 is 256/],
  [
    (gpu, { Dataset }) => Dataset.from(gpu, new Uint8Array(2), [2, 1], { labels: Float32Array.of(1, 0.5) }),
    "data",
    /label 1 is 0\.5/,
  ],
  [(gpu, { Dataset }) => Dataset.from(gpu, new Uint8Array(2), [2, 1], { labels: ["a", "b"] }), "data", /label 0 is a/],
  [(gpu, { Dataset }) => Dataset.from(gpu, new Uint8Array(2), [2, 1], { label: [1, 2] }), "argument", /unknown option/],

  // measures
  [(_, { classScore }) => classScore("digits"), "argument", /expected generated as a tensor or arrays/],
  [(gpu, { classScore }) => classScore(gpu.tensor([[0.5, 0.5]]), { splits: "1" }), "argument", /splits/],
  [(gpu, { classScore }) => classScore(gpu.tensor([[0.5, 0.5]]), { seed: -1 }), "argument", /seed/],
  [
    (gpu, { logLikelihood }) => logLikelihood(rows(gpu), rows(gpu)),
    "argument",
    /expected a model with a density first/,
  ],
  [(gpu, { logLikelihood }) => logLikelihood(rows(gpu)), "argument", /expected model, x; got undefined as x/],
  [(_, { Moments }) => Moments.from({ mean: 3, covariance: 1, count: 5 }), "argument", /mean as numbers/],
  [(_, { Moments }) => Moments.from({ covariance: [1], count: 5 }), "argument", /mean as numbers.*undefined/],
  [(_, { Moments }) => Moments.from(), "argument", /expected|mean/],
  [(_, { Moments }) => Moments.empty(2).merge({}), "argument", /expected Moments/],
  [(_, { Moments }) => Moments.fromNpz("stats.npz"), "argument", /bytes are missing/],
];
