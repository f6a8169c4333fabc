// The GPUs that the witness plays, and the packages that it needs.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** Mesa's driver, the names that Mesa gives the GPU (older ones last), and what it is. */
export const DEVICES = {
  navi21: { driver: "radeon", families: ["navi21"], what: "AMD RDNA 2" },
  navi31: { driver: "radeon", families: ["navi31", "gfx1100"], what: "AMD RDNA 3" },
  "intel:0x46a6": { driver: "intel", id: "0x46a6", what: "Intel Xe-LP, Alder Lake" },
};

const PACKAGES = "gcc libc6-dev libvulkan1 libvulkan-dev libdrm-dev mesa-vulkan-drivers";

/** Where the packages are: the system, or a folder that MESA names, into which they were unpacked. */
function places() {
  const root = process.env.MESA ?? "";
  const machine = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch] ?? process.arch;
  return { libraries: `${root}/usr/lib/${machine}`, headers: `${root}/usr/include` };
}

/** Throws an Error that says what to install, where something is missing. */
export function requirePackages() {
  const { libraries, headers } = places();
  const needed = {
    gcc: spawnSync("gcc", ["--version"]).status === 0,
    libvulkan1: existsSync(join(libraries, "libvulkan.so.1")),
    "libvulkan-dev": existsSync(join(headers, "vulkan/vulkan.h")),
    "libdrm-dev": existsSync(join(headers, "libdrm/i915_drm.h")),
    "mesa-vulkan-drivers": existsSync(join(libraries, "libvulkan_radeon.so")),
  };
  const missing = Object.keys(needed).filter((name) => !needed[name]);
  if (process.platform !== "linux" || missing.length > 0)
    throw new Error(
      `bench: the witness needs Linux and Debian's packages. Missing: ${missing.join(", ")}. Install them: apt-get install -y --no-install-recommends ${PACKAGES}`,
    );
}

/** Compiles a C file of this folder into a shared library in `folder`. */
function library(name, folder, flags) {
  const { headers } = places();
  const file = join(folder, `${name}.so`);
  const includes = [`-I${headers}`, `-I${headers}/libdrm`];
  execFileSync("gcc", ["-O1", "-shared", "-fPIC", ...flags, ...includes, "-o", file, join(here, `${name}.c`), "-ldl"]);
  return file;
}

/** Environments, one for each name of `device` that Mesa may know, in which WebGPU opens on it and leaves its pipelines in `out`. */
export function environments(device, folder, out) {
  const { libraries } = places();
  mkdirSync(out, { recursive: true });
  const manifest = join(folder, "driver.json");
  const driver = library("driver", folder, ["-fvisibility=hidden"]);
  writeFileSync(
    manifest,
    JSON.stringify({ file_format_version: "1.0.0", ICD: { library_path: driver, api_version: "1.3.0" } }),
  );
  const common = {
    ...process.env,
    LD_LIBRARY_PATH: [libraries, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
    VK_ICD_FILENAMES: manifest,
    VK_DRIVER_FILES: manifest,
    MESA_SHADER_CACHE_DISABLE: "true",
    XDG_RUNTIME_DIR: folder,
    WITNESS_OUT: out,
    WITNESS_DRIVER: join(libraries, `libvulkan_${DEVICES[device].driver}.so`),
  };
  const { families, id } = DEVICES[device];
  if (families) return families.map((family) => ({ ...common, RADV_FORCE_FAMILY: family }));
  return [{ ...common, LD_PRELOAD: library("intel", folder, []), WITNESS_INTEL: id }];
}
