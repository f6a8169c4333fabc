import * as measures from "../../../src/index.ts";
import {
  ais,
  classScore,
  frechetDistance,
  Gaussian,
  type Gpu,
  Moments,
  softmax,
  type Tensor,
  VAE,
} from "../../../src/index.ts";
import { type CallOptions, type LongCall, onRows, type Prepared, values } from "../call.ts";

type Measure = (...args: readonly unknown[]) => Promise<unknown>;
type Name = keyof typeof measures;
const all = measures as unknown as { readonly [name in Name]: Measure };
const measure = (name: Name): Measure => all[name];

const [N, D] = [40, 6];
/** Rows of two sets and rows with a NaN; what is left out is not asked for. */
interface Sets {
  readonly real: Tensor;
  readonly generated: Tensor;
  readonly broken: Tensor;
}

/** A measure of tensors that live as long as the call. */
function onSets(
  name: Name,
  shape: readonly number[],
  given: (sets: Sets) => readonly unknown[],
  options: object,
  valuesOf: (size: number, centre: number) => Float32Array<ArrayBuffer> = values,
): (gpu: Gpu) => Prepared {
  return (gpu) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const broken = valuesOf(size, 0).fill(Number.NaN, 3, 4);
    const sets = {
      real: gpu.tensor(valuesOf(size, 0), shape),
      generated: gpu.tensor(valuesOf(size, 0.2), shape),
      broken: gpu.tensor(broken, shape),
    };
    const inputs = given(sets);
    const wrong = inputs.map((one) => (one === sets.generated ? sets.broken : one));
    return {
      run: (call) => measure(name)(...inputs, { ...options, ...call }),
      refusals: [
        () => measure(name)(...wrong, options),
        () => measure(name)(...inputs, { ...options, unheardOf: 1 }),
        () => measure(name)({ ...options, gpu }),
      ],
      free: () => {
        for (const t of Object.values(sets)) t.dispose();
      },
    };
  };
}

/** Two sets of rows; a row is the name and the options. */
const pairs: { readonly [name in Name]?: object } = {
  authenticity: {},
  classifierTest: {},
  clippedDensityCoverage: {},
  coverageMetric: {},
  densityCoverage: { resamples: 20 },
  frechetDistanceInfinity: { count: 3, smallest: 10 },
  gaussianFit: {},
  kernelDistance: { subsets: 4, subsetSize: 10 },
  kernelEntropyNovelty: { sigma: 1 },
  memorisation: {},
  mifid: {},
  ndb: { bins: 3 },
  nearestNeighbourTest: {},
  parzen: { bandwidth: "validation" },
  precisionRecall: { resamples: 20 },
  rarity: {},
  realism: {},
  mind: { projections: 16 },
  slicedWasserstein: { projections: 16 },
  topologicalPrecisionRecall: { repeats: 2 },
};
/** One set of rows. */
const alone: { readonly [name in Name]?: object } = {
  birthdayParadox: {},
  fourierVendi: { sigma: 1, count: 8 },
  renyiKernelEntropy: { sigma: 1 },
  vendiScore: {},
};
/** Two sets of images. */
const images: { readonly [name in Name]?: object } = {
  imageStatistics: { resamples: 10 },
  msSsim: {},
  psnr: {},
  sharpnessDifference: {},
  spectrumDistance: { resamples: 10 },
  ssim: {},
  waveletFrechetDistance: { level: 1 },
};
/** Class probabilities. */
const classes: { readonly [name in Name]?: boolean } = { amScore: true, modeScore: true, modifiedClassScore: false };

const called = (name: string, prepare: (gpu: Gpu) => Prepared | Promise<Prepared>): LongCall => ({
  name,
  covers: [name],
  aborts: true,
  prepare,
});
const table = (rows: { readonly [name in Name]?: object }, of: (name: Name, options: object) => LongCall) =>
  (Object.entries(rows) as [Name, object][]).map(([name, options]) => of(name, options));

/** Rows of numbers above 0 that sum to 1. */
function probabilities(size: number, centre: number): Float32Array<ArrayBuffer> {
  const found = values(size, centre).map((v) => Math.exp(v));
  const total = (at: number) => found.subarray(at - (at % D), at - (at % D) + D).reduce((a, b) => a + b, 0);
  return Float32Array.from(found, (v, at) => v / total(at));
}

const labels = Uint8Array.from({ length: N }, (_, i) => i % 2);

/** Those that take other arguments. */
const further: readonly LongCall[] = [
  called(
    "classificationPerformance",
    onSets("classificationPerformance", [N, D], ({ real, generated }) => [generated, labels, real, labels], {}),
  ),
  called(
    "featureLikelihoodDivergence",
    onSets("featureLikelihoodDivergence", [N, D], ({ real, generated }) => [real, real, generated], { steps: 5 }),
  ),
  called(
    "reconstructionError",
    onSets("reconstructionError", [N, D], ({ generated }) => [generated, (z: Tensor) => z], { latent: D, steps: 8 }),
  ),
  called("compareLikelihoods", async (gpu) => {
    const [a, b] = [
      await Gaussian.from(gpu, { mean: new Array(D).fill(0), covariance: new Array(D).fill(1) }),
      await Gaussian.from(gpu, { mean: new Array(D).fill(1), covariance: new Array(D).fill(2) }),
    ];
    const made = onSets("compareLikelihoods", [N, D], ({ generated }) => [a, b, generated], {})(gpu);
    return { ...made, free: () => (made.free(), a.dispose(), b.dispose()) };
  }),
  called("nearest", (gpu) => onPairs(gpu, (a, b, call) => measures.nearest(a, b, 2, call))),
  called("eachPair", (gpu) =>
    onPairs(gpu, (a, b, call) => measures.eachPair(a, b, (squares) => [measures.min(squares, 1)], call)),
  ),
  {
    name: "measures and moments of samples in parts",
    covers: ["MomentsStream.update", "MomentsStream.result"],
    aborts: false,
    prepare: onRows(
      N,
      D,
      async (x) => {
        const moments = Moments.streaming();
        using parts = await asStream(frechetDistance.streaming(), x);
        try {
          await moments.update(x);
          await moments.update(x);
          await moments.result();
          await parts.result();
        } finally {
          moments.dispose();
        }
      },
      (x, _constant, broken) => [
        () => Moments.streaming().result(),
        async () => {
          const stream = Moments.streaming();
          try {
            await stream.update(broken);
            await stream.result();
          } finally {
            stream.dispose();
          }
        },
        async () => {
          using parts = await asStream(measures.precisionRecall.streaming(), x);
          await parts.update(x.reshape([D, N]));
        },
      ],
    ),
  },
];

/** A stream that got `x` as both of its sets; freed where that fails. */
async function asStream<S extends { update(parts: object): Promise<void>; dispose(): void }>(stream: S, x: Tensor) {
  try {
    await stream.update({ real: x, generated: x });
  } catch (error) {
    stream.dispose();
    throw error;
  }
  return Object.assign(stream, { [Symbol.dispose]: () => stream.dispose() });
}

/** A walk over the pairs of two sets. */
function onPairs(gpu: Gpu, run: (a: Tensor, b: Tensor, call: CallOptions) => Promise<unknown>): Prepared {
  const [a, b, narrow] = [
    gpu.tensor(values(N * D), [N, D]),
    gpu.tensor(values(N * D, 1), [N, D]),
    gpu.tensor(values(N), [N, 1]),
  ];
  const broken = gpu.tensor(values(N * D).fill(Number.NaN, 3, 4), [N, D]);
  return {
    run: (call) => run(a, b, call),
    refusals: [() => run(a, narrow, {}), () => run(a, broken, {})],
    free: () => {
      for (const t of [a, b, narrow, broken]) t.dispose();
    },
  };
}

/** Measures and what they rest on. */
export const measureCalls: readonly LongCall[] = [
  ...table(pairs, (name, options) =>
    called(
      name,
      onSets(name, [N, D], ({ real, generated }) => [real, generated], options),
    ),
  ),
  ...table(alone, (name, options) =>
    called(
      name,
      onSets(name, [N, D], ({ generated }) => [generated], options),
    ),
  ),
  ...table(images, (name, options) =>
    called(
      name,
      onSets(name, [4, 1, 16, 16], ({ real, generated }) => [real, generated], options),
    ),
  ),
  ...(Object.entries(classes) as [Name, boolean][]).map(([name, takesTwo]) =>
    called(
      name,
      onSets(name, [N, D], ({ real, generated }) => (takesTwo ? [generated, real] : [generated]), {}, probabilities),
    ),
  ),
  ...further,
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
