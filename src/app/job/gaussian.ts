import { reshape } from "../../graph/ops/shape.ts";
import { Gaussian } from "../../models/gaussian/gaussian.ts";
import { type ModelEntry, part } from "./modelEntry.ts";
import { logDensity } from "./density.ts";
import { count } from "../report/table.ts";
import { dequantised, scaleWords } from "./pixels.ts";
import { REGULARIZATION } from "./settings.ts";

/** One normal distribution over all 784 pixels. */
export const gaussian: ModelEntry = {
  key: "gaussian",
  name: "Gaussian, full covariance",
  weight: () => 20,
  async fit(context, report) {
    const { train, seed, signal } = context;
    const onProgress = part(report, 0, 0.9);
    const options = {
      covariance: "full",
      regularization: REGULARIZATION,
      onProgress,
      signal,
    } as const;
    const model = await Gaussian.fit(dequantised(train, train.count, seed), options);
    const d = train.features;
    return {
      about: `Maximum likelihood: the mean and covariance of ${count(train.count)} training images. ${scaleWords(REGULARIZATION)} Samples are clamped to [0, 1] to be shown and scored.`,
      caption:
        "Gaussian: draws of the fitted normal. Blurred tangles of strokes: means and covariances are all it knows.",
      parameters: d + (d * (d + 1)) / 2,
      sample: (n, from) => reshape(model.sample(n, { seed: from }), [n, ...train.shape]),
      score: async (progress) => ({ logDensity: await logDensity(context, model, progress) }),
      pictures: () => Promise.resolve([]),
      dispose: () => model.dispose(),
    };
  },
};
