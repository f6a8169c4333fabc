// faces — fits a Gaussian, a mixture and a VAE to drawn faces, on Dawn in Node; judges their samples by two face detectors; writes
// bench/results/faces.json, the same as a table, faces.md, and pictures of samples.
import { join } from "node:path";
import { interruption, programOf, root, tell } from "./nodeProgram.mjs";
import { presetOptions } from "./presetOptions.mjs";

const usage = `npm run faces -- [options]
  --preset quick|full   quick takes half an hour on a CPU; full is for GPUs (default quick)
  --seed n              of weights, batches, noise and samples (default 1)
  --models a,b          of gaussian, mixture, vae; all without it; the report keeps its rows of the others
  --out file            the report; its table and pictures go beside it (default bench/results/faces.json)
  --help                this text`;

async function main(words) {
  const { help, ...request } = presetOptions("faces", words);
  if (help) return process.stdout.write(`${usage}\n`);
  const { faces } = await programOf("faces");
  const { table } = await faces({ ...request, store: join(root, "out/faces"), signal: interruption("faces"), tell });
  process.stdout.write(`${table}\n`);
}

await main(process.argv.slice(2)).catch((error) => {
  tell(error.message);
  process.exitCode = 1;
});
