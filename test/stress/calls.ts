import {
  AutoEncoder,
  classScore,
  Dataset,
  Digits,
  frechetDistance,
  Gaussian,
  GaussianMixture,
  type Gpu,
  linalg,
  logLikelihood,
  matmul,
  Moments,
  softmax,
  sum,
  type Tensor,
  VAE,
} from "../../src/index.ts";

/** What a long call takes; empty for those that take nothing. */
export interface Call {
  readonly signal?: AbortSignal;
  readonly onProgress?: () => void;
}

/** A call on inputs of its own, which `free` gives back. */
export interface Prepared {
  /** Begins it; what it resolves to is disposed where it can be. */
  run(options: Call): Promise<unknown>;
  /** The same with something that must be refused, at once or on the way. */
  readonly refusals: readonly (() => Promise<unknown>)[];
  free(): void;
}

export interface LongCall {
  readonly name: string;
  /** Whether it takes a signal. */
  readonly aborts: boolean;
  prepare(gpu: Gpu): Promise<Prepared> | Prepared;
}

/** Values that repeat late, around `centre`. */
export const values = (size: number, centre = 0): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: size }, (_, i) => centre + Math.sin(i * 1.7) + ((i * 7919) % 101) / 101);
const bytes = (size: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length: size }, (_, i) => (i * 7919) % 251);

const image = [1, 8, 8] as const;
const small = { image, hidden: 16, latent: 2 };

/** A tensor [n, d], and the call on it. */
function onRows(
  n: number,
  d: number,
  run: (x: Tensor, options: Call) => Promise<unknown>,
  refusals: (x: Tensor, constant: Tensor, broken: Tensor) => (() => Promise<unknown>)[] = () => [],
): (gpu: Gpu) => Prepared {
  return (gpu) => {
    const x = gpu.tensor(values(n * d), [n, d]);
    const constant = gpu.tensor(new Float32Array(n * d).fill(3), [n, d]);
    const broken = gpu.tensor(values(n * d).fill(Number.NaN, n, n + 1), [n, d]);
    return {
      run: (options) => run(x, options),
      refusals: refusals(x, constant, broken),
      free: () => {
        for (const t of [x, constant, broken]) t.dispose();
      },
    };
  };
}

const model = (
  make: (gpu: Gpu) => { fit(images: Uint8Array, options: object): Promise<unknown>; dispose(): void },
  size: number,
  further: object = {},
): ((gpu: Gpu) => Prepared) => {
  return (gpu) => {
    const made = make(gpu);
    const options = { epochs: 2, batch: 16, ...further };
    return {
      run: (call) => made.fit(bytes(size), { ...options, ...call }),
      refusals: [
        () => made.fit(bytes(size), { ...options, learningRate: -1 }),
        () => made.fit(bytes(size), { ...options, clipNorm: 0 }),
        () => made.fit(bytes(size), { ...options, learningRate: 1e30 }),
        () => made.fit(bytes(size).subarray(1), options),
        () => made.fit(values(size).fill(Number.NaN, 9, 10) as never, options),
        () => made.fit(values(size, 9) as never, options),
        () => made.fit(bytes(size), { ...options, resume: new Uint8Array(9) }),
        () => made.fit(bytes(size), { ...options, validation: new Uint8Array(1) }),
      ],
      free: () => made.dispose(),
    };
  };
};

/** Every call that takes long, or may. */
export const calls: readonly LongCall[] = [
  {
    name: "Gaussian.fit, few features",
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
    aborts: true,
    prepare: onRows(
      600,
      40,
      (x, call) => Gaussian.fit(x, { ...call, shrinkage: "ledoit-wolf" }),
      (_, constant, broken) => [() => Gaussian.fit(constant), () => Gaussian.fit(broken)],
    ),
  },
  {
    name: "GaussianMixture.fit",
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
    name: "GaussianMixture.fit, many batches",
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
    name: "Gaussian.score",
    aborts: true,
    async prepare(gpu) {
      const gaussian = await Gaussian.from(gpu, { mean: [0, 0, 0], covariance: [1, 1, 1] });
      const made = onRows(
        9000,
        3,
        (x, call) => gaussian.score(x, call),
        (_x, _c, broken) => [() => gaussian.score(broken)],
      )(gpu);
      return { ...made, free: () => (made.free(), gaussian.dispose()) };
    },
  },
  {
    name: "logLikelihood of a mixture",
    aborts: true,
    async prepare(gpu) {
      const mixture = await GaussianMixture.from(gpu, {
        weights: [0.5, 0.5],
        means: [0, 0, 1, 1],
        covariances: [1, 0, 0, 1, 1, 0, 0, 1],
      });
      const made = onRows(
        9000,
        2,
        (x, call) => logLikelihood(mixture, x, call),
        (x, _c, broken) => [() => logLikelihood(mixture, broken), () => logLikelihood(mixture, x, { scale: -1 })],
      )(gpu);
      return { ...made, free: () => (made.free(), mixture.dispose()) };
    },
  },
  {
    name: "Moments.of and update",
    aborts: true,
    prepare: onRows(
      5000,
      40,
      async (x, call) => (await Moments.of(x, call)).update(x, call),
      (_x, _c, broken) => [() => Moments.of(broken), () => Moments.empty(3).update(broken)],
    ),
  },
  {
    name: "frechetDistance",
    aborts: true,
    prepare: onRows(
      600,
      40,
      (x, call) => frechetDistance(x, x, call.signal ? { signal: call.signal } : {}),
      (x, _c, broken) => [() => frechetDistance(x, broken), () => frechetDistance(x, Moments.empty(40))],
    ),
  },
  {
    name: "classScore",
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
  {
    name: "vae.fit",
    aborts: true,
    prepare: model((gpu) => new VAE(gpu, small), 64 * 60, {
      validation: bytes(64 * 20),
      earlyStopping: { patience: 3 },
    }),
  },
  {
    name: "autoEncoder.fit",
    aborts: true,
    // a model for each call: what it keeps of its codes goes with it
    prepare: model((gpu) => {
      const fit = async (images: Uint8Array, options: object): Promise<unknown> => {
        using made = new AutoEncoder(gpu, small);
        return await made.fit(images, options);
      };
      return { fit, dispose: () => {} };
    }, 64 * 50),
  },
  {
    name: "digits.fit",
    aborts: true,
    prepare(gpu) {
      const digits = new Digits(gpu);
      const [images, labels] = [bytes(784 * 40), Uint8Array.from({ length: 40 }, (_, i) => i % 10)];
      return {
        async run(call) {
          await digits.fit(images, labels, { epochs: 2, batch: 16, ...call });
          await digits.accuracy(images, labels);
        },
        refusals: [
          () => digits.fit(images, labels.subarray(1)),
          () => digits.fit(images, labels, { learningRate: -1 }),
          () => digits.fit(images, labels, { epochs: 0 }),
          () => digits.accuracy(images),
        ],
        free: () => digits.dispose(),
      };
    },
  },
  {
    name: "vae.logProb, read",
    aborts: false,
    prepare(gpu) {
      const vae = new VAE(gpu, small);
      const x = gpu.tensor(values(64 * 4), [4, 64]);
      return {
        async run() {
          using bound = vae.logProb(x, { samples: 8 });
          await bound.read();
        },
        refusals: [async () => vae.logProb(x, { samples: 0 })],
        free: () => (vae.dispose(), x.dispose()),
      };
    },
  },
  {
    name: "Dataset.validate",
    aborts: false,
    prepare: (gpu) => ({
      async run() {
        using data = Dataset.from(gpu, values(4000), [400, 10]);
        await data.validate("validate");
      },
      refusals: [
        async () => Dataset.from(gpu, values(40), [4, 10], { labels: [1, 2, 300, 4] }),
        async () => Dataset.from(gpu, values(40).fill(Number.NaN, 3, 4), [4, 10]),
        async () => {
          using data = Dataset.from(gpu, values(4000), [400, 10]);
          await data.validate("validate", [0, 0.5]);
        },
      ],
      free: () => {},
    }),
  },
  {
    name: "linalg.eigh and svdvals, read",
    aborts: false,
    prepare: onRows(40, 40, async (x) => {
      using square = matmul(x, x.transpose());
      const made: Tensor[] = [];
      try {
        const { values: spectrum, vectors } = await linalg.eigh(square);
        made.push(spectrum, vectors, await linalg.svdvals(x));
        await Promise.all(made.map((t) => t.read()));
      } finally {
        for (const t of made) t.dispose();
      }
    }),
  },
  {
    name: "tune",
    aborts: true,
    prepare(gpu) {
      const x = gpu.tensor(values(96 * 96), [96, 96]);
      return {
        async run(call) {
          const before = gpu.tuning.export();
          await gpu.tune((a) => matmul(a, a), [x], call).finally(() => gpu.tuning.import(before));
        },
        refusals: [() => gpu.tune((a) => matmul(a, a.reshape([1, -1])), [x])],
        free: () => x.dispose(),
      };
    },
  },
  {
    name: "compile and repeat",
    aborts: false,
    prepare(gpu) {
      const x = gpu.tensor(values(4096), [64, 64]);
      return {
        async run() {
          using step = await gpu.compile((a) => sum(matmul(a, a)), x);
          await (await step.repeat(20, x)).item();
        },
        refusals: [() => gpu.compile((a) => matmul(a, a.reshape([1, -1])), x)],
        free: () => x.dispose(),
      };
    },
  },
  {
    name: "selfTest",
    aborts: false,
    prepare: (gpu) => ({ run: () => gpu.selfTest(), refusals: [], free: () => {} }),
  },
];
