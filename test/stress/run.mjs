// run — random losses, aborts and refusals of every long call, on Dawn in Node or in headless Chrome:
//
//     node test/stress/run.mjs [endings = 1000] [seconds at most] [seed = 1] [--chrome] [--calls=pattern]
//
// In Chrome the GPU process is crashed as well. A pattern takes only the calls whose names it matches. Prints what went wrong, times, and what stays of memory; 1 where something was
// wrong. It takes an hour or more on a software adapter.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPages } from "../../src/app/build.mjs";
import { launchChrome } from "../../src/app/chrome.mjs";
import { serve } from "../../src/app/server.mjs";
import { succeeds } from "../program.mjs";

const here = dirname(fileURLToPath(import.meta.url));
/** Files of the repository that calls ask a page's server for. */
const FILES = [
  "test/oracles/networks.json",
  "node_modules/@vladmandic/face-api/model/tiny_face_detector_model.bin",
  "node_modules/@mediapipe/face_detection/face_detection_short_range.tflite",
];

/** Returns whether all was well. */
async function inChrome(parameters) {
  await buildPages(["test/stress/stress.page.ts"]);
  const files = FILES.map((path) => [`/${path}`, join(here, "../..", path)]);
  const server = await serve({
    extra: { "/blank.html": join(here, "../browser/blank.html"), ...Object.fromEntries(files) },
  });
  // Chrome gives a page no GPU any more after some crashes
  const patient = ["--disable-gpu-process-crash-limit", "--disable-domain-blocking-for-3d-apis"];
  const browser = await launchChrome({ presents: true, parameters: [...patient, "--js-flags=--expose-gc"] });
  try {
    const control = await browser.newBrowserCDPSession();
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.log(`page: ${error.message}`));
    const crashed = new Promise((_, reject) => page.on("crash", () => reject(new Error("stress: the page crashed."))));
    crashed.catch(() => {});
    await page.exposeFunction("say", (line) => console.log(line));
    await page.exposeFunction("crash", () => void control.send("Browser.crashGpuProcess").catch(() => {}));
    await page.goto(`${server.url}/blank.html`);
    await page.addScriptTag({ url: "/dist/app/stress.js", type: "module" });
    await page.waitForFunction(() => "run" in globalThis);
    const work = page.evaluate((given) => globalThis.run(...given), parameters);
    return await Promise.race([work, crashed]);
  } finally {
    await browser.close();
    await server.close();
  }
}

const isChrome = process.argv.includes("--chrome");
const [, pattern = ""] = process.argv.find((word) => word.startsWith("--calls="))?.split("=") ?? [];
const numbers = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const [count = 1000, seconds = 1e6, seed = 1] = numbers.map(Number);
const parameters = [count, seconds, seed, pattern];
process.exitCode = (await (isChrome ? inChrome(parameters) : succeeds("test/stress/node.ts", parameters))) ? 0 : 1;
