// Sets everything up that the commands need, then runs one of them: `node src/app/setup.mjs <script> [arguments]`;
// `--no-chrome` before the script where it needs no browser.
// Runs in a fresh clone, so it may use nothing but Node's own modules. Does nothing, quickly, where all is there.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { hasLoader, playwrightFolders, vulkanEnvironment as environmentFor } from "./vulkan.mjs";

/** The folder of the package. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/** Runs a program to its end, its output shown; returns whether it succeeded. */
function succeeds(program, parameters, environment = {}) {
  const options = { cwd: root, stdio: ["ignore", 2, 2], env: { ...process.env, ...environment } };
  return spawnSync(program, parameters, { ...options, shell: process.platform === "win32" }).status === 0;
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

// Dependencies

/** Whether node_modules holds exactly what the lock file names (packages for other systems apart). */
function hasDependencies() {
  const installedFile = join(root, "node_modules/.package-lock.json");
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedFile, "utf8")).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, peer }]) =>
      path === "" || installed[path]?.version === version || (!installed[path] && (optional || peer)),
  );
}

function installDependencies() {
  if (hasDependencies()) return;
  say("installing the packages of package-lock.json with npm ci");
  // nothing here needs an install script: every binary comes inside its package, and browsers are found below
  const parameters = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  if (!succeeds("npm", parameters, { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: "1" })) {
    throw new Error("setup: npm ci did not finish. Its message is above; a network and a registry are needed once.");
  }
}

// Kernels

function newest(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && /\.(wgsl|mjs)$/.test(entry.name),
  );
  return Math.max(0, ...files.map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs));
}

function generateKernels() {
  const generator = join(root, "shaders/generate.mjs");
  if (!existsSync(generator)) return;
  const generated = join(root, "src/kernels/shaders.gen.ts");
  if (existsSync(generated) && statSync(generated).mtimeMs >= newest(join(root, "shaders"))) return;
  if (!succeeds(process.execPath, [generator])) {
    throw new Error("setup: shaders/generate.mjs refused a kernel; its message is above.");
  }
  // the generator may leave an unchanged file alone; its date must still say that it is current
  const now = new Date();
  utimesSync(generated, now, now);
}

// Chrome

const names = ["google-chrome", "google-chrome-stable", "chromium", "chromium-browser", "chrome"];
const applications = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ...[process.env.PROGRAMFILES, process.env["PROGRAMFILES(X86)"], process.env.LOCALAPPDATA]
    .filter(Boolean)
    .map((folder) => join(folder, "Google/Chrome/Application/chrome.exe")),
];
const inPlaywright = [
  "chrome",
  "chrome.exe",
  "Chromium.app/Contents/MacOS/Chromium",
  "Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing",
];

/**
 * Path of a full Chrome or Chromium: CHROME_PATH, else an installed one, else Playwright's download; undefined if none.
 * Throws where CHROME_PATH is set and is no program.
 */
export function findChrome() {
  const given = process.env.CHROME_PATH;
  if (given && isExecutable(given)) return given;
  if (given) throw new Error(`setup: CHROME_PATH names no program. Expected an executable file; got ${given}.`);
  const path = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  const installed = names.flatMap((name) => path.map((folder) => join(folder, name)));
  const downloaded = playwrightFolders().flatMap((folder) => inPlaywright.map((name) => join(folder, name)));
  return [...installed, ...applications, ...downloaded].find(isExecutable);
}

/** Installs Debian packages where apt and rights allow; returns whether it did. */
function aptInstall(packages) {
  if (process.platform !== "linux" || spawnSync("apt-get", ["--version"]).status !== 0) return false;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && spawnSync("sudo", ["-n", "true"]).status !== 0) return false;
  const prefix = isRoot ? ["env"] : ["sudo", "-n", "env"];
  const apt = (...parameters) =>
    succeeds(prefix[0], [...prefix.slice(1), "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", ...parameters]);
  say(`installing ${packages.join(" and ")} with apt-get`);
  apt("update"); // a stale index may still serve; the install below tells
  return apt("install", "-y", "--no-install-recommends", ...packages);
}

function installChrome() {
  if (findChrome()) return;
  const packages = hasLoader() ? ["chromium"] : ["chromium", "libvulkan1"];
  if (aptInstall(packages) && findChrome()) return;
  say("downloading Chromium with Playwright");
  const playwright = join(root, "node_modules/@playwright/test/cli.js");
  if (succeeds(process.execPath, [playwright, "install", "--no-shell", "chromium"]) && findChrome()) return;
  throw new Error(
    "setup: no Chrome was found, and none could be installed. " +
      "Install Chrome or Chromium, or set CHROME_PATH to its program.",
  );
}

/** Variables that Dawn in Node needs on this machine, for the environment of a child process. */
export function vulkanEnvironment() {
  return environmentFor(findChrome());
}

/**
 * Dependencies, generated kernels and, unless `chrome` is false, a Chrome: whatever of these is missing. Throws one
 * clear error where something cannot be had.
 */
export function prepare({ chrome = true } = {}) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Error(`setup: this Node is too old. Expected 20.19 or later; got ${process.versions.node}.`);
  }
  installDependencies();
  generateKernels();
  if (chrome) installChrome();
}

function main(words) {
  const chrome = words[0] !== "--no-chrome";
  const [script, ...parameters] = chrome ? words : words.slice(1);
  try {
    prepare({ chrome });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  if (!script) return;
  const environment = { ...process.env, ...vulkanEnvironment() };
  const child = spawn(process.execPath, [join(root, script), ...parameters], { stdio: "inherit", env: environment });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv.slice(2));
