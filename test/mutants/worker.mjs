// worker — finds which tests reach which mutants, and what becomes of each, for run.mjs, which ends this process where it hangs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundled } from "./bundle.mjs";
import { usedKernels } from "./device.mjs";
import { declarationAt, kernelModules } from "./kernels.mjs";
import { close, declaredBy, run } from "./runner.mjs";
import { counted } from "./sites.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
// inside the repository, so that the packages are found
const folder = mkdtempSync(join(root, "node_modules/.latentgpu-mutants-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});
const plain = kernelModules();
const isKernel = (file) => file.endsWith(".wgsl");
const source = (file) => readFileSync(join(root, file), "utf8");
const cpu = () => process.cpuUsage().user + process.cpuUsage().system;
let modules = 0;
/** Milliseconds that one test may take: it ends here before run.mjs ends the process, and the file's other tests go on. */
const MOST = 240_000;

/** The tests of a file, with changed texts. */
async function testsIn(file, changed) {
  const path = join(folder, `${modules++}.mjs`);
  writeFileSync(path, await bundled(join(root, file), changed));
  const tests = await declaredBy(() => import(pathToFileURL(path).href));
  rmSync(path);
  return tests;
}

/** Rejects where `work` takes longer than `ms`. */
function within(ms, work) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("took too long")), ms)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const usesOf = (name) => new RegExp(`\\b${name}\\b`);

/** Which of `mutants` the tests of `file` reach: { tests: [{ name, ms, reached }], load: reached by its imports }. Tests that fail are left out. */
async function reach(file, mutants) {
  const byFile = grouped([...mutants.entries()]);
  const changed = new Map(plain);
  for (const [path, numbered] of byFile)
    if (!isKernel(path)) changed.set(join(root, path), counted(source(path), numbered));
  const kernels = mutants.flatMap((m, n) =>
    isKernel(m.file)
      ? [
          {
            n,
            stem: m.file.replace(/^shaders\/(software\/)?|\.wgsl$/g, ""),
            uses: usesOf(declarationAt(source(m.file), m.at)),
          },
        ]
      : [],
  );
  const hits = (globalThis.hits = new Uint8Array(mutants.length));
  const taken = () => {
    for (const [label, codes] of usedKernels())
      for (const { n, stem, uses } of kernels)
        if (stem.startsWith("lib/") ? [...codes].some((code) => uses.test(code)) : label.startsWith(`${stem}.`))
          hits[n] = 1;
    const found = [...hits.keys()].filter((n) => hits[n]);
    hits.fill(0);
    return found;
  };
  const tests = await testsIn(file, changed);
  const load = taken();
  const ofGroup = new Map();
  const found = [];
  const failed = [];
  for (const one of tests) {
    const began = cpu();
    process.send({ alive: `${file}: ${one.name}` });
    try {
      await within(
        MOST,
        run(one, (group) => ofGroup.set(group, taken())),
      );
      found.push({ name: one.name, group: one.group, ms: (cpu() - began) / 1000, reached: taken() });
    } catch (error) {
      failed.push(`${one.name}: ${String(error.message).split("\n")[0]}`);
      taken();
    }
  }
  await close(tests).catch(() => {});
  for (const one of found) {
    for (let { group } = one; group; group = group.parent) one.reached.push(...(ofGroup.get(group) ?? []));
    one.reached = [...new Set(one.reached)];
    delete one.group;
  }
  return { file, load, tests: found, failed };
}

function grouped(entries) {
  const found = new Map();
  for (const entry of entries) found.set(entry[1].file, [...(found.get(entry[1].file) ?? []), entry]);
  return found;
}

/** Runs `names` of `file` with `changed` until one fails: its name and message, or null. */
async function firstFailure(file, changed, plan) {
  let tests;
  try {
    tests = await testsIn(file, changed);
  } catch (error) {
    return { name: "the imports", message: String(error) };
  }
  const byName = new Map(tests.map((one) => [one.name, one]));
  const ran = [];
  try {
    for (const { name, ms } of plan) {
      const one = byName.get(name);
      if (!one) return { name, message: "is not declared any more" };
      process.send({ alive: `${file}: ${name}`, ms });
      ran.push(one);
      try {
        await within(60_000 + 20 * ms, run(one));
      } catch (error) {
        return { name, message: String(error?.message ?? error).split("\n")[0] };
      }
    }
    return null;
  } finally {
    await close(ran).catch(() => {});
  }
}

/** "killed", and by what, or "survived": `plans` are [file, tests in order]. */
async function fate({ file, at, length, text, plans }) {
  const whole = source(file);
  const mutated = whole.slice(0, at) + text + whole.slice(at + length);
  let changed;
  try {
    changed = isKernel(file)
      ? kernelModules(new Map([[file, mutated]]))
      : new Map([...plain, [join(root, file), mutated]]);
  } catch (error) {
    return { fate: "killed", by: `generate: ${error.message}` };
  }
  for (const [tests, plan] of plans) {
    const failure = await firstFailure(tests, changed, plan);
    if (!failure) continue;
    // the same test as it was, here and now: else it is not the mutant that failed it
    const same = plan.filter(({ name }) => name === failure.name);
    const again = await firstFailure(tests, plain, same);
    if (again) return { fate: "unclear", by: `${tests}: ${again.name}: ${again.message}` };
    return { fate: "killed", by: `${tests}: ${failure.name}: ${failure.message}` };
  }
  return { fate: "survived" };
}

process.on("message", async ({ call, given }) => {
  const work = { reach, fate };
  try {
    process.send({ done: await work[call](...given), mib: process.memoryUsage().rss / 2 ** 20 });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.send({ ready: true });
