// demo — the main job in a headless Chrome: fits, samples, scores; then a table, report.html, report.json and pictures.
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "@playwright/test";
import { buildPages } from "./build.mjs";
import { launchOptions } from "./chrome.mjs";
import { writeReport } from "./demo/files.mjs";
import { optionsOf, usage } from "./demo/options.mjs";
import { terminal } from "./demo/terminal.mjs";
import { serve } from "./server.mjs";

/** Thrown when Ctrl-C or a signal ended the run. */
class Stopped extends Error {}

/** Resolves to the page's { report, html, table }. `stopped` is a promise that settles when somebody wants to end. */
async function inChrome(request, view, stopped) {
  const page = fileOf("demo.html");
  const server = await serve({ extra: { "/demo.html": page } });
  let browser;
  try {
    // Playwright would end the process on Ctrl-C by itself, before the files and the server are closed
    const own = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false, timeout: 120_000 };
    const launch = chromium.launch({ ...launchOptions(), ...own });
    browser = await Promise.race([launch, stopped.then(() => undefined)]);
    if (!browser) {
      browser = await launch;
      throw new Stopped();
    }
    return await inPage(await browser.newPage(), browser, `${server.url}/demo.html`, request, view, stopped);
  } finally {
    await browser?.close();
    await server.close();
  }
}

const fileOf = (name) => fileURLToPath(new URL(name, import.meta.url));

async function inPage(page, browser, url, request, view, stopped) {
  const broken = new Promise((_, reject) => {
    page.on("crash", () => reject(new Error("demo: the page crashed, most likely for want of memory.")));
    browser.on("disconnected", () => reject(new Error("demo: Chrome ended in the middle of the run.")));
  });
  broken.catch(() => {}); // the end of a good run closes Chrome, too
  const problems = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") problems.push(message.text());
    if (process.env.DEMO_VERBOSE) process.stderr.write(`page: ${message.text()}\n`);
  });
  await page.exposeFunction("tell", view.show);
  await page.goto(url);
  await page
    .waitForFunction(() => "demo" in globalThis, undefined, { timeout: 60_000 })
    .catch(() => {
      throw new Error(`demo: the page did not start. ${problems.join(" ")}`);
    });
  const work = page
    .evaluate((asked) => globalThis.demo(asked), request)
    .catch((error) => {
      // Playwright puts its own words before the page's
      const said = error.message.replace(/^page\.evaluate: (Error: )?/, "").split("\n    at ", 1)[0];
      throw new Error([`demo: the job failed. ${said}`, ...problems].join("\n"));
    });
  work.catch(() => {});
  const ended = await Promise.race([work, broken, stopped.then(() => "stopped")]);
  if (ended !== "stopped") return ended;
  // the job frees its GPU memory and answers; a page that does not is closed all the same
  await page.evaluate(() => globalThis.stop()).catch(() => {});
  await Promise.race([work.catch(() => {}), new Promise((done) => setTimeout(done, 4000))]);
  throw new Stopped();
}

async function main() {
  const { help, out, preset, models, seed } = optionsOf(process.argv.slice(2));
  if (help) return process.stdout.write(`${usage}\n`);
  const stopped = new Promise((done) => {
    // npm and the set-up pass the signal on, so it may come more than once
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, done);
  });
  const begin = performance.now();
  const view = terminal(process.stderr);
  await buildPages(["src/app/demo.page.ts", "src/app/worker.page.ts"]);
  try {
    const found = await inChrome(
      { preset, seed, mnist: "/data/mnist/", ...(models ? { settings: { models } } : {}) },
      view,
      stopped,
    );
    view.clear();
    const written = writeReport(out, found);
    const seconds = Math.round((performance.now() - begin) / 1000);
    process.stdout.write(`\n${found.table}\n\n`);
    process.stdout.write(
      `${written.length} files in ${relative(process.cwd(), out) || "."}, first of all ${written[0]}; ${seconds} s in all\n`,
    );
  } catch (error) {
    view.clear();
    throw error;
  }
}

await main().catch((error) => {
  const isStopped = error instanceof Stopped;
  process.stderr.write(isStopped ? "demo: stopped. Nothing was written.\n" : `${error.message}\n`);
  process.exitCode = isStopped ? 130 : 1;
});
// listeners for signals would not keep the process alive, but a browser that hangs could
if (process.exitCode) setTimeout(() => process.exit(), 2000).unref();
