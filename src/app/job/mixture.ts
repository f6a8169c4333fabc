import { reshape } from "../../graph/ops/shape.ts";
import { GaussianMixture } from "../../models/mixture/mixture.ts";
import { count } from "../report/table.ts";
import type { ModelEntry, JobContext, FittedModel } from "./modelEntry.ts";
import { logDensity } from "./density.ts";
import { gridPicture } from "./pictures.ts";
import { dequantised, scaleWords } from "./pixels.ts";
import { REGULARIZATION } from "./settings.ts";
import type { OnProgress } from "./stages.ts";

interface Kind {
  key: string;
  covariance: "diag" | "full";
  words: string;
}

const diag: Kind = { key: "mixture", covariance: "diag", words: "diagonal" };
const full: Kind = { key: "full-mixture", covariance: "full", words: "full" };

async function fit(context: JobContext, report: OnProgress, { key, covariance, words }: Kind): Promise<FittedModel> {
  const { train, settings, seed, signal, tell } = context;
  const { components, mixtureIterations } = settings;
  const name = `Mixture of ${components}, ${words}`;
  const model = await GaussianMixture.fit(dequantised(train, train.count, seed), {
    components,
    covariance,
    init: "k-means++",
    regularization: REGULARIZATION,
    maxIterations: mixtureIterations,
    seed,
    onProgress: ({ step, total }) => report({ step, total, status: `EM iteration ${step}` }),
    signal,
  });
  const points = [...model.history].map((value, i): [number, number] => [i + 1, value]);
  tell({
    kind: "curve",
    curve: {
      key,
      title: `${name}: mean log p(x) by EM`,
      x: "iteration",
      y: "nats per image",
      series: [{ name: "training images", role: "train", points }],
    },
  });
  const ending = model.converged
    ? `converged after ${model.iterations} iterations`
    : `stopped after ${model.iterations} iterations, not converged`;
  return {
    about: `EM from k-means++ on ${count(train.count)} training images, ${ending}. ${scaleWords(REGULARIZATION)} Samples are clamped to [0, 1] to be shown and scored.`,
    caption:
      covariance === "diag"
        ? `${name} covariances: draws. Within a component pixels are independent, hence the grain.`
        : `${name} covariances: draws.`,
    parameters: model.parameterCount,
    sample: (n, from) => reshape(model.sample(n, { seed: from }), [n, ...train.shape]),
    score: async (progress) => ({ logDensity: await logDensity(context, model, progress) }),
    async pictures() {
      const means = (await model.means.read()) as Float32Array;
      return [
        gridPicture(
          `${key}-means`,
          `${name}: means of its components.`,
          means,
          [components, ...train.shape],
          Math.min(10, components),
        ),
      ];
    },
    dispose: () => model.dispose(),
  };
}

const entryOf = (kind: Kind, weight: number): ModelEntry => ({
  key: kind.key,
  name: `Mixture of Gaussians, ${kind.words}`,
  weight: ({ mixtureIterations }) => weight * mixtureIterations,
  fit: (context, report) => fit(context, report, kind),
});

export const diagonalMixture = entryOf(diag, 4);
export const fullMixture = entryOf(full, 40);
