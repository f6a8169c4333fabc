import type { LatentModel } from "../../models/latent/model.ts";
import { StandardNormal } from "../../models/latent/normal.ts";
import { WITHOUT_PRIOR } from "../familyModels.ts";
import { boundsOf, labelsFor } from "./bounds.ts";
import { activeUnits, codesOf, mixtureOf } from "./codes.ts";
import { codeScores } from "./codeScores.ts";
import { fitStatus } from "../seldom.ts";
import type { FamilyContext } from "./context.ts";
import { type TrainedMember, fittedMember } from "./fit.ts";
import { firstImages, picture } from "./pictures.ts";
import type { FamilyRow, SampleScores } from "./row.ts";
import { scoresOf } from "./scores.ts";
import { FEATURES, type Member } from "./settings.ts";
import type { ModelStore } from "./store.ts";

/** A row of the table, and its samples as a PNG file: those of the prior above those of the mixture. */
export interface Judged {
  readonly row: FamilyRow;
  readonly png: Uint8Array<ArrayBuffer>;
}

/** Trains a model of the family, or takes it from the store, and measures it. */
export async function judged(
  context: FamilyContext,
  member: Member,
  store: ModelStore,
  tell: (status: string) => void,
  signal?: AbortSignal,
): Promise<Judged> {
  const fitted = await fittedMember(context, member, store, (progress) => tell(fitStatus(progress)), signal);
  try {
    return await context.gpu.scope(() => measuredMember(context, member, fitted, tell));
  } finally {
    fitted.model.dispose();
  }
}

async function measuredMember(
  context: FamilyContext,
  member: Member,
  { model, seconds, steps }: TrainedMember,
  tell: (status: string) => void,
): Promise<Judged> {
  const { settings, seed, gpu, testLabels, test, train, trainLabels } = context;
  tell("bounds on log p(x)");
  const bounds = await boundsOf(context, member, model);
  tell("samples");
  const data = member.pixels === "binary" ? context.trainBinary : train;
  const labels = labelsFor(member, trainLabels)(0, settings.samples);
  const scored = async (drawer: LatentModel): Promise<{ scores: SampleScores; shown: Float32Array }> => {
    const images = drawer.sample(settings.samples, { seed, ...labels });
    await gpu.evaluate([images]);
    const found = { scores: await scoresOf(context, images), shown: await firstImages(images) };
    images.dispose();
    return found;
  };
  const width = model.options.latent as number;
  // N(0, I) is what the table asks all of them for first
  const own = WITHOUT_PRIOR.has(member.name) ? model.withPrior(new StandardNormal(gpu, width)) : model;
  const fromPrior = await scored(own);
  let fromMixture: { scores: SampleScores; shown: Float32Array } | undefined;
  if (member.continuous) {
    using mixture = await mixtureOf(context, member, model, data);
    fromMixture = await scored(model.withPrior(mixture));
  }
  tell("codes");
  const known = await codesOf(context, member, model, data, trainLabels, settings.codes, "means");
  const tested = test[member.pixels];
  const asked = await codesOf(context, member, model, tested, testLabels, settings.testImages, "means");
  const codeWidth = asked.length / settings.testImages;
  const { features, ...options } = member.options as { features?: unknown };
  const row: FamilyRow = {
    model: member.name,
    pixels: member.pixels,
    options: {
      latent: width,
      hidden: model.options.hidden,
      likelihood: model.options.likelihood,
      ...options,
      ...(features === FEATURES ? { features } : {}),
    },
    parameters: model.parameterCount,
    seconds,
    images: train.count,
    epochs: settings.epochs,
    steps,
    ...bounds,
    activeUnits: activeUnits(asked, codeWidth),
    prior: fromPrior.scores,
    ...(fromMixture ? { mixture: fromMixture.scores } : {}),
    codes: await codeScores(context, member, model, { known, asked, width: codeWidth }),
    ...(member.note === undefined ? {} : { note: member.note }),
  };
  return { row, png: picture([fromPrior.shown, ...(fromMixture ? [fromMixture.shown] : [])]) };
}
