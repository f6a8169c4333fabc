// The bundle's program: says what machine this is, tests the engine on it, tunes it, then runs the bench, and
// PyTorch where it is.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { version } from "../package.json";
import type { Gpu } from "../src/index.ts";
import { openNodeGpu } from "../src/node.ts";
import { runTable, type TableResult } from "../test/table/portable.ts";
import { cases, select } from "./cases/index.ts";
import { bench } from "./node.ts";
import { addPytorch, hasPytorch } from "./portable-pytorch.ts";
import { tuneCases, type Verdict } from "./portable-tune.ts";
import { fileName, type Report } from "./report.ts";
import { table } from "./table.ts";

const USAGE = `sh latentgpu-bench.run [options]
  --only a,b,c     cases whose "workload, size" contains one of these (default all)
  --rounds n       blocks per engine and case (default 7)
  --box seconds    measuring time of each engine in a case at most (default 20)
  --out file       writes the report there (default <device>-node.json in this folder)
  --no-table       leaves the table test out
  --tune           tunes a software adapter, too: its kernels take minutes to compile
  --no-tune        leaves tuning out
  --no-bench       leaves the bench out, and PyTorch
  --no-pytorch     leaves PyTorch out, even where python3 has it`;

const folder = dirname(fileURLToPath(import.meta.url));
const print = (text: string) => void process.stdout.write(`${text}\n`);
const log = (text: string) => void process.stderr.write(`${text}\n`);

function options() {
  const text = { type: "string" } as const;
  const on = { type: "boolean", default: true } as const;
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      only: text,
      rounds: text,
      box: text,
      out: text,
      table: on,
      tune: { type: "boolean" },
      bench: on,
      pytorch: on,
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const whole = (name: "rounds" | "box", fallback: number) => {
    const value = Number(values[name] ?? fallback);
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`latentgpu-bench: --${name} is no number. Expected a whole one from 1; got ${values[name]}.`);
    return value;
  };
  const only = values.only?.split(",").filter(Boolean) ?? [];
  select([true, false].flatMap(cases), only); // a wrong word is said before the tests, not after
  return { ...values, only, rounds: whole("rounds", 7), boxSeconds: whole("box", 20) };
}

function drivers(): string {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES } = process.env;
  return VK_DRIVER_FILES ?? VK_ICD_FILENAMES ?? VK_ADD_DRIVER_FILES ?? "none found";
}

function environment(gpu: Gpu): string {
  const { glibcVersionRuntime: glibc } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } })
    .header;
  const { LD_LIBRARY_PATH = "" } = process.env;
  const { vendor, architecture, description, family, features, limits, software } = gpu.info;
  const dawn = JSON.parse(readFileSync(join(folder, "node_modules/webgpu/package.json"), "utf8")) as {
    version: string;
  };
  const own = LD_LIBRARY_PATH.split(":").includes(join(folder, "lib"));
  const lines = [
    `latentgpu ${version}, Node ${process.versions.node}, Dawn of webgpu ${dawn.version}`,
    `system    Linux ${release()}, glibc ${glibc}, ${cpus().length} × ${cpus()[0]?.model}`,
    `drivers   ${drivers()}`,
    `loader    ${own ? "the bundle's" : "the system's"}`,
    `adapter   ${[vendor, architecture, description].filter(Boolean).join(" / ")}, with the defaults for ${family}`,
    `limits    ${Object.entries(limits)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ")}`,
    `features  ${features.join(", ")}`,
  ];
  const warning = [
    "!!! SOFTWARE ADAPTER: this is a CPU that plays GPU. Its times say nothing about graphics cards.",
    "!!! If this machine has a GPU, its Vulkan driver was not found; VK_DRIVER_FILES can name its manifest.",
  ];
  return [...lines, ...(software ? warning : [])].join("\n");
}

/** Throws an Error with the linker's words where Dawn does not load, or with the drivers that gave no adapter. */
async function opened(): Promise<Gpu> {
  await import("webgpu").catch(({ message }: Error) => {
    throw new Error(
      `latentgpu-bench: Dawn does not load on this system. Expected one like Debian 12 or Ubuntu 22.04, or later; got ${message}`,
    );
  });
  return openNodeGpu().catch(({ message }: Error) => {
    throw new Error(`latentgpu-bench: no GPU. Expected a Vulkan driver that works; got ${drivers()}, and ${message}`);
  });
}

/** What was found out before the bench, for the report. */
interface Findings {
  tests?: TableResult;
  tuned?: Verdict[];
}

/** Says what this machine is, tests the engine on it and tunes it; returns what was found, and whether all is right. */
async function test({ only, table: withTable, tune }: Wanted): Promise<Findings & { right: boolean }> {
  const gpu = await opened();
  try {
    print(`${environment(gpu)}\n`);
    const { checks, failures } = await gpu.selfTest();
    for (const failure of failures) print(`self test: ${failure}`);
    print(`self test: ${checks - failures.length} passed, ${failures.length} failed\n`);
    const found: Findings = {};
    if (withTable) found.tests = await runTable(gpu, print);
    if (tune ?? !gpu.info.software) found.tuned = await tuneCases(gpu, select(cases(gpu.info.software), only), print);
    print("");
    return { right: failures.length === 0 && !found.tests?.faults.length, ...found };
  } finally {
    gpu.dispose();
  }
}

interface Wanted {
  only: string[];
  table: boolean;
  /** Hardware alone if absent. */
  tune?: boolean | undefined;
}

interface Settings {
  only: string[];
  rounds: number;
  boxSeconds: number;
  pytorch: boolean;
  out?: string | undefined;
}

/** Measures, prints and writes the report; returns whether latentgpu did every case. */
async function measure({ pytorch, out, ...request }: Settings, found: Findings): Promise<boolean> {
  const target = (report: Report) => resolve(out ?? fileName(report.adapter, true));
  // after every case, so that a run that breaks off leaves what it has
  const keep = (report: Report) =>
    writeFileSync(target(report), `${JSON.stringify({ ...report, ...found }, undefined, 2)}\n`);
  const { report } = await bench({ ...request, engines: [{ name: "latentgpu" }] }, { say: log, keep });
  const right = report.entries.every(({ cells }) => cells.every(({ status }) => status === "ok"));
  if (pytorch && hasPytorch()) {
    log("PyTorch on the same cases");
    addPytorch(report, select(cases(report.adapter.software), request.only), { ...request, folder });
  } else if (pytorch) log("PyTorch: left out, python3 has no torch here.");
  keep(report);
  print(table(report, true));
  log(`written to ${target(report)}`);
  return right;
}

async function main(): Promise<number> {
  const { help, bench: withBench, ...settings } = options();
  if (help) {
    print(USAGE);
    return 0;
  }
  const { right, ...found } = await test(settings);
  const measured = !withBench || (await measure(settings, found));
  return right && measured ? 0 : 1;
}

main().then(
  (code) => process.exit(code), // Dawn's threads would keep Node alive
  (error: unknown) => {
    log(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
