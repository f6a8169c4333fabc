import { resolve } from "node:path";

export const usage = `npm run demo -- [options]
  --preset quick|full   quick takes minutes on a CPU; full adds models and epochs
                        (default: quick on a software adapter, full on a GPU)
  --seed n              of weights, batches and samples (default 1)
  --models a,b          of gaussian, mixture, full-mixture, autoencoder, vae, conv-vae (default: the preset's)
  --out folder          where report.html, report.json and the pictures go (default out)
  --help                this text`;

const models = ["gaussian", "mixture", "full-mixture", "autoencoder", "vae", "conv-vae"];
const known = "--preset quick|full, --models <some of them>, --seed <whole number>, --out <folder> or --help";

/** { preset?, models?, seed, out, help } from the words of the command line. Throws with what was expected on anything else. */
export function optionsOf(words, folder = process.cwd()) {
  const options = { seed: 1, out: resolve(folder, "out"), help: false };
  for (let i = 0; i < words.length; i++) {
    const [name, joined] = words[i].split(/=(.*)/s, 2);
    if (name === "--help" || name === "-h") {
      options.help = true;
      continue;
    }
    if (!["--preset", "--models", "--seed", "--out"].includes(name)) {
      throw new Error(`demo: unknown option. Expected ${known}; got ${words[i]}.`);
    }
    const value = joined ?? words[++i];
    if (!value) throw new Error(`demo: ${name} needs a value. Expected ${known}; got nothing after ${name}.`);
    if (name === "--preset") options.preset = presetOf(value);
    else if (name === "--models") options.models = modelsOf(value);
    else if (name === "--seed") options.seed = seedOf(value);
    else options.out = resolve(folder, value);
  }
  return options;
}

function presetOf(value) {
  if (value !== "quick" && value !== "full") {
    throw new Error(`demo: unknown preset. Expected quick or full; got ${value}.`);
  }
  return value;
}

function modelsOf(value) {
  const asked = value.split(",");
  if (!asked.every((key, i) => models.includes(key) && asked.indexOf(key) === i)) {
    throw new Error(`demo: unknown model. Expected some of ${models.join(", ")}, each once; got ${value}.`);
  }
  return asked;
}

function seedOf(value) {
  const seed = Number(value);
  if (!/^\d+$/.test(value) || seed > 0xffffffff) {
    throw new Error(`demo: the seed is out of range. Expected a whole number from 0 to ${0xffffffff}; got ${value}.`);
  }
  return seed;
}
