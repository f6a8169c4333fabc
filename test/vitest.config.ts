import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { vulkanEnvironment } from "../src/app/setup.mjs";

// the workers inherit it, and so find a Vulkan driver however vitest was started
Object.assign(process.env, vulkanEnvironment());

/** Files about the process: its heap, its timers, devices that are lost or spied on. Each has one of its own. */
const APART = ["adapter", "app/poll", "faults", "load", "long-calls", "pictures-failures"].map(
  (name) => `test/${name}.test.ts`,
);

/** Files that take long for their size: started last, one would leave the other worker with nothing to do. */
const LONG =
  /\/(package|table|job|book|faces|family|family-files|ais|missing|intervals|matmul|matmul-runs|gram|softmax|normalise|mixture-fuzz|mixture-options|folds|scale|spectrum|dtypes)\.test\.ts$/;

/** Files apart come first: each ends its worker, and shared files after one would lose what the worker has compiled. Then those that take long. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ project, moduleId }: TestSpecification) =>
      project.name === "apart" ? 0 : LONG.test(moduleId) ? 1 : 2;
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  test: {
    projects: [
      { extends: true, test: { name: "apart", include: APART, isolate: true } },
      // a worker keeps the modules that it has loaded and, in test/helpers.ts, a device with what files have compiled on it
      { extends: true, test: { name: "shared", include: ["test/**/*.test.ts"], exclude: APART, isolate: false } },
    ],
    // processes: a crash of the driver fails the file that runs, and another process takes the next
    pool: "forks",
    // SwiftShader uses every core by itself
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    setupFiles: ["test/poll.ts"],
    // for what hangs: a slow or busy machine takes minutes to compile what a software adapter finds hard
    testTimeout: 600_000,
    hookTimeout: 600_000,
    passWithNoTests: false,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
