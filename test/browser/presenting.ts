import { launchOptions, needsSoftware } from "../../src/app/chrome.mjs";

const FLAGS = ["--enable-features=Vulkan", "--use-vulkan=swiftshader", "--use-angle=swiftshader"];

/** Options of a Chrome that presents canvases and takes video frames; without more flags a software adapter does neither. */
export const presenting = launchOptions({ parameters: needsSoftware() ? FLAGS : [] });
