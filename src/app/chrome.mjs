import { chromium } from "@playwright/test";
import { findChrome } from "./setup.mjs";
import { hasHardware } from "./vulkan.mjs";

/** Whether Chrome has to draw on the CPU: only Linux is asked, elsewhere Chrome finds the GPU by itself. */
export const needsSoftware = () => process.platform === "linux" && !hasHardware();

/**
 * Flags with which a full, headless Chromium shows WebGPU. Without a GPU SwiftShader is named, so that the adapter is
 * the same on every such machine. Without `unsafe` Chrome is as visitors have it, and shows no software adapter.
 */
export function flags({ software = needsSoftware(), unsafe = true } = {}) {
  const vulkan = [
    "--enable-features=Vulkan",
    "--use-angle=vulkan",
    "--disable-vulkan-surface",
    "--ignore-gpu-blocklist",
  ];
  return [
    // the old headless mode and headless-shell have no WebGPU
    "--headless=new",
    ...(unsafe ? ["--enable-unsafe-webgpu"] : []),
    ...(software ? ["--use-webgpu-adapter=swiftshader", "--enable-unsafe-swiftshader"] : []),
    ...(!software && process.platform === "linux" ? vulkan : []),
    // Playwright switches off the other ways to reach the network; a closed one must not slow a start
    "--disable-quic",
    "--disable-domain-reliability",
  ];
}

/** With these a software adapter presents canvases and takes video frames; without them Chrome loses its device there. */
const presentingFlags = ["--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"];

/**
 * Options for Playwright's launch: the Chrome that the set-up found, and its flags; `presents` where canvases are presented. Playwright starts it without the
 * sandbox, which root and most containers cannot have: load only pages of this package in it.
 *
 * @param {{ software?: boolean, unsafe?: boolean, presents?: boolean, parameters?: readonly string[] }} [options]
 */
export function launchOptions({ software = needsSoftware(), unsafe, presents = false, parameters = [] } = {}) {
  const executablePath = findChrome();
  if (!executablePath) throw new Error("chrome: no Chrome on this machine. Run through npm, or set CHROME_PATH.");
  return {
    executablePath,
    headless: true,
    args: [...flags({ software, unsafe }), ...(presents && software ? presentingFlags : []), ...parameters],
  };
}

/** A headless Chrome as Playwright's Browser; the caller closes it. */
export function launchChrome(options) {
  return chromium.launch(launchOptions(options));
}
