// npm run bench:bundle: packs Node, Dawn, the engine, the table test and the bench into one file for other Linux machines.

import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { findChrome } from "../src/app/setup.mjs";
import { playwrightFolders } from "../src/app/vulkan.mjs";
import { buildBench } from "./build.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const MIB = 2 ** 20;
const LIMIT = 60 * MIB;

/**
 * Throws an Error on other systems: the bundle carries the Node that builds it.
 *
 * @param {{ platform: string, arch: string }} system
 */
export function requireLinux({ platform, arch } = process) {
  if (platform !== "linux" || arch !== "x64")
    throw new Error(`bench:bundle: this Node is for another system. Expected linux x64; got ${platform} ${arch}.`);
}

/** Node without its symbols, where strip is there and leaves a program that runs. */
function packNode(folder) {
  const node = join(folder, "node");
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  const stripped = spawnSync("strip", [node]).status === 0;
  if (stripped && spawnSync(node, ["--version"]).status !== 0) copyFileSync(process.execPath, node);
}

/** The package webgpu with Dawn for this system alone. */
function packDawn(folder) {
  for (const file of ["index.js", "package.json", "dist/linux-x64/dawn.node"]) {
    const to = join(folder, "node_modules/webgpu", file);
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(join(root, "node_modules/webgpu", file), to);
  }
}

/** A Vulkan loader for machines without one: a browser's first, which is built for old systems, too. */
function packLoader(folder) {
  const chrome = findChrome();
  const browsers = [...(chrome ? [dirname(realpathSync(chrome))] : []), ...playwrightFolders(), "/usr/lib/chromium"];
  const places = [...browsers, "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"];
  const loader = places.map((place) => join(place, "libvulkan.so.1")).find((file) => existsSync(file));
  if (!loader) return process.stderr.write("bench:bundle: no Vulkan loader here, so the bundle has none.\n");
  mkdirSync(join(folder, "lib"));
  copyFileSync(loader, join(folder, "lib/libvulkan.so.1"));
}

/** Bundles the programs; returns the names of the packages that are in them. */
async function packPrograms(folder) {
  const packages = new Set();
  const collect = ({ metafile }) => {
    for (const file of Object.keys(metafile?.inputs ?? {})) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
      if (name) packages.add(name);
    }
  };
  const plugin = { name: "packages", setup: (build) => build.onEnd(collect) };
  const target = { platform: "node", external: ["webgpu"], legalComments: "none", metafile: true, plugins: [plugin] };
  const [{ error }] = await buildBench("portable.ts", ["latentgpu"], folder, target);
  if (error) throw new Error(`bench:bundle: ${error}`);
  await buildBench("portable-start.ts", [], folder, target);
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }\n`);
  copyFileSync(join(here, "pytorch.py"), join(folder, "pytorch.py"));
  return [...packages];
}

/** Text of the first file that is there. */
const text = (files) => {
  const file = files.find((name) => existsSync(name));
  return file && readFileSync(file, "utf8").trim();
};

/** The licence of a package that is bundled. Throws an Error where it has none. */
function licence(name) {
  const place = join(root, "node_modules", name);
  const file = readdirSync(place).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`bench:bundle: ${name} is bundled and has no licence file.`);
  return text([join(place, file)]);
}

function packLicences(folder, packages) {
  const node = [join(dirname(dirname(realpathSync(process.execPath))), "LICENSE"), "/usr/share/doc/nodejs/LICENSE"];
  const { version } = process;
  const parts = {
    latentgpu: text([join(root, "LICENSE")]),
    [`Node.js ${version}`]: text(node) ?? `https://github.com/nodejs/node/blob/${version}/LICENSE`,
    "Dawn, as the package webgpu": licence("webgpu"),
    "Vulkan loader, © The Khronos Group, Valve, LunarG and Google; cJSON in it © Dave Gamble, MIT":
      licence("typescript"), // the Apache License 2.0 itself
  };
  for (const name of packages) parts[name] = licence(name);
  const all = Object.entries(parts).map(([name, licence]) => `${name}\n\n${licence}\n`);
  writeFileSync(join(folder, "licences.txt"), all.join(`\n${"=".repeat(80)}\n\n`));
}

/** Unpacks what follows it into a temporary folder, runs that, and clears away. */
const HEADER = `#!/bin/sh
# The bench of latentgpu for x86-64 Linux with a Vulkan driver: sh latentgpu-bench.run --help
machine=$(uname -sm)
if [ "$machine" != "Linux x86_64" ]; then
  echo "latentgpu-bench: this machine is another. Expected Linux x86_64; got $machine." >&2
  exit 1
fi
folder=$(mktemp -d "\${TMPDIR:-/tmp}/latentgpu-run-XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM
tail -n +LINE "$0" | gzip -dc | tar -xof - -C "$folder" || exit 1
"$folder/node" "$folder/portable-start.js" "$@"
exit $?
`;

/** The self-extracting file of everything in `folder`. */
function archive(folder, place) {
  const tar = join(place, "bundle.tar");
  execFileSync("tar", ["-cf", tar, "-C", folder, "."]);
  const header = HEADER.replace("LINE", String(HEADER.split("\n").length));
  return Buffer.concat([Buffer.from(header), gzipSync(readFileSync(tar), { level: 9 })]);
}

async function main() {
  requireLinux();
  const place = mkdtempSync(join(tmpdir(), "latentgpu-bundle-"));
  try {
    const folder = join(place, "content");
    mkdirSync(folder);
    packNode(folder);
    packDawn(folder);
    packLoader(folder);
    packLicences(folder, await packPrograms(folder));
    const bundle = archive(folder, place);
    const size = `${(bundle.length / MIB).toFixed(1)} MiB`;
    if (bundle.length > LIMIT)
      throw new Error(`bench:bundle: too large. Expected at most ${LIMIT / MIB} MiB; got ${size}.`);
    const file = join(root, "out/latentgpu-bench.run");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bundle, { mode: 0o755 });
    process.stdout.write(`${relative(process.cwd(), file)}: ${size}\n`);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
