// Has the engine plan and compile the bench's cases, and each tiling of a product and a convolution, on the GPU that driver.c plays.
// run.mjs sets the environment up and starts this as a process of its own.

import { openNodeGpu } from "../../src/node.ts";
import { tiledNames } from "../../src/kernels/matmulTiles.ts";
import { open } from "../engines/latentgpu.ts";
import { cases } from "../cases/index.ts";
import type { Case } from "../workload.ts";
import { isWanted, VARIANT } from "./judge.ts";

/** What is compiled for a case, with the variant that every kernel with a choice is to take, if not the default. */
interface Job {
  readonly name: string;
  readonly item: Case;
  readonly variant?: string;
}

/** The kernels that a product or a convolution may take, whatever the default is. */
const VARIANTS: { readonly [workload: string]: readonly string[] } = {
  matmul: ["registerTiled", ...tiledNames, "broadcast", "quadSwapAny", "quadSwap", "quadSwapSmall"],
  "conv forward": [
    "tiled128x128",
    "tiled64x128",
    "tiled128x64",
    "tiled64x64",
    "tiled32x32",
    "late32x32",
    "tile4x8",
    "quadSwap",
    "direct",
  ],
};

/** What is no witness: the cost of compiling, and measures, which refuse what was never computed and whose kernels others have. */
const LEFT_OUT = ["compile", "measure"];

/** The other cases at the sizes of hardware by defaults, then one product and one convolution by each of its kernels. */
function jobs(): Job[] {
  const all = cases(false).filter(({ workload }) => !LEFT_OUT.includes(workload));
  const named = all.map((item) => ({ name: `${item.workload}, ${item.size}`, item }));
  const forced = Object.entries(VARIANTS).flatMap(([workload, variants]) => {
    const item = all.findLast(
      (one) => one.workload === workload && /^512×512 |^\d+×64×\d+² → 64×\d+², 3×3$/.test(one.size),
    );
    return item ? variants.map((variant) => ({ name: `${VARIANT}${variant} of ${workload}`, item, variant })) : [];
  });
  return [...named, ...forced];
}

/** Compiles one pipeline after the other, each under its name: `job|label|entry point`. */
function labelled(job: () => string): void {
  let turn: Promise<unknown> = Promise.resolve();
  const { createComputePipelineAsync } = GPUDevice.prototype;
  GPUDevice.prototype.createComputePipelineAsync = function (descriptor) {
    const mine = turn.then(() => {
      process.env["WITNESS_LABEL"] = `${job()}|${descriptor.label ?? ""}|${descriptor.compute.entryPoint ?? ""}`;
      return createComputePipelineAsync.call(this, descriptor);
    });
    turn = mine.catch(() => {});
    return mine;
  };
}

async function compile({ item, variant }: Job): Promise<void> {
  const gpu = await openNodeGpu();
  if (gpu.info.software)
    throw new Error("bench: the GPU's driver does not open. Expected hardware; got a software adapter.");
  if (variant) gpu.tuning.choices.get = () => variant;
  const engine = await open(gpu);
  const { workload, settings } = item;
  const runner = await engine.prepare({ workload, settings, inputs: item.inputs() });
  await runner?.step();
  runner?.dispose();
  engine.dispose();
}

async function survey(parts: readonly string[]): Promise<void> {
  const wanted = jobs().filter(({ name }) => isWanted(name, parts));
  let current = "";
  (await openNodeGpu()).dispose(); // puts WebGPU's classes into the global scope
  labelled(() => current);
  for (const job of wanted) {
    current = job.name;
    // nothing is computed: what follows from results on the CPU may fail, after its kernels were compiled
    await compile(job).catch((error: Error) => console.error(`${job.name}: ${error.message.split("\n")[0]}`));
  }
}

await survey(process.argv.slice(2));
process.exit(); // Dawn's threads would keep Node alive
