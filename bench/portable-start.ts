// The bundle's first program: starts portable.js where Dawn finds a Vulkan loader and the drivers, and caches stay in the folder.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasLoader, vulkanEnvironment } from "../src/app/vulkan.mjs";

type Environment = { readonly [name: string]: string | undefined };

const here = dirname(fileURLToPath(import.meta.url));

/** Where containers get NVIDIA's driver; Vulkan loaders do not look there. */
const NVIDIA = "/usr/local/nvidia";
const PLACES = ["/etc", "/usr/local/share", "/usr/share", `${NVIDIA}/share`].map((place) => `${place}/vulkan/icd.d`);

const files = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map((name) => join(folder, name))
    : [];

const joined = (paths: readonly (string | undefined | false)[]) => paths.filter(Boolean).join(":");

/** Drivers that were named, else every one that is installed, and a browser's SwiftShader last. */
function drivers(): Environment {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES } = process.env;
  if (VK_DRIVER_FILES || VK_ICD_FILENAMES || VK_ADD_DRIVER_FILES) return {};
  const installed = PLACES.flatMap(files).filter((file) => file.endsWith(".json"));
  const browsers: Environment = vulkanEnvironment(undefined);
  const all = joined([...installed, browsers.VK_DRIVER_FILES ?? browsers.VK_ADD_DRIVER_FILES]);
  // the second name is for loaders before 1.3.207
  return all ? { VK_DRIVER_FILES: all, VK_ICD_FILENAMES: all } : {};
}

/** The machine's own libraries first: the bundle's Vulkan loader serves where there is none. */
function libraries(): Environment {
  const nvidia = [`${NVIDIA}/lib64`, `${NVIDIA}/lib`].filter((folder) => existsSync(folder));
  const all = joined([process.env.LD_LIBRARY_PATH, ...nvidia, !hasLoader() && join(here, "lib")]);
  return all ? { LD_LIBRARY_PATH: all } : {};
}

/** Everything that drivers and PyTorch keep on disk goes where the bundle lies, and so away with it. */
function caches(): Environment {
  const names = ["TMPDIR", "XDG_CACHE_HOME", "MESA_SHADER_CACHE_DIR", "__GL_SHADER_DISK_CACHE_PATH"];
  const cuda = ["CUDA_CACHE_PATH", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR"];
  return { ...Object.fromEntries([...names, ...cuda].map((name) => [name, here])), PYTHONDONTWRITEBYTECODE: "1" };
}

const { status, signal } = spawnSync(process.execPath, [join(here, "portable.js"), ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, ...drivers(), ...libraries(), ...caches() },
});
if (signal) process.stderr.write(`latentgpu-bench: ended by ${signal}, in the driver perhaps.\n`);
process.exitCode = status ?? 1;
