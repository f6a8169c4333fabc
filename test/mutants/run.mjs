// run — changes one token of the sources at a time and runs the tests that reach it: a mutant that no test notices shows what is not tested.
//
//     node test/mutants/run.mjs [mutants = 300] [seed = 1] [path = src|shaders]
//
// Half of the mutants are of each part. First the test files that concerns.mjs names are run once, which tells the tests that take a mutant's expression or bind
// its kernel, and their times; then each mutant gets those tests, quickest first, until one fails, in one process whose pipelines stay. A
// failed test has to pass again without the mutant. Prints each survivor as file:line and what was changed; results go to
// out/mutants.json, and a run that is stopped goes on from there. Survivors with reasons: test/mutants/survivors.json.
import { createHash } from "node:crypto";
import { fork } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { vulkanEnvironment } from "../../src/app/setup.mjs";
import { testsOf } from "./concerns.mjs";
import { sitesOf } from "./sites.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(here));
/** What is mutated, and the share of mutants that tests must kill. */
const PARTS = [
  { name: "models, nn, metrics, data", folders: ["src/models", "src/nn", "src/metrics", "src/data"], least: 0.95 },
  { name: "linalg, graph/ops, shaders", folders: ["src/linalg", "src/graph/ops", "shaders"], least: 0.9 },
];
/** Tests of other processes, of texts, and of what no mutant is in; and those that lose devices, which are shared here. */
const APART =
  /\/(app|package|browser|stress|mutants)\/|\/(adapter|bench\w*|bench-\w+|readme|layers|words|size|mistakes|long-calls|faults|shared-device|pipelines|tun\w+|mnist)\.test/;
/** Milliseconds of CPU time that the tests of one mutant may take altogether, by what they took without it. */
const MOST = 120_000;
/** What a test may take beyond that: a mutant that loops for ever is found out by its time. */
const PATIENCE = 300_000;
/** MiB from which on a process is replaced: modules of mutants are never freed. */
const FULL = 3000;

/** Numbers in [0, 1) that depend on the seed alone. */
function* numbers(seed) {
  let state = seed >>> 0;
  for (;;) {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    yield ((state ^ (state >>> 12)) >>> 0) / 2 ** 32;
  }
}

const filesIn = (folder, pattern) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
const sources = (folder) => filesIn(folder, /(?<!\.gen|^index)\.ts$|\.wgsl$/);

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
    .map(({ mutant }) => ({ ...mutant, part: part.name, name: nameOf(mutant) }));
}

/** A mutant by its line and change, which other edits of the file leave alone. */
function nameOf({ file, at, length, text }) {
  const source = readFileSync(join(root, file), "utf8");
  const start = source.lastIndexOf("\n", at) + 1;
  const end = source.indexOf("\n", at);
  const line =
    source.slice(start, at) + `⟦${source.slice(at, at + length)} → ${text}⟧` + source.slice(at + length, end);
  return `${file}: ${line.trim()}`;
}

/** A process that works; `call` resolves to { done }, { error } or, where it had to be ended, { hung }. */
class Worker {
  #child = null;

  async #started() {
    if (this.#child) return this.#child;
    const child = fork(join(here, "worker.mjs"), { cwd: root, env: { ...process.env, ...vulkanEnvironment() } });
    await new Promise((done) => child.once("message", done));
    return (this.#child = child);
  }

  end() {
    this.#child?.kill("SIGKILL");
    this.#child = null;
  }

  async call(call, ...given) {
    const child = await this.#started();
    const answer = await new Promise((done) => {
      let at = "";
      let timer;
      const wait = (ms = 0) => {
        clearTimeout(timer);
        timer = setTimeout(() => done({ hung: at }), PATIENCE + 20 * ms);
      };
      const listen = (message) => {
        if (message.alive === undefined) return (clearTimeout(timer), child.off("message", listen), done(message));
        at = message.alive;
        wait(message.ms);
      };
      wait();
      child.on("message", listen);
      child.once("exit", () => done({ hung: `${at} (the process ended)` }));
      child.send({ call, given });
    });
    if (answer.hung !== undefined || answer.mib > FULL) this.end();
    return answer;
  }
}

/** What each test file reaches of the mutants; kept in out/ as long as neither they nor the files change. */
async function reached(worker, mutants) {
  const wanted = new Set(mutants.flatMap(({ file }) => testsOf(file)));
  const concerns = (file) => [...wanted].some((filter) => file.includes(filter));
  const files = filesIn("test", /\.test\.ts$/).filter((file) => concerns(file) && !APART.test(file));
  const digest = createHash("sha256").update(JSON.stringify(mutants));
  for (const file of [...filesIn("src", /\.ts$/), ...filesIn("shaders", /\.wgsl$/)])
    digest.update(readFileSync(join(root, file)));
  const key = digest.digest("hex");
  const path = join(root, "out/mutants-reached.json");
  let known = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  if (known.key !== key) known = { key, files: {} };
  for (const [i, file] of files.entries()) {
    const text = createHash("sha256")
      .update(readFileSync(join(root, file)))
      .digest("hex");
    if (known.files[file]?.text === text) continue;
    const { done, error, hung } = await worker.call("reach", file, mutants);
    console.log(
      `${i + 1} of ${files.length}  ${file}: ${done ? `${done.tests.length} tests, ${Math.round(done.tests.reduce((sum, { ms }) => sum + ms, 0) / 1000)} s` : (error ?? `hangs in ${hung}`)}`,
    );
    for (const failed of done?.failed ?? []) console.log(`  left out: ${failed}`);
    delete known.files[file];
    if (!done) continue;
    known.files[file] = { text, ...done };
    writeFileSync(path, JSON.stringify(known));
  }
  return files.flatMap((file) => (known.files[file] ? [{ file, ...known.files[file] }] : []));
}

/**
 * The tests for mutant `n`: [file, tests], quickest first. Those that take its expression; then, since what an earlier test planned is
 * not planned again, all others of these files. A file that only loads it runs whole.
 */
function plansFor(n, files) {
  const bySpeed = (a, b) => a.ms - b.ms;
  const direct = [];
  const further = [];
  for (const { file, load, tests } of files) {
    const isLoaded = load.includes(n);
    const [near, far] = [tests.filter((t) => t.reached.includes(n)), tests.filter((t) => !t.reached.includes(n))];
    if (near.length) direct.push([file, near.sort(bySpeed)]);
    if (far.length && (near.length || isLoaded)) further.push([file, far.sort(bySpeed)]);
  }
  const cost = ([, tests]) => tests.reduce((sum, { ms }) => sum + ms, 0);
  const plans = [direct, further].flatMap((list) => list.sort((a, b) => cost(a) - cost(b)));
  let left = MOST;
  return plans.flatMap(([file, tests]) => {
    const kept = tests.filter(({ ms }) => left > 0 && ((left -= ms), true)).map(({ name, ms }) => ({ name, ms }));
    return kept.length ? [[file, kept]] : [];
  });
}

async function main() {
  const [count = 300, seed = 1, path = ""] = process.argv.slice(2);
  const known = join(root, "out/mutants.json");
  mkdirSync(dirname(known), { recursive: true });
  const results = existsSync(known) ? JSON.parse(readFileSync(known, "utf8")) : {};
  const reasons = JSON.parse(readFileSync(join(here, "survivors.json"), "utf8"));
  const mutants = PARTS.flatMap((part) =>
    drawn(part, Math.ceil(Number(count) / PARTS.length), Number(seed), String(path)),
  );
  const worker = new Worker();
  const files = await reached(worker, mutants);
  for (const [n, mutant] of mutants.entries()) {
    if (results[mutant.name]) continue;
    const plans = plansFor(n, files);
    const began = performance.now();
    let answer = plans.length
      ? await worker.call("fate", { ...mutant, plans })
      : { done: { fate: "survived", by: "no test reaches it" } };
    if (answer.done?.fate === "unclear") {
      // what an earlier mutant left behind: once more in a new process
      worker.end();
      answer = await worker.call("fate", { ...mutant, plans });
    }
    if (answer.error) throw new Error(answer.error);
    const result = answer.done ?? { fate: "killed", by: `${answer.hung}: no end` };
    results[mutant.name] = { ...result, seconds: Math.round((performance.now() - began) / 100) / 10 };
    writeFileSync(known, JSON.stringify(results, null, 1));
    if (result.fate !== "killed") console.log(`${result.fate}  ${mutant.name}  ${result.by ?? ""}`);
  }
  worker.end();
  let isEnough = true;
  for (const { name, folders, least } of PARTS) {
    const of = mutants.filter(({ part }) => part === name);
    const told = (list) => {
      const killed = list.filter((m) => results[m.name].fate === "killed").length;
      const excused = list.filter((m) => results[m.name].fate !== "killed" && reasons[m.name]).length;
      return { killed, excused, share: list.length ? (killed + excused) / list.length : 1 };
    };
    for (const folder of folders) {
      const list = of.filter((m) => m.file.startsWith(folder));
      const { killed, excused } = told(list);
      console.log(`  ${folder}: ${killed} of ${list.length} killed, ${excused} more with a reason`);
    }
    const { killed, excused, share } = told(of);
    isEnough &&= share >= least;
    console.log(
      `${name}: ${killed} of ${of.length} killed, ${excused} more with a reason, ${(100 * share).toFixed(1)} % (at least ${100 * least} %)`,
    );
  }
  process.exitCode = isEnough ? 0 : 1;
}

await main();
