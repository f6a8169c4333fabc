import { Tensor } from "../../graph/tensor.ts";
import { linearProbe } from "../../metrics/linearProbe.ts";
import { retrieval } from "../../metrics/retrieval.ts";
import { aggregatePosterior } from "../../models/latent/aggregatePosterior.ts";
import type { LatentModel } from "../../models/latent/model.ts";
import { labelsFor } from "./bounds.ts";
import type { FamilyContext } from "./context.ts";
import type { CodeScores } from "./row.ts";
import { measured } from "../report.ts";
import type { Member } from "./settings.ts";

/** Codes without a density, and a posterior that would encode every image again for every code. */
const WITHOUT_AGGREGATE = ["CategoricalVAE", "JointVAE", "VQVAE", "HVAE"];

/** Mean codes of training and test images, row by row. */
interface Codes {
  readonly known: Float32Array<ArrayBuffer>;
  readonly asked: Float32Array<ArrayBuffer>;
  readonly width: number;
}

/** What a model's codes are good for: retrieval, classification, and how they lie beside the prior. */
export async function codeScores(
  context: FamilyContext,
  member: Member,
  model: LatentModel,
  { known, asked, width }: Codes,
): Promise<CodeScores> {
  const { gpu, settings, seed, test, trainLabels, testLabels } = context;
  const x = gpu.tensor(known, [settings.codes, width]);
  const y = gpu.tensor(asked, [settings.testImages, width]);
  try {
    const labels = trainLabels.slice(0, settings.codes);
    const found = await retrieval(x, labels, y, testLabels, { features: `codes of ${member.name}` });
    const probe = await linearProbe(x, labels, y, testLabels, { features: `codes of ${member.name}` });
    const images = test[member.pixels].slice(0, settings.testImages);
    const given = labelsFor(member, testLabels)(0, settings.testImages);
    const isDistribution = !(model.encode(images, given) instanceof Tensor);
    const aggregate =
      isDistribution && !WITHOUT_AGGREGATE.includes(member.name)
        ? await aggregatePosterior(model, images, { seed, ...given })
        : undefined;
    return {
      retrieval: measured(found),
      neighbours: { value: found.accuracy, interval: found.intervals!.accuracy! },
      linear: measured(probe),
      ...(aggregate
        ? { aggregate: { kl: aggregate.kl, mutualInformation: aggregate.mutualInformation, holes: aggregate.holes } }
        : {}),
    };
  } finally {
    for (const tensor of [x, y]) tensor.dispose();
  }
}
