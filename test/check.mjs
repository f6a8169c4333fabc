// check — types, format, lint, layers, generated docs and the lock file, in seconds. `--fix` repairs what can be.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = ["src", "test", "bench", "shaders"].filter((folder) => existsSync(join(root, folder)));
// the generator formats what it writes, and the committed report is a program's output
const formatted = [
  ...["package.json", "tsconfig.json", "index.html"].filter((file) => existsSync(join(root, file))),
  "{src,test,bench,shaders}/**/*.{ts,mjs,json,css,html}",
  "!**/*.gen.ts",
  "!bench/results/**",
];

/** Runs a Node program of the package; resolves to { ok, output }. */
function node(...parameters) {
  const options = { cwd: root, maxBuffer: 1 << 26, env: { ...process.env, NO_COLOR: "1" } };
  return new Promise((done) =>
    execFile(process.execPath, parameters, options, (error, stdout, stderr) =>
      done({ ok: !error, output: `${stdout}${stderr}`.trim() }),
    ),
  );
}

const tool = (file, ...parameters) => node(join("node_modules", file), ...parameters);

const generator = "shaders/generate.mjs";
const reference = join(root, "shaders/README.md");

/** The kernel reference must be what the generator writes from the kernels as they are; it is left as it was. */
async function docsAreCurrent() {
  if (!existsSync(join(root, generator))) return { ok: true, output: "" };
  const committed = existsSync(reference) ? readFileSync(reference, "utf8") : "";
  const run = await node(generator);
  if (!run.ok) return run;
  if (existsSync(reference) && readFileSync(reference, "utf8") !== committed) {
    writeFileSync(reference, committed);
    return { ok: false, output: "shaders/README.md is not what shaders/generate.mjs writes. Run npm run fix." };
  }
  return { ok: true, output: "" };
}

const lockFile = join(root, "package-lock.json");
const downloads = /^\s*"resolved": .*\n/gm;

/** The lock file names versions and checksums, never the registry of whoever wrote it last. */
function lockIsNeutral() {
  const count = readFileSync(lockFile, "utf8").match(downloads)?.length ?? 0;
  return {
    ok: count === 0,
    output: count ? `package-lock.json names ${count} download addresses. Run npm run fix.` : "",
  };
}

const lint = (...parameters) =>
  tool(
    "oxlint/bin/oxlint",
    "-c",
    "test/oxlint.json",
    "--type-aware",
    "--tsconfig",
    "tsconfig.json",
    ...parameters,
    ...sources,
  );

/** Every check: its name and what it returns. The layers are a vitest file, so they run there when the tests do. */
export const checks = [
  { name: "the kernel reference is current", run: docsAreCurrent },
  { name: "types hold", run: () => tool("typescript7/bin/tsc", "--noEmit") },
  { name: "lint finds nothing", run: () => lint("--deny-warnings") },
  {
    name: "files are formatted",
    run: () => tool("prettier/bin/prettier.cjs", "--check", "--cache", "--log-level=warn", ...formatted),
  },
  { name: "the lock file names no registry", run: lockIsNeutral },
];

const layers = {
  name: "imports point one way",
  run: () =>
    tool(
      "vitest/vitest.mjs",
      "run",
      "--config",
      "test/vitest.config.ts",
      "--silent=passed-only",
      "test/layers.test.ts",
    ),
};

/**
 * Runs checks, printing a line for each in their order; resolves to { passed, failed }. All but the first go at once, for most use one core:
 * the first may write what the others read.
 */
export async function runChecks(list = checks) {
  const count = { passed: 0, failed: 0 };
  const timed = async ({ run }) => {
    const start = performance.now();
    const { ok, output } = await run();
    return { ok, output, seconds: ((performance.now() - start) / 1000).toFixed(1) };
  };
  const first = await timed(list[0]);
  const all = [first, ...list.slice(1).map(timed)];
  for (const [i, { name }] of list.entries()) {
    const { ok, output, seconds } = await all[i];
    process.stdout.write(`${ok ? "✓" : "✗"} ${name} (${seconds} s)\n`);
    if (!ok) process.stdout.write(`${output}\n`);
    count[ok ? "passed" : "failed"]++;
  }
  return count;
}

async function fix() {
  // one after the other: each may write what the next reads
  const steps = [
    existsSync(join(root, generator)) ? await node(generator) : { ok: true, output: "" },
    await lint("--fix"),
    await tool("prettier/bin/prettier.cjs", "--write", "--cache", "--log-level=warn", ...formatted),
  ];
  const lock = readFileSync(lockFile, "utf8");
  const neutral = lock.replace(downloads, "").replace(/,(\s*\})/g, "$1");
  if (neutral !== lock) writeFileSync(lockFile, neutral);
  for (const { output } of steps) if (output) process.stdout.write(`${output}\n`);
}

async function main(parameters) {
  if (parameters.includes("--fix")) await fix();
  const { failed } = await runChecks([...checks, layers]);
  process.exitCode = failed ? 1 : 0;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main(process.argv.slice(2));
