// run — every check and test; the last line is the sum: `N passed, N failed, N skipped`.
// `npm test -- check`, `-- node` or `-- browser` runs one part, `-- node kl` the files whose path contains "kl".
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChecks } from "./check.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const results = mkdtempSync(join(tmpdir(), "latentgpu-test-"));

/** Runs a Node program with its output shown; resolves to its exit code (1 where a signal ended it). */
function node(parameters, environment = {}) {
  const options = { cwd: root, stdio: "inherit", env: { ...process.env, ...environment } };
  return new Promise((done) => {
    const child = spawn(process.execPath, parameters, options);
    child.on("exit", (code) => done(code ?? 1));
    child.on("error", () => done(1));
  });
}

/** A runner that ends in failure without a failed test (a crash, a file that does not load) is one failure. */
function withCrash(count, code) {
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

function report(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** What needs no browser: vitest, with kernels on Dawn. */
async function nodeTests(filters) {
  const file = join(results, "node.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await node([
    "node_modules/vitest/vitest.mjs",
    "run",
    "--config",
    "test/vitest.config.ts",
    ...reporters,
    ...filters,
  ]);
  const found = report(file);
  if (!found) return withCrash({ passed: 0, failed: 0, skipped: 0 }, 1);
  // a file that fails to load has no tests, and would not be counted
  const broken = found.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && !assertionResults.length,
  );
  const skipped = found.numPendingTests + found.numTodoTests;
  return withCrash({ passed: found.numPassedTests, failed: found.numFailedTests + broken.length, skipped }, code);
}

/** What needs Chrome: Playwright, on pages that are built here once. One project after the other: no other Chrome may run beside the second. */
async function browserTests(filters) {
  const { buildPages } = await import("../src/app/build.mjs");
  await buildPages();
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const project of ["together", "alone"]) {
    const file = join(results, `${project}.json`);
    const config = ["--config", "test/browser/playwright.config.ts", "--project", project, "--pass-with-no-tests"];
    const parameters = ["test", ...config, "--reporter=list,json", ...filters];
    const code = await node(["node_modules/@playwright/test/cli.js", ...parameters], {
      PLAYWRIGHT_JSON_OUTPUT_NAME: file,
    });
    // without tests that match, Playwright ends well and writes a report of none
    const { expected = 0, unexpected = 1, flaky = 0, skipped = 0 } = report(file)?.stats ?? {};
    const count = withCrash({ passed: expected, failed: unexpected + flaky, skipped }, code);
    for (const key of Object.keys(sum)) sum[key] += count[key];
  }
  return sum;
}

const parts = {
  check: async () => ({ ...(await runChecks()), skipped: 0 }),
  node: nodeTests,
  browser: browserTests,
};

async function main([only, ...filters]) {
  if (only && !(only in parts)) {
    throw new Error(`test: unknown part. Expected one of ${Object.keys(parts).join(", ")}; got ${only}.`);
  }
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const [name, run] of Object.entries(parts)) {
    if (only && only !== name) continue;
    process.stdout.write(`\n${name}\n`);
    const count = await run(filters);
    if (count.passed + count.failed === 0) {
      process.stdout.write(`${name}: no test ran. Expected at least one.\n`);
      count.failed = 1;
    }
    for (const key of Object.keys(sum)) sum[key] += count[key];
  }
  rmSync(results, { recursive: true, force: true });
  process.stdout.write(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
  process.exitCode = sum.failed ? 1 : 0;
}

await main(process.argv.slice(2));
