// The words of commands that train models in Node, fill a table and draw pictures: `family` and `faces`.
import { join, resolve } from "node:path";
import { root } from "./nodeProgram.mjs";

/** { preset, seed, models?, out } or { help: true } from the words of the command line. Throws with what was expected on anything else. */
export function presetOptions(command, words) {
  const options = { preset: "quick", seed: 1, out: join(root, `bench/results/${command}.json`) };
  for (let i = 0; i < words.length; i++) {
    const [name, joined] = words[i].split(/=(.*)/s, 2);
    if (name === "--help" || name === "-h") return { help: true };
    if (!["--preset", "--models", "--seed", "--out"].includes(name))
      throw new Error(
        `${command}: unknown option. Expected --preset, --models, --seed, --out or --help; got ${words[i]}.`,
      );
    const value = joined ?? words[++i];
    if (!value) throw new Error(`${command}: ${name} needs a value; got nothing after it.`);
    if (name === "--preset" && value !== "quick" && value !== "full")
      throw new Error(`${command}: unknown preset. Expected quick or full; got ${value}.`);
    if (name === "--seed" && !/^\d{1,9}$/.test(value))
      throw new Error(`${command}: the seed is out of range. Expected a whole number below 10⁹; got ${value}.`);
    if (name === "--preset") options.preset = value;
    else if (name === "--seed") options.seed = Number(value);
    else if (name === "--models") options.models = value.split(",");
    else options.out = resolve(value);
  }
  return options;
}
