/**
 * Networks with their real weights against expected numbers, by hand: the files are too large for the repository.
 *
 *     npx esbuild test/oracles/real-networks.ts --bundle --platform=node --format=esm --target=node20 --external:webgpu --outfile=out/real-networks.mjs
 *     node out/real-networks.mjs FOLDER [mobileNets] [inception] [objectron]    FOLDER holds <name>_expected.json and the weights that it names
 *
 * Prints relative L2 differences; ends with 1 where one is above 1e-4.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Inception, MobileNetV1, MobileNetV2, Objectron } from "../../src/index.ts";
import { openNodeGpu } from "../../src/node.ts";
import { formulaFile, images, relative } from "./networks.ts";

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error("expected a folder; got none");
const json = (name: string) => JSON.parse(readFileSync(join(folder, `${name}_expected.json`), "utf8"));
const gpu = await openNodeGpu();
console.log(gpu.info.description);
let worst = 0;
const say = (what: string, found: ArrayLike<number>, expected: number[]) => {
  const difference = relative(found, expected);
  if (!(difference <= worst)) worst = difference;
  console.log(`${what.padEnd(44)} ${difference.toExponential(1)}`);
};
const norm = (values: Iterable<number>) => Math.hypot(...values);

async function mobileNets() {
  const loaders = [MobileNetV1, MobileNetV2];
  for (const [k, { file, input_size: side, images: list }] of json("mobilenet").models.entries()) {
    using network = await loaders[k]!.load(gpu, new Uint8Array(readFileSync(join(folder!, file))));
    for (const { name, feature, logits } of list) {
      const x = gpu.tensor(images[name as keyof typeof images](side), [1, 3, side, side]);
      const [codes, found] = [network.features(x), network.logits(x)];
      await gpu.evaluate([codes, found]);
      const [values, all] = [await codes.read(), await found.read()];
      say(`${file} ${name} features, first 32`, values.slice(0, 32), feature.first32);
      say(`${file} ${name} features, norm`, [norm(values)], [feature.l2]);
      const top: { class: number; logit: number }[] = logits.top10;
      say(
        `${file} ${name} logits, top 10`,
        top.map((t) => all[t.class]!),
        top.map((t) => t.logit),
      );
      say(`${file} ${name} logits, norm`, [norm(all)], [logits.l2]);
    }
  }
}

async function inception() {
  const { parameters, images: list } = json("inception_fid");
  const shapes = Object.fromEntries(parameters.map((p: { name: string; shape: number[] }) => [p.name, p.shape]));
  using network = await Inception.load(gpu, formulaFile(shapes));
  for (const { name, width, blocks, logits } of list) {
    const x = gpu.tensor(images[name.split("_")[0] as keyof typeof images](width), [1, 3, width, width]);
    const found = [...network.blocks(x), network.logits(x)];
    await gpu.evaluate(found);
    for (const [i, { first16, l2 }] of [...blocks, logits].entries()) {
      const values = await found[i]!.read();
      say(`Inception ${name} ${found[i]!.shape[1]}, first 16`, values.slice(0, 16), first16);
      say(`Inception ${name} ${found[i]!.shape[1]}, norm`, [norm(values)], [l2]);
    }
    for (const made of [x, ...found]) made.dispose();
  }
}

/** objectron_expected.json and objectron.tflite come from objectron.py. */
async function objectron() {
  for (const { image, features, boxes, logits, threshold, detections } of json("objectron")) {
    const file = new Uint8Array(readFileSync(join(folder!, "objectron.tflite")));
    using network = await Objectron.load(gpu, file, { threshold });
    const x = gpu.tensor(images[image as keyof typeof images](300), [1, 3, 300, 300]);
    const found = [network.features(x), ...Object.values(network.predictions(x))];
    await gpu.evaluate(found);
    for (const [i, expected] of [features, boxes, logits].entries())
      say(`Objectron ${image} ${["features", "boxes", "logits"][i]}`, await found[i]!.read(), expected);
    const things = (await network.detect(x))[0]!;
    const flat = things.flatMap((b) => [network.labels.indexOf(b.label!), b.score, b.x, b.y, b.width, b.height]);
    say(`Objectron ${image} ${things.length} boxes`, [1, ...flat], [1, ...detections]);
  }
}

const checks = { mobileNets, inception, objectron };
for (const [name, run] of Object.entries(checks)) if (names.length === 0 || names.includes(name)) await run();
gpu.dispose();
console.log(`worst ${worst.toExponential(1)}`);
process.exitCode = worst <= 1e-4 ? 0 : 1;
