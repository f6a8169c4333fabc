// The bench in one page of a headless Chrome.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { launchChrome, needsSoftware } from "../src/app/chrome.mjs";
import { serve } from "../src/app/server.mjs";
import { buildBench } from "./build.mjs";

/**
 * Runs the request and returns { report, text, csv }; `listener` hears lines, and the report so far. With `unsafe`, Chrome allows
 * what WebGPU is still trying out: ONNX Runtime Web then takes subgroup matrices where the device has them.
 */
export async function inChrome({ engines, unsafe, ...request }, folder, { say, keep }) {
  if (!unsafe && needsSoftware())
    throw new Error(
      "bench: Chrome shows no software adapter without --enable-unsafe-webgpu. Leave --safe out, or take a GPU.",
    );
  const found = await buildBench("page.ts", engines, folder);
  const html = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>bench</title><script type="module" src="page.js"></script>`;
  await writeFile(join(folder, "index.html"), html);
  const server = await serve({ extra: { "/bench/": folder } });
  let browser;
  try {
    // Chrome rounds timestamps to 0.1 ms: too coarse for a dispatch on a real GPU
    browser = await launchChrome({ unsafe, parameters: ["--disable-dawn-features=timestamp_quantization"] });
    const page = await browser.newPage();
    const crash = new Promise((_, reject) => {
      page.on("crash", () => reject(new Error("bench: the page crashed. Fewer engines at once may fit its memory.")));
      browser.on("disconnected", () => reject(new Error("bench: Chrome ended in the middle of the run.")));
    });
    crash.catch(() => {}); // the end of a good run closes Chrome, too
    page.on("pageerror", (error) => say(`page: ${error.message}`));
    page.on("console", (message) => {
      if (process.env.BENCH_VERBOSE || message.type() === "error") say(`page: ${message.text()}`);
    });
    await page.exposeFunction("say", say);
    await page.exposeFunction("keep", keep);
    await page.goto(`${server.url}/bench/index.html`);
    await page.waitForFunction(() => "bench" in globalThis, undefined, { timeout: 30_000 });
    const work = page.evaluate(
      (ask) =>
        globalThis.bench(ask, {
          say: (text) => void globalThis.say(text),
          keep: (report) => void globalThis.keep(report),
        }),
      {
        ...request,
        engines: found,
        browser: `Chrome ${browser.version()}, ${unsafe ? "with" : "without"} --enable-unsafe-webgpu`,
      },
    );
    return await Promise.race([work, crash]);
  } finally {
    await browser?.close();
    await server.close();
  }
}
