// run — changes one token of the sources at a time and runs the tests that concern it: a mutant that no test notices shows what is not tested.
//
//     node test/mutants/run.mjs [mutants = 300] [seed = 1] [path = src|shaders] [--workers 1]
//
// Works on a copy of the repository. Prints each survivor as file:line and what was changed; results go to out/mutants.json, and a run that
// is stopped goes on from there. A list of survivors with reasons: test/mutants/survivors.json. Hours on a software adapter.
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { testsOf } from "./concerns.mjs";
import { sitesOf } from "./sites.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** What is mutated, and the share of mutants that tests must kill. */
const PARTS = [
  { name: "models, nn, metrics, data", folders: ["src/models", "src/nn", "src/metrics", "src/data"], least: 0.95 },
  { name: "linalg, graph/ops, shaders", folders: ["src/linalg", "src/graph/ops", "shaders"], least: 0.9 },
];
/** A mutant that loops for ever is found out by its time. */
const SECONDS = 900;

function options() {
  const plain = process.argv
    .slice(2)
    .filter((value, at, all) => !value.startsWith("--") && all[at - 1] !== "--workers");
  const at = process.argv.indexOf("--workers");
  const [count = 300, seed = 1, path = ""] = plain;
  return {
    count: Number(count),
    seed: Number(seed),
    path: String(path),
    workers: at < 0 ? 1 : Number(process.argv[at + 1]),
  };
}

/** Numbers in [0, 1) that depend on the seed alone. */
function* numbers(seed) {
  let state = seed >>> 0;
  for (;;) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    yield ((state ^ (state >>> 12)) >>> 0) / 2 ** 32;
  }
}

const sources = (folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|wgsl)$/.test(entry.name) && !/\.gen\.ts$|index\.ts$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();

/** `count` mutants of a part, drawn without replacement. */
function drawn(part, count, seed, path) {
  const all = part.folders
    .flatMap(sources)
    .filter((file) => file.startsWith(path))
    .flatMap((file) => sitesOf(file, readFileSync(join(root, file), "utf8")).map((site) => ({ file, ...site })));
  const next = numbers(seed);
  const keyed = all.map((mutant) => ({ key: next.next().value, mutant }));
  return keyed
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ mutant }) => mutant);
}

function copyOf(index) {
  const folder = mkdtempSync(join(tmpdir(), `latentgpu-mutants-${index}-`));
  for (const name of ["src", "shaders", "test", "bench", "package.json", "tsconfig.json", "README.md", "index.html"])
    if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  return folder;
}

/** Runs a program; resolves to its exit code, or null past the time. */
function code(program, parameters, cwd) {
  return new Promise((done) => {
    const child = spawn(program, parameters, { cwd, stdio: "ignore" });
    const timer = setTimeout(() => child.kill("SIGKILL"), SECONDS * 1000);
    child.on("exit", (status) => {
      clearTimeout(timer);
      done(status);
    });
  });
}

/** "killed" by a test, the compiler of kernels or its time; else "survived". */
async function fate(folder, { file, at, length, text }) {
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  writeFileSync(path, source.slice(0, at) + text + source.slice(at + length));
  try {
    if (file.endsWith(".wgsl") && (await code(process.execPath, ["shaders/generate.mjs"], folder)) !== 0)
      return "killed";
    const tests = ["node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest.config.ts", "--bail", "1"];
    const status = await code(process.execPath, [...tests, ...testsOf(file)], folder);
    return status === 0 ? "survived" : "killed";
  } finally {
    writeFileSync(path, source);
    if (file.endsWith(".wgsl")) await code(process.execPath, ["shaders/generate.mjs"], folder);
  }
}

async function main() {
  const { count, seed, path, workers } = options();
  const known = join(root, "out/mutants.json");
  mkdirSync(dirname(known), { recursive: true });
  const results = existsSync(known) ? JSON.parse(readFileSync(known, "utf8")) : {};
  const reasons = JSON.parse(readFileSync(join(root, "test/mutants/survivors.json"), "utf8"));
  const folders = Array.from({ length: workers }, (_, index) => copyOf(index));
  let enough = true;
  try {
    for (const part of PARTS) {
      const mutants = drawn(part, Math.ceil(count / PARTS.length), seed, path);
      const queue = mutants.map((mutant) => ({ ...mutant, ...described(mutant) }));
      const tally = { killed: 0, survived: 0 };
      await Promise.all(
        folders.map(async (folder) => {
          for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
            results[mutant.name] ??= await fate(folder, mutant);
            writeFileSync(known, JSON.stringify(results, null, 1));
            const excused = results[mutant.name] === "survived" && reasons[mutant.name];
            tally[excused ? "killed" : results[mutant.name]]++;
            if (results[mutant.name] === "survived")
              console.log(`survived  ${mutant.name}${excused ? `  (${excused})` : ""}`);
          }
        }),
      );
      const total = tally.killed + tally.survived;
      const share = total ? tally.killed / total : 1;
      enough &&= share >= part.least;
      console.log(
        `${part.name}: ${tally.killed} of ${total} killed, ${(100 * share).toFixed(1)} % (at least ${100 * part.least} %)`,
      );
    }
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
  process.exitCode = enough ? 0 : 1;
}

/** A mutant by its line and change, which other edits of the file leave alone. */
function described({ file, at, length, text }) {
  const source = readFileSync(join(root, file), "utf8");
  const start = source.lastIndexOf("\n", at) + 1;
  const end = source.indexOf("\n", at);
  const line =
    source.slice(start, at) + `⟦${source.slice(at, at + length)} → ${text}⟧` + source.slice(at + length, end);
  return { name: `${file}: ${line.trim()}` };
}

await main();
