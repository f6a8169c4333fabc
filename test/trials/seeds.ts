import { fittedMember } from "../../src/app/family/fit.ts";
import { familyPresets, members } from "../../src/app/family/settings.ts";
import { pollOnceAMillisecond } from "../../src/app/command/poll.ts";
import { checkModels } from "../../src/app/presets.ts";
import { Dataset } from "../../src/data/dataset.ts";
import { loadMnistNode } from "../../src/data/mnist-node.ts";
import { Digits } from "../../src/features/digits.ts";
import type { Progress } from "../../src/nn/options.ts";
import { openNodeGpu } from "../../src/node.ts";

/**
 * Trains models of the family as the quick preset does, without scoring them. The loss of the first step, its means over the epochs, and
 * whether every term of every step was a number. Ends with 1 where one was not, or where the last epoch's loss is above the first's.
 */
const [names = "VQVAE,IWAE,WAE,FactorVAE,VampVAE,LVAE", seeds = "1,2,3"] = process.argv.slice(2);
const settings = familyPresets.quick;
const list = members(settings);
const asked = names.split(",");
checkModels("seeds", asked, list.map(({ name }) => name)); // prettier-ignore
const { train } = await loadMnistNode();
pollOnceAMillisecond();
const gpu = await openNodeGpu();
const digits = await Digits.v1(gpu);
const images = train.images.subarray(0, settings.trainImages * 784) as Uint8Array<ArrayBuffer>;
const labels = train.labels.subarray(0, settings.trainImages);
const dataset = Dataset.from(gpu, images, [labels.length, 1, 28, 28], { labels });
const stepsOfEpoch = Math.ceil(settings.trainImages / settings.batch);
/** Nothing is kept. */
const store = { read: () => null, write: () => {} };

/** Means of the loss over the steps of each epoch; reports end with epochs. */
function epochsOf(reports: readonly Progress[]): number[] {
  const sums = new Array<number>(settings.epochs).fill(0);
  let before = 0;
  for (const { step, loss } of reports) {
    sums[Math.floor(before / stepsOfEpoch)]! += loss * (step - before);
    before = step;
  }
  return sums.map((sum) => sum / stepsOfEpoch);
}

const epochs = Array.from({ length: settings.epochs }, (_, epoch) => `epoch ${epoch + 1}`);
console.log(`${gpu.info.description}; ${settings.trainImages} images, batches of ${settings.batch}\n`);
console.log(`| model | seed | first step | ${epochs.join(" | ")} | terms | all numbers | seconds |`);
console.log(`| --- | ---: | ---: | ${epochs.map(() => "---:").join(" | ")} | --- | --- | ---: |`);
let isGood = true;
for (const name of asked)
  for (const seed of seeds.split(",").map(Number)) {
    const member = list.find((one) => one.name === name)!;
    const reports: Progress[] = [];
    const start = performance.now();
    const onProgress = (progress: Progress): void => void reports.push(progress);
    const { model } = await fittedMember({ gpu, settings, seed, digits, train: dataset }, member, store, onProgress);
    const seconds = (performance.now() - start) / 1000;
    model.dispose();
    // each is a mean over all steps since the one before, which NaN and ∞ spoil
    const isFinite = reports.every(({ terms }) => Object.values(terms).every(Number.isFinite));
    const means = epochsOf(reports);
    const falls = means.at(-1)! < means[0]!;
    isGood &&= isFinite && falls;
    const losses = [reports[0]!.loss, ...means].map((loss) => loss.toFixed(1));
    const terms = Object.entries(reports.at(-1)!.terms).map(([term, value]) => `${term} ${value.toPrecision(4)}`);
    const cells = [name, seed, ...losses, terms.join(", "), isFinite ? "yes" : "NO", Math.round(seconds)];
    console.log(`| ${cells.join(" | ")} |${falls ? "" : " the loss does not fall"}`);
  }
gpu.dispose();
process.exit(isGood ? 0 : 1);
