import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as latentgpu from "../src/index.ts";
import {
  Gaussian,
  GaussianMixture,
  type Gpu,
  grad,
  KMeans,
  linalg,
  load,
  LatentModel,
  Moments,
  MSSIMVAE,
  MSSSIMVAE,
  PCA,
  random,
  type Tensor,
  VAE,
} from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import { parseSafetensors, writeSafetensors } from "../src/formats.ts";
import { contractTypes } from "./contract.types.ts";
import { failure } from "./helpers.ts";

// The names that programs outside this repository call, as the design lists them: all must be there under these names and take these
// options. What only types can say stands in contract.types.ts.

let gpu: Gpu;
let rows: Tensor;
beforeAll(async () => {
  gpu = await openNodeGpu();
  rows = gpu.tensor(ROWS);
});
afterAll(() => gpu.dispose());

const ROWS = [
  [0, 1],
  [2, 0],
  [1, 3],
  [4, 2],
  [3, 5],
  [6, 4],
];
const names = (list: string): string[] => list.split(/\s+/).filter(Boolean);
// any name may be asked for here
// oxlint-disable-next-line typescript/no-explicit-any
const all = latentgpu as any;

const OPS =
  names(`add sub mul div remainder neg pow exp expm1 log log1p log2 sqrt square abs sign round floor ceil erf gelu silu tanh
  sigmoid relu leakyRelu elu softplus sin cos tan atan2 clamp maximum minimum where isNaN isFinite compare any all matmul einsum
  transpose reshape slice flip tile roll concat stack split pad tril triu gather take takeAlongAxis oneHot embedding
  sum mean variance std prod max min argmax argmin topK cumsum sort logsumexp softmax logSoftmax crossEntropy
  conv1d conv2d conv3d convTranspose2d maxPool2d avgPool2d adaptiveMaxPool2d adaptiveAvgPool2d resize
  batchNorm layerNorm groupNorm dropout detach grad defineOp customGradient`);
// slice, flip, roll, split, pad, tril and triu stay functions: as methods they would add 2 kB to every program
const METHODS =
  names(`add sub mul div remainder pow neg exp expm1 log log1p log2 sqrt square abs sign round floor ceil erf gelu silu
  tanh sigmoid relu leakyRelu elu softplus sin cos tan isNaN isFinite detach matmul transpose reshape tile
  sum mean variance std prod max min argmax argmin any all read item buffer location write copy dispose`);
const FAMILY =
  names(`VAE AutoEncoder ConditionalVAE BetaVAE BetaTCVAE FactorVAE DIPVAE InfoVAE WAE IWAE MIWAE VQVAE CategoricalVAE
  JointVAE DFCVAE MSSIMVAE LogCoshVAE SWAE HVAE VampVAE LVAE GammaVAE TwoStageVAE SigmaVAE RAE`);
const MEASURES =
  names(`frechetDistance frechetDistanceInfinity waveletFrechetDistance kernelDistance slicedWasserstein mind
  precisionRecall densityCoverage clippedDensityCoverage authenticity realism rarity topologicalPrecisionRecall mifid classScore
  modeScore modifiedClassScore amScore logLikelihood compareLikelihoods parzen gaussianFit coverageMetric ndb nearestNeighbourTest
  classifierTest classificationPerformance birthdayParadox memorisation featureLikelihoodDivergence vendiScore renyiKernelEntropy
  kernelEntropyNovelty reconstructionError ssim msSsim psnr sharpnessDifference imageStatistics detectionRate`);
const NETWORKS = names("Inception MobileNetV1 MobileNetV2 Objectron BlazeFace TinyFace Digits");

describe("the names of the contract", () => {
  it("are all exported", () => {
    const further = names(
      "openGpu Tensor linalg random Gaussian GaussianMixture KMeans PCA Moments frechetLoss LatentError",
    );
    const missing = [...OPS, ...FAMILY, ...MEASURES, ...NETWORKS, ...further].filter((name) => !(name in all));
    expect(missing).toEqual([]);
    expect(typeof contractTypes).toBe("function");
  });

  it("are members of an engine and of tensors", () => {
    const members = names(
      `info lost memory selfTest scope dispose tensor zeros full ones arange fromBuffer fromImage toTexture draw state compile`,
    );
    expect(members.filter((name) => !(name in gpu))).toEqual([]);
    const { info } = gpu;
    expect(
      names("vendor architecture family description software features limits").filter((n) => !(n in info)),
    ).toEqual([]);
    expect(Object.keys(gpu.memory()).sort()).toEqual(["buffers", "bytes", "peakBytes", "pooledBytes"]);
    // oxlint-disable-next-line typescript/no-explicit-any
    expect(METHODS.filter((name) => typeof (rows as any)[name] !== "function")).toEqual([]);
    expect([rows.shape, rows.dtype, String(rows)]).toEqual([[6, 2], "f32", "Tensor f32 [6, 2]"]);
    for (const dtype of ["f32", "i32", "u32", "u8", "bool"] as const)
      expect(gpu.tensor([1, 0], [2], { dtype }).dtype).toBe(dtype);
    expect(Object.keys(random).sort()).toEqual(["categorical", "gamma", "normal", "uniform"]);
    const algebra = names("covariance cholesky solveTriangular eigh svdvals sqrtm polar logdet inverse det solve qr");
    expect(algebra.filter((name) => !(name in linalg))).toEqual([]);
  });

  it("are the measures, each with a streaming twin, and networks that are loaded", () => {
    expect(MEASURES.filter((name) => typeof all[name].streaming !== "function")).toEqual([]);
    expect(NETWORKS.filter((name) => typeof all[name].load !== "function")).toEqual([]);
    for (const name of ["Inception", "Objectron", "BlazeFace", "TinyFace", "Digits"])
      expect([name, typeof all[name].prototype.features]).toEqual([name, "function"]);
    for (const name of ["Objectron", "BlazeFace", "TinyFace"])
      expect([name, typeof all[name].prototype.detect]).toEqual([name, "function"]);
  });

  it("are the ops' options", () => {
    const image = gpu.zeros([1, 2, 8, 8]);
    const kernel = gpu.zeros([4, 2, 3, 3]);
    const shapes = [
      all.conv2d(image, kernel, { bias: gpu.zeros([4]), stride: 2, padding: [1, 1, 0, 2], dilation: 1, groups: 1 }),
      all.conv2d(image, kernel, { padding: "same" }),
      all.convTranspose2d(image, gpu.zeros([2, 4, 3, 3]), { stride: 2, padding: 1, outputPadding: 1 }),
      all.maxPool2d(image, 3, { dilation: 2, ceil: true, positions: true }).positions,
      all.avgPool2d(image, 2, { padding: 1, countIncludePad: false }),
      ...["constant", "edge", "reflect"].map((mode) => all.pad(rows, [[1, 0], [0, 1]], { mode })), // prettier-ignore
      all.slice(rows, [[-2, null], [null, null, -1]]), // prettier-ignore
      all.cumsum(rows, 0, { reverse: true }),
      ...["pytorch", "pil", "tf1"].map((rule) => all.resize(image, [4, 4], { rule })),
      all.crossEntropy(rows, gpu.tensor(new Uint32Array(6))),
      all.crossEntropy(rows, rows.sigmoid()),
      all.random.normal(gpu, [3], { seed: 1, stream: 2, step: 3 }),
    ].map(({ shape }: Tensor) => shape.join());
    expect(shapes).toEqual(
      names("1,4,4,4 1,4,8,8 1,4,16,16 1,2,2,2 1,2,5,5 7,3 7,3 7,3 2,2 6,2 1,2,4,4 1,2,4,4 1,2,4,4").concat(
        "",
        "",
        "3",
      ),
    );
  });
});

describe("what linalg and a compiled step give", () => {
  it("has the members of the contract", async () => {
    const a = gpu.tensor([[4, 2], [2, 5]]); // prettier-ignore
    expect(Object.keys(linalg.cholesky(a)).sort()).toEqual(["factor", "failedPivot"]);
    expect(Object.keys(linalg.sqrtm(a)).sort()).toEqual(["residual", "root"]);
    const { values, vectors } = await linalg.eigh(a);
    expect([values.shape, vectors.shape]).toEqual([[2], [2, 2]]);
    expect(linalg.covariance(rows, { ddof: 1 }).shape).toEqual([2, 2]);
    expect(linalg.solveTriangular(a, rows.transpose(), { transpose: true }).shape).toEqual([2, 6]);
    const p = gpu.state([1, 2], [2]);
    using step = await gpu.compile((x: Tensor) => grad(x.mul(p).sum(), [x])[0], gpu.ones([2]));
    const out = await step.run(gpu.ones([2]));
    expect(Array.from(await out.read())).toEqual([1, 2]);
    expect(names("dispatches flops bytes traces").filter((name) => !(name in step.stats))).toEqual([]);
    expect(typeof step.encode).toBe("function");
  });
});

describe("densities and clusters", () => {
  it("take tensors, arrays and sources of rows, and have the members of the contract", async () => {
    const source = {
      count: 6,
      dim: 2,
      batch: (start: number, size: number) => gpu.tensor(ROWS.slice(start, start + size)),
    };
    const means = await Promise.all(
      [rows, ROWS, source].map(async (x) => {
        using model = await Gaussian.fit(x, { covariance: "diag", ddof: 0, regularization: 0.1 });
        return Array.from(await model.mean.read());
      }),
    );
    for (const mean of means) expect(mean).toEqual(means[0]);
    expect((await failure(() => Gaussian.fit([[1, 2], [3]]))).code).toBe("shape"); // prettier-ignore
    using model = await Gaussian.fit(ROWS);
    expect(await model.score(ROWS)).toBe(await model.score(rows));
    const members =
      "logProb score sample mean covariance conditional save entropy klTo mahalanobis whiten parameterCount";
    expect(names(members).filter((name) => !(name in model))).toEqual([]);
    expect([model.logProb(rows).shape, model.sample(3, { seed: 1, step: 2 }).shape]).toEqual([[6], [3, 2]]);
    expect(typeof model.entropy()).toBe("number");
    expect(model.conditional({ observed: [0], values: [1] }).mean.shape).toEqual([1]);
  });

  it("start a mixture from tensors as from arrays", async () => {
    const weights = [0.5, 0.5];
    const centres = [ROWS[0]!, ROWS[5]!];
    const spreads = [[1, 2], [2, 1]]; // prettier-ignore
    const given = { components: 2, covariance: "diag", tolerance: 0, maxIterations: 3 } as const;
    const of = (init: object) => GaussianMixture.fit(rows, { ...given, init: init as never });
    using a = await of({ weights, means: centres, covariances: spreads });
    using b = await of({ weights: gpu.tensor(weights), means: gpu.tensor(centres), covariances: gpu.tensor(spreads) });
    expect(Array.from(await b.means.read())).toEqual(Array.from(await a.means.read()));
    expect(b.history).toEqual(a.history);
    const members = `logProb score sample means covariances conditional save weights predict responsibilities aic bic
      parameterCount converged iterations history`;
    expect(names(members).filter((name) => !(name in b))).toEqual([]);
    expect([typeof GaussianMixture.load, typeof GaussianMixture.select]).toEqual(["function", "function"]);
  });

  it("are k-means and principal components by these names, too", async () => {
    using clusters = await KMeans.fit(ROWS, { clusters: 2, init: "k-means++", restarts: 1, seed: 0 });
    expect([clusters.centers.shape, clusters.predict(rows).shape, typeof clusters.inertia]).toEqual([
      [2, 2],
      [6],
      "number",
    ]);
    using pca = await PCA.fit(ROWS, { components: 1 });
    expect([pca.mean, pca.components, pca.explainedVariance].map(({ shape }) => shape)).toEqual([[2], [1, 2], [1]]);
    expect(pca.inverse(pca.transform(rows)).shape).toEqual([6, 2]);
    const moments = await Moments.of(ROWS);
    expect([moments.count, moments.mean.length, moments.covariance.length]).toEqual([6, 2, 4]);
    expect(Moments.fromNpz(moments.merge(await Moments.of(rows)).toNpz()).count).toBe(12);
  });
});

describe("the auto-encoders", () => {
  it("have PyTorch-VAE's names, which their files say", () => {
    const sizes: { readonly [name: string]: object } = {
      HVAE: { latent: [2, 2] },
      LVAE: { latent: [2, 2], hidden: [4, 4] },
      MSSIMVAE: { window: 3, scales: 1 },
    };
    for (const name of FAMILY) {
      using model = new all[name](gpu, { image: [1, 4, 4], hidden: 4, ...sizes[name] });
      expect([model.name, all[name].name, model instanceof LatentModel]).toEqual([name, name, true]);
    }
  });

  it("load a file under the former name of MSSIMVAE", async () => {
    expect(MSSSIMVAE).toBe(MSSIMVAE);
    using model = new MSSIMVAE(gpu, { image: [1, 4, 4], hidden: 4, latent: 2, window: 3, scales: 1 });
    const bytes = await model.save();
    const { tensors, metadata } = parseSafetensors(bytes);
    expect(metadata.get("latentgpu.model")).toBe("MSSIMVAE");
    const former = writeSafetensors([...tensors], [...metadata, ["latentgpu.model", "MSSSIMVAE"]]);
    for (const again of [MSSIMVAE.load(gpu, former), (await load(gpu, former)) as LatentModel]) {
      expect(again).toBeInstanceOf(MSSIMVAE);
      expect(await again.save()).toEqual(bytes);
      again.dispose();
    }
  });

  it("have the methods of the contract", async () => {
    using vae = new VAE(gpu, {
      image: [1, 1, 4],
      encoder: "mlp",
      hidden: 3,
      latent: 2,
      likelihood: "bernoulli",
      beta: 1,
      seed: 1,
    });
    const x = gpu.tensor([[0, 1, 1, 0]]);
    const { mean, logVar } = vae.encode(x);
    const { elbo, reconstruction, kl } = vae.elbo(x, { seed: 1, step: 2 });
    const terms = vae.terms(x, { noise: gpu.ones([1, 2]), step: 1, count: 10 });
    const given = [
      mean,
      logVar,
      vae.decode(mean),
      vae.reconstruct(x),
      vae.interpolate(x, x, 3),
      vae.sample(2, { draw: true }),
    ];
    expect(
      [...given, elbo, reconstruction, kl, terms.loss, vae.logProb(x, { samples: 2 })].map((t) => t.shape.join()),
    ).toEqual(names("1,2 1,2 1,1,1,4 1,1,1,4 3,1,1,4 2,1,1,4 1 1 1").concat("", "1"));
    vae.parameters["fc1.bias"]!.write(new Float32Array(3));
    using gaussian = await Gaussian.fit(ROWS);
    expect(vae.withPrior(gaussian).sample(2).shape).toEqual([2, 1, 1, 4]);
    expect([typeof vae.ais, typeof vae.fit]).toEqual(["function", "function"]);
  });
});

it("samples that are arrays go to the newest engine that is still open", async () => {
  const samples = [
    [1, 2],
    [3, 4],
    [2, 5],
  ];
  const [older, newer] = [await openNodeGpu(), await openNodeGpu()];
  expect((await Gaussian.fit(samples)).mean.gpu).toBe(newer);
  newer.dispose();
  expect((await Gaussian.fit(samples)).mean.gpu).toBe(older);
  older.dispose();
});
