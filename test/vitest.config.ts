import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { vulkanEnvironment } from "../src/app/setup.mjs";

// the workers inherit it, and so find a Vulkan driver however vitest was started
Object.assign(process.env, vulkanEnvironment());

export default defineConfig({
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  test: {
    include: ["test/**/*.test.ts"],
    // a process per file: a crash of the driver fails one file, and a lost device cannot reach the next
    pool: "forks",
    isolate: true,
    // SwiftShader uses every core by itself
    maxWorkers: 2,
    setupFiles: ["test/poll.ts"],
    // for what hangs: a slow or busy machine takes minutes to compile what a software adapter finds hard
    testTimeout: 600_000,
    hookTimeout: 600_000,
    passWithNoTests: false,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
