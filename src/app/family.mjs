// family — trains every auto-encoder of the family on MNIST, on Dawn in Node; measures them; writes bench/results/family.json,
// the same as a table, family.md, and pictures of samples.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { interruption, programOf, root, tell } from "./nodeProgram.mjs";
import { presetOptions } from "./presetOptions.mjs";

const usage = `npm run family -- [options]
  --preset quick|full   quick takes minutes on a CPU; full is for GPUs (default quick)
  --seed n              of weights, batches, noise and samples (default 1)
  --models a,b          models to train now; all without it
  --out file            the report; rows that stand there with the same settings are kept (default bench/results/family.json)
  --help                this text`;

async function main() {
  const { help, ...request } = presetOptions("family", process.argv.slice(2));
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
