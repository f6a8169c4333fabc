import { existsSync, readdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** Folders of a file-name pattern `parent/<prefix>*`, newest name first. */
function folders(parent, prefix) {
  if (!existsSync(parent)) return [];
  const names = readdirSync(parent).filter((name) => name.startsWith(prefix));
  return names.sort((a, b) => b.localeCompare(a, "en", { numeric: true })).map((name) => join(parent, name));
}

/** Where Playwright keeps the full Chromium builds that it downloaded, newest first. */
export function playwrightFolders() {
  const home = homedir();
  const caches = [
    process.env.PLAYWRIGHT_BROWSERS_PATH,
    join(home, ".cache/ms-playwright"),
    join(home, "Library/Caches/ms-playwright"),
    process.env.LOCALAPPDATA && join(process.env.LOCALAPPDATA, "ms-playwright"),
  ].filter(Boolean);
  return caches.flatMap((cache) => folders(cache, "chromium-")).flatMap((build) => folders(build, "chrome-"));
}

/** Folders of browsers on Linux: each ships SwiftShader, and most a Vulkan loader. */
function browserFolders(chrome) {
  const own = chrome && existsSync(chrome) ? [dirname(realpathSync(chrome))] : [];
  const installed = ["/usr/lib/chromium", "/usr/lib/chromium-browser", ...folders("/opt/google", "chrome")];
  return [...own, ...installed, ...playwrightFolders()];
}

/** Whether this machine shows a GPU to Vulkan: a device file and a driver manifest. Linux only. */
export function hasHardware() {
  const cards = [...folders("/dev/dri", "renderD"), ...folders("/dev", "nvidia"), ...folders("/dev", "dxg")];
  const device = cards.some((file) => /\d$|dxg$/.test(file)); // /dev/nvidiactl alone is no card
  const places = ["/etc/vulkan/icd.d", "/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
  // lavapipe (lvp_*) draws on the CPU: a manifest of it is no sign of hardware
  const drivers = places.flatMap((place) => folders(place, "")).filter((file) => !/lvp|swiftshader/.test(file));
  return device && drivers.length > 0;
}

/** Whether the system's own search path holds a Vulkan loader. */
export function hasLoader() {
  const machine = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch] ?? process.arch;
  const places = [`/usr/lib/${machine}`, `/lib/${machine}`, "/usr/lib64", "/usr/lib", "/usr/local/lib", "/lib64"];
  const given = (process.env.LD_LIBRARY_PATH ?? "").split(delimiter).filter(Boolean);
  return [...given, ...places].some((place) => existsSync(join(place, "libvulkan.so.1")));
}

/**
 * Environment variables that Dawn in Node needs to find a Vulkan loader and driver; {} where nothing is missing.
 * They must be there when the process starts: the dynamic linker reads LD_LIBRARY_PATH once.
 *
 * A real GPU comes first: where one is, SwiftShader is only added to the drivers; where none is, SwiftShader alone is
 * named, so that results do not depend on which other software driver happens to be installed. Settings that are
 * already there are kept.
 */
export function vulkanEnvironment(chrome) {
  if (process.platform !== "linux") return {};
  const environment = {};
  const places = browserFolders(chrome);
  if (!hasLoader()) {
    const loader = places.find((place) => existsSync(join(place, "libvulkan.so.1")));
    if (loader) environment.LD_LIBRARY_PATH = [process.env.LD_LIBRARY_PATH, loader].filter(Boolean).join(delimiter);
  }
  const { VK_ICD_FILENAMES, VK_DRIVER_FILES, VK_ADD_DRIVER_FILES } = process.env;
  if (VK_ICD_FILENAMES || VK_DRIVER_FILES || VK_ADD_DRIVER_FILES) return environment;
  const manifest = places.map((place) => join(place, "vk_swiftshader_icd.json")).find((file) => existsSync(file));
  if (manifest && hasHardware()) environment.VK_ADD_DRIVER_FILES = manifest;
  else if (manifest) environment.VK_DRIVER_FILES = environment.VK_ICD_FILENAMES = manifest;
  return environment;
}
