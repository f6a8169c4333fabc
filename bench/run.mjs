// npm run bench: runs the engines against each other in headless Chrome, or on Dawn in Node; prints, and keeps the report.

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { buildBench } from "./build.mjs";
import { inChrome } from "./chrome.mjs";
import { em } from "./em.mjs";
import { options, USAGE } from "./options.mjs";
import { sanity } from "./sanity.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const log = (text) => void process.stderr.write(`${text}\n`);

/** Imports one of the bench's TypeScript files. */
async function load(file, folder) {
  const outfile = join(folder, file.replace(/\.ts$/, ".mjs"));
  await build({
    entryPoints: [join(here, file)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "silent",
  });
  return import(pathToFileURL(outfile).href);
}

async function inNode({ engines, ...request }, folder, listener) {
  // packages stay where they are: Dawn is a native addon
  const target = { platform: "node", packages: "external", outExtension: { ".js": ".js" } };
  const place = join(here, "../dist/bench-node");
  await mkdir(place, { recursive: true });
  const found = await buildBench("node.ts", engines, place, target);
  const { bench } = await import(pathToFileURL(join(place, "node.js")).href);
  return bench({ ...request, engines: found }, listener);
}

async function write(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  log(`written to ${relative(process.cwd(), file)}`);
}

const json = (report) => `${JSON.stringify(report, undefined, 2)}\n`;

async function compareFiles(files, folder) {
  const [{ parseReport }, { difference }] = [await load("report.ts", folder), await load("table.ts", folder)];
  const [before, after] = await Promise.all(
    files.map(async (file) =>
      parseReport(await readFile(file, "utf8").catch(() => Promise.reject(new Error(`bench: no file ${file}.`))), file),
    ),
  );
  console.log(difference(before, after));
}

async function measure({ request, node, out, to, csv: csvFile }, folder) {
  const { fileName } = await load("report.ts", folder);
  let kept;
  const listener = { say: log, keep: (report) => void (kept = report) };
  const target = (report) => to ?? (out ? join(here, "results", fileName(report.adapter, node)) : undefined);
  try {
    const { report, text, csv } = await (node ? inNode : inChrome)(request, folder, listener);
    console.log(text);
    if (target(report)) await write(target(report), json(report));
    if (csvFile) await write(csvFile, `${csv}\n`);
    if (report.entries.some(({ cells }) => cells.some(({ status }) => status !== "ok"))) process.exitCode = 1;
  } catch (error) {
    if (kept && target(kept)) {
      kept.flags.push(`broke off: ${error.message}`);
      await write(target(kept), json(kept));
    }
    throw error;
  }
}

async function main() {
  const [, , first, ...others] = process.argv;
  if (first === "--sanity") return sanity(others);
  if (first === "--em") return em(others);
  const asked = options();
  if (asked.help) return console.log(USAGE);
  const folder = await mkdtemp(join(tmpdir(), "latentgpu-bench-"));
  try {
    await (asked.compare ? compareFiles(asked.files, folder) : measure(asked, folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().then(
  () => process.exit(), // Dawn's threads would keep Node alive
  (error) => {
    log(error.message);
    process.exit(1);
  },
);
