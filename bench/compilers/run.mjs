// npm run bench:compilers -- [--only part,part] [--devices navi21,navi31,intel:0x46a6] [--check | --out]
//
// What the compilers of AMD's and Intel's GPUs make of the kernels, on a machine without these GPUs: Mesa holds whole compilers, and
// driver.c lends them a device that is not there. Prints a table for each device. --check compares with bench/results/compilers.json
// and exits with 1 where a kernel in use spills anew, a figure got worse or a kernel is compiled no more; --out registers the figures of
// these devices beside those of others.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { DEVICES, environments, requirePackages } from "./devices.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const registered = join(here, "../results/compilers.json");

function options() {
  const { values } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      devices: { type: "string", default: Object.keys(DEVICES).join(",") },
      check: { type: "boolean", default: false },
      out: { type: "boolean", default: false },
    },
  });
  const list = (text) => text.split(",").filter(Boolean);
  const devices = list(values.devices);
  const unknown = devices.find((device) => !DEVICES[device]);
  if (unknown)
    throw new Error(`bench: unknown device. Expected some of ${Object.keys(DEVICES).join(", ")}; got ${unknown}.`);
  if (values.out && values.only)
    throw new Error("bench: --out registers all kernels. Expected it without --only; got both.");
  return { ...values, devices, only: list(values.only) };
}

/** Bundles one of this folder's files as `name`.mjs inside the repository, so that packages are found. */
async function bundle(name, folder) {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(here, `${name}.ts`)],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    loader: { ".wgsl": "text" },
    logLevel: "error",
  });
  return outfile;
}

/** The folder with what `device`'s compiler made of the kernels. */
function compiled(device, survey, only, folder) {
  const out = join(folder, device.replace(":", "-"));
  const done = environments(device, folder, out).some(
    (env) =>
      spawnSync(process.execPath, [survey, ...only], { env, stdio: ["ignore", "inherit", "inherit"] }).status === 0,
  );
  if (!done) throw new Error(`bench: the kernels did not compile for ${device}.`);
  return out;
}

/** One line a kernel, so that a change shows what it moved. */
function text(found) {
  const devices = Object.entries(found).map(([device, { what, kernels }]) => {
    const lines = Object.entries(kernels).map(([name, one]) => `      ${JSON.stringify(name)}: ${JSON.stringify(one)}`);
    return `    ${JSON.stringify(device)}: { "what": ${JSON.stringify(what)}, "kernels": {\n${lines.join(",\n")}\n    } }`;
  });
  return `{\n  "devices": {\n${devices.join(",\n")}\n  }\n}\n`;
}

async function main() {
  const { only, devices, check, out } = options();
  requirePackages();
  const place = join(here, "../../dist");
  mkdirSync(place, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "latentgpu-compilers-"));
  const bundles = mkdtempSync(join(place, "compilers-"));
  try {
    const load = async (name) => import(pathToFileURL(await bundle(name, bundles)).href);
    const [{ figures }, { faults, table }] = [await load("figures"), await load("judge")];
    const survey = await bundle("survey", bundles);
    const found = {};
    for (const device of devices) {
      const kernels = figures(compiled(device, survey, only, folder));
      found[device] = { what: DEVICES[device].what, kernels };
      console.log(`${DEVICES[device].what} (${device})\n${table(kernels)}\n`);
    }
    const before = existsSync(registered) ? JSON.parse(readFileSync(registered, "utf8")).devices : {};
    if (out) writeFileSync(registered, text({ ...before, ...found }));
    if (!check) return;
    const lines = devices.flatMap((device) =>
      faults(before[device]?.kernels ?? {}, found[device].kernels, only).map((line) => `${device}: ${line}`),
    );
    console.log(lines.length ? lines.join("\n") : "no kernel got worse");
    if (lines.length) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(bundles, { recursive: true, force: true });
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
