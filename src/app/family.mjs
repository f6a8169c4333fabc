// family — trains every auto-encoder of the family on MNIST, on Dawn in Node; measures them; writes bench/results/family.json,
// the same as a table, family.md, and pictures of samples.
import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { interruption, programOf, root, tell } from "./nodeProgram.mjs";

const usage = `npm run family -- [options]
  --preset quick|full   quick takes minutes on a CPU; full is for GPUs (default quick)
  --seed n              of weights, batches, noise and samples (default 1)
  --models a,b          models to train now; all without it
  --out file            the report; rows that stand there with the same settings are kept (default bench/results/family.json)
  --help                this text`;

/** { preset, seed, models?, out, help } from the words of the command line. Throws with what was expected on anything else. */
function optionsOf(words) {
  const options = { preset: "quick", seed: 1, out: join(root, "bench/results/family.json") };
  for (let i = 0; i < words.length; i++) {
    const [name, joined] = words[i].split(/=(.*)/s, 2);
    if (name === "--help" || name === "-h") return { help: true };
    if (!["--preset", "--models", "--seed", "--out"].includes(name))
      throw new Error(`family: unknown option. Expected --preset, --models, --seed, --out or --help; got ${words[i]}.`);
    const value = joined ?? words[++i];
    if (!value) throw new Error(`family: ${name} needs a value; got nothing after it.`);
    if (name === "--preset" && value !== "quick" && value !== "full")
      throw new Error(`family: unknown preset. Expected quick or full; got ${value}.`);
    if (name === "--seed" && !/^\d{1,9}$/.test(value))
      throw new Error(`family: the seed is out of range. Expected a whole number below 10⁹; got ${value}.`);
    if (name === "--preset") options.preset = value;
    else if (name === "--seed") options.seed = Number(value);
    else if (name === "--models") options.models = value.split(",");
    else options.out = resolve(value);
  }
  return options;
}

async function main() {
  const { help, ...request } = optionsOf(process.argv.slice(2));
  if (help) return process.stdout.write(`${usage}\n`);
  const { family } = await programOf("family");
  const store = join(root, "out/family", `${request.preset}-${request.seed}`);
  mkdirSync(dirname(request.out), { recursive: true });
  const { table } = await family({ ...request, store, signal: interruption("family"), tell });
  process.stdout.write(`${table}\n`);
}

await main().catch((error) => {
  tell(error.message);
  process.exitCode = 1;
});
