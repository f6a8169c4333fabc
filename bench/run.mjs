// npm run bench: bundles the engines, runs them against each other in one page of a headless Chrome, prints one table.

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { launchChrome } from "../src/app/chrome.mjs";
import { serve } from "../src/app/server.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const ENGINES = { latentgpu: "vae/latentgpu.ts", "jax-js": "vae/jax.ts", tfjs: "vae/tfjs.ts" };
const USAGE = `npm run bench -- [options]
  --engines a,b,c   of ${Object.keys(ENGINES).join(", ")} (default all)
  --rounds n        blocks per engine (default 12)
  --box seconds     measuring time of each engine at most (default 20)
  --batch n         images per step (default 128)
  --seed n          weights, images and noise (default 1)
  --profile         GPU time of every dispatch, per engine
  --out             writes bench/results/<device>.json
  --to file         writes the report there instead`;

function options() {
  const number = { type: "string" };
  const { values } = parseArgs({
    options: {
      engines: { type: "string" },
      rounds: number,
      box: number,
      batch: number,
      seed: number,
      profile: { type: "boolean", default: false },
      out: { type: "boolean", default: false },
      to: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const whole = (name, fallback, from) => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (!Number.isInteger(value) || value < from)
      throw new Error(`bench: --${name} is no number. Expected a whole one from ${from}; got ${values[name]}.`);
    return value;
  };
  const engines = values.engines?.split(",") ?? Object.keys(ENGINES);
  for (const engine of engines)
    if (!ENGINES[engine])
      throw new Error(`bench: unknown engine. Expected some of ${Object.keys(ENGINES).join(", ")}; got ${engine}.`);
  return {
    engines,
    rounds: whole("rounds", 12, 1),
    boxSeconds: whole("box", 20, 1),
    batch: whole("batch", 128, 1),
    seed: whole("seed", 1, 0),
    profile: values.profile,
    out: values.out,
    to: values.to,
    help: values.help,
  };
}

/** Bundles one entry into `folder`; returns the reason if that is impossible, such as a package that is not there. */
async function bundle(entry, name, folder) {
  try {
    await build({
      entryPoints: { [name]: join(here, entry) },
      outdir: folder,
      bundle: true,
      format: "esm",
      target: "es2022",
      loader: { ".wgsl": "text" },
      logLevel: "silent",
    });
    return undefined;
  } catch (error) {
    const first = error.errors?.[0];
    return `${name} could not be bundled: ${first?.text ?? error.message}`;
  }
}

/** Runs the page in a headless Chrome and returns its { report, text }. */
async function inChrome(folder, request) {
  const server = await serve({ extra: { "/bench/": folder } });
  let browser;
  try {
    // Chrome rounds timestamps to 0.1 ms, too coarse for a dispatch on a real GPU
    const fine = request.profile ? ["--disable-dawn-features=timestamp_quantization"] : [];
    browser = await launchChrome({ parameters: fine });
    const page = await browser.newPage();
    const crash = new Promise((_, reject) => {
      page.on("crash", () => reject(new Error("bench: the page crashed. Fewer engines at once may fit its memory.")));
      browser.on("disconnected", () => reject(new Error("bench: Chrome ended in the middle of the run.")));
    });
    crash.catch(() => {}); // the end of a good run closes Chrome, too
    page.on("pageerror", (error) => process.stderr.write(`page: ${error.message}\n`));
    page.on("console", (message) => {
      if (process.env.BENCH_VERBOSE || message.type() === "error") process.stderr.write(`page: ${message.text()}\n`);
    });
    await page.exposeFunction("say", (text) => process.stderr.write(`${text}\n`));
    await page.goto(`${server.url}/bench/index.html`);
    await page.waitForFunction(() => "bench" in globalThis, undefined, { timeout: 30_000 });
    const work = page.evaluate((ask) => globalThis.bench(ask), { ...request, browser: `Chrome ${browser.version()}` });
    return await Promise.race([work, crash]);
  } finally {
    await browser?.close();
    await server.close();
  }
}

/** File name of a device: its own words in lower case. */
function fileName({ vendor, architecture, device, description }) {
  const words = [vendor, architecture, device || description].filter(Boolean).join(" ").toLowerCase();
  return `${
    words
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 60) || "unknown"
  }.json`;
}

async function main() {
  const { engines, out, to, help, ...asked } = options();
  if (help) return console.log(USAGE);
  const folder = await mkdtemp(join(tmpdir(), "latentgpu-bench-"));
  try {
    const broken = await bundle("page.ts", "page", folder);
    if (broken) throw new Error(`bench: ${broken}`);
    const found = [];
    for (const engine of engines) found.push({ engine, error: await bundle(ENGINES[engine], engine, folder) });
    const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>bench</title><script type="module" src="page.js"></script>`;
    await writeFile(join(folder, "index.html"), html);
    const { report, text } = await inChrome(folder, { ...asked, engines: found });
    console.log(text);
    if (out || to) {
      const file = to ?? join(here, "results", fileName(report.adapter));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, `${JSON.stringify(report, undefined, 2)}\n`);
      console.log(`\nwritten to ${relative(process.cwd(), file)}`);
    }
    const cells = report.workloads.flatMap((workload) => workload.cells);
    if (cells.some(({ status }) => status !== "ok")) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
