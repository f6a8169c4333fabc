// Two folders are dropped, measures chosen, values seen and saved: the command line's to the bit.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, type Page } from "@playwright/test";
import { build } from "esbuild";
import { encode } from "jpeg-js";
import type { ScoreReport } from "../../src/app/command/report.ts";
import { serve } from "../../src/app/server.mjs";
import { problemsOf } from "./problems.ts";
import { takeViews } from "./views.ts";
import { loadMnistNode } from "../../src/data/mnist-node.ts";
import { encodePng, writeNpy } from "../../src/formats.ts";
import { drop } from "./drop.ts";

const COUNT = 500;
const place = mkdtempSync(join(tmpdir(), "latentgpu-score-"));
const at = (...names: string[]): string => join(place, ...names);
const program = join(process.cwd(), "out", `score-${process.pid}.mjs`);
let server: { url: string; close: () => Promise<unknown> };
/** Errors of the page and refusals of its policy; each test expects none. */
let problems: string[] = [];

test.beforeAll(async () => {
  await build({
    entryPoints: ["src/app/command/main.ts"],
    outfile: program,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "error",
  });
  server = await serve();
  const { images } = (await loadMnistNode()).test;
  for (const [folder, from] of [["generated", 0], ["real", COUNT]] as const) {
    mkdirSync(at(folder));
    for (let i = 0; i < COUNT; i++) {
      const pixels = Uint8Array.from(images.subarray(784 * (from + i), 784 * (from + i + 1)));
      const file = encodePng({ width: 28, height: 28, channels: 1, pixels });
      writeFileSync(at(folder, `${String(i).padStart(4, "0")}.png`), file);
    }
  }
}); // prettier-ignore
test.afterAll(async () => {
  await server.close();
  rmSync(place, { recursive: true, force: true });
  rmSync(program, { force: true });
});
test.beforeEach(({ page }) => {
  problems = problemsOf(page);
});
test.afterEach(() => expect(problems).toEqual([]));

const status = (page: Page) => page.locator("#score-status");

/** Opens the tab as an address has it, and gives it two sets. */
async function open(page: Page, address: string, generated: string, real: string): Promise<void> {
  await page.goto(`${server.url}/${address}`);
  await drop(page, ".drop >> nth=0", [generated]);
  await drop(page, ".drop >> nth=1", [real]);
  await expect(page.locator(".drop.full")).toHaveCount(2);
}

/** Presses the button and waits for the end, which `says`. */
async function run(page: Page, says: RegExp): Promise<void> {
  await page.getByRole("button", { name: "Score", exact: true }).click();
  await expect(status(page)).toHaveText(says, { timeout: 300_000 });
}

async function saved(page: Page): Promise<ScoreReport> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("score.json").click()]);
  return JSON.parse(readFileSync(await download.path(), "utf8")) as ScoreReport;
}

/** The same structure and words, and numbers that differ by at most `relative` of each. */
function expectNear(found: unknown, expected: unknown, relative: number): void {
  if (typeof found === "number")
    expect(Math.abs(found - Number(expected))).toBeLessThanOrEqual(relative * Math.abs(found)); // prettier-ignore
  else if (typeof found !== "object" || found === null) expect(found).toBe(expected);
  else {
    expect(Object.keys(found)).toEqual(Object.keys(expected!));
    for (const [name, value] of Object.entries(found))
      expectNear(value, (expected as { [name: string]: unknown })[name], relative);
  }
}

test("two dropped folders of 500 PNG files get the values of the command line, to the bit", async ({ page }) => {
  const measures = ["fid", "kid", "pr", "is"];
  await page.goto(server.url);
  await page.getByRole("tab", { name: "Score" }).click();
  await drop(page, ".drop >> nth=0", [at("generated")]);
  await drop(page, ".drop >> nth=1", [at("real")]);
  await expect(page.locator(".given")).toHaveText(["generated: 500 images", "real: 500 images"]);
  await page.getByLabel("class score").check();
  await page.locator("#score-features").selectOption("digits-v1");
  await page.locator("#score-seed").fill("3");
  const words = ["generated", "--real", "real", "--measures", measures.join(","), "--features", "digits-v1", "--seed", "3"]; // prettier-ignore
  await expect(page.locator("#score-command")).toHaveText(`npx latentgpu score ${words.join(" ")}`);
  expect(page.url()).toContain("#score?measures=fid,kid,pr,is&features=digits-v1&seed=3");
  await page.evaluate(() => {
    const tasks: number[] = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: "longtask",
    });
    Object.assign(globalThis, { tasks });
  });
  const began = Date.now();
  await run(page, /^Done in/);
  const took = Date.now() - began;
  const tasks = await page.evaluate(() => (globalThis as unknown as { tasks: number[] }).tasks);
  console.log(`tasks above 50 ms in ${took} ms: ${tasks.map((duration) => `${duration} ms`).join(", ") || "none"}`);
  // the worker works, not the page: what is long here waited for a core, which a software adapter holds
  expect(tasks.reduce((sum, duration) => sum + duration, 0)).toBeLessThan(took / 10);

  const found = await saved(page);
  expect(found.scores.map(({ key }) => key)).toEqual(measures);
  const rows = page.locator("#score-results tbody");
  for (const { title, value, interval } of found.scores) {
    await expect(rows).toContainText(title);
    await expect(rows).toContainText(String(Number(value.toPrecision(6))));
    if (interval) await expect(rows).toContainText(String(Number(interval[1].toPrecision(6))));
  }
  const told = page.locator("#score-conditions");
  for (const text of ["500 samples of generated", "500 samples of real", "digits-v1, checksum", "from 0 to 1", "seed3"])
    await expect(told).toContainText(text);

  const file = at("command.json");
  execFileSync(process.execPath, [program, "score", ...words, "--json", file], { cwd: place });
  const expected = JSON.parse(readFileSync(file, "utf8")) as ScoreReport;
  const { adapter, scores, ...rest } = found;
  const { adapter: nodes, scores: others, ...conditions } = expected;
  expect(rest).toEqual(conditions);
  expect(adapter.software).toBe(nodes.software);
  // on one software adapter the bits are the same; a GPU may have another compiler behind either
  const isExact = (key: string) => adapter.software && key !== "is";
  expect(scores.filter(({ key }) => isExact(key))).toEqual(others.filter(({ key }) => isExact(key)));
  // the class score ends with Math.log and Math.exp, whose last bit is another in another release of V8
  for (const [i, score] of scores.entries()) expectNear(score, others[i], adapter.software ? 1e-13 : 1e-4);

  const precision = found.scores.find(({ key }) => key === "pr")!.value;
  await expect(page.getByText(`${Math.round(500 * precision)} of 500 generated images lie inside`)).toBeVisible();
  await expect(page.locator(".neighbour-row")).toHaveCount(8);
  await expect(page.locator(".neighbour-row canvas")).toHaveCount(40);

  await takeViews(page, "score");
});

test("a broken file stops the run by its name, or is named and left out; the address brings choices back", async ({
  page,
}) => {
  mkdirSync(at("broken"));
  for (let i = 0; i < 40; i++)
    writeFileSync(at("broken", `${i}.png`), readFileSync(at("generated", `${String(i).padStart(4, "0")}.png`)));
  writeFileSync(at("broken", "7.png"), readFileSync(at("broken", "7.png")).subarray(0, 60));
  await open(page, "#score?measures=pr&seed=9", at("broken"), at("real"));
  await expect(page.locator("#score-seed")).toHaveValue("9");
  await expect(page.locator(".measures input:checked")).toHaveCount(1);
  await run(page, /^score generated\/7\.png: chunk "IDAT" is cut short/);
  await page.getByText("How images are read").click();
  await page.locator("#score-on-error").selectOption("skip");
  expect(page.url()).toContain("on-error=skip");
  await run(page, /^Done in/);
  await expect(page.locator("#score-said")).toContainText("skipped generated/7.png: score generated/7.png: chunk");
  const { sets, conditions } = await saved(page);
  expect([sets["generated"]?.n, sets["generated"]?.skipped.length, conditions.seed]).toEqual([39, 1, 9]);
});

test("arrays, hostile files and a missing network are told by typed errors; picked files work as dropped ones", async ({
  page,
}) => {
  const values = Uint8Array.from({ length: 40 * 16 }, (_, i) => (i * 7919) % 251);
  writeFileSync(at("rows.npy"), writeNpy({ shape: [40, 4, 4], values }));
  writeFileSync(at("hello.npz"), "hello");
  await page.goto(`${server.url}/#score?measures=fid`);
  await page.locator("#score-generated-files").setInputFiles(at("rows.npy"));
  await page.locator("#score-real-files").setInputFiles(at("hello.npz"));
  await run(page, /^score real\/hello\.npz: unknown kind of file/);
  await page.locator("#score-real-files").setInputFiles(at("rows.npy"));
  await run(page, /^Done in/);
  await expect(page.locator("#score-conditions")).toContainText("40 samples of real/rows.npy (npy)");
  await page.locator("#score-features").selectOption("file");
  await run(page, /^score: cannot read "weights\.safetensors"\. No such file was given/);
  await page.locator("#score-weights").setInputFiles(at("hello.npz"));
  await run(page, /^score hello\.npz: /);
  // JPEG is decoded by the same package as in the command
  mkdirSync(at("jpeg"));
  for (let i = 0; i < 6; i++) {
    const data = Uint8Array.from({ length: 4 * 64 }, (_, byte) => (byte * (i + 3) * 7919) % 256);
    writeFileSync(at("jpeg", `${i}.jpg`), encode({ width: 8, height: 8, data }, 90).data);
  }
  await page.locator("#score-features").selectOption("");
  for (const set of ["generated", "real"]) await page.locator(`#score-${set}-folder`).setInputFiles(at("jpeg"));
  await run(page, /^Done in/);
  await expect(page.locator("#score-conditions")).toContainText("6 samples of generated (folder)");
  await expect(page.locator("#score-results")).toContainText("Fréchet distance, pixels from 0 to 1");
  await page.locator("#score-real-folder").setInputFiles(at("real"));
  await expect(page.locator(".given").nth(1)).toHaveText("real: 500 images");
});

test("Stop ends a run, and the page can score again", async ({ page }) => {
  await open(page, "#score?measures=pr", at("generated"), at("real"));
  await page.getByRole("button", { name: "Score", exact: true }).click();
  await expect(status(page)).toHaveText(/\d+ of \d+, .* to go$/);
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(status(page)).toHaveText("Stopped. What was found stands.");
  await expect(page.getByRole("button", { name: "Score", exact: true })).toBeEnabled();
});
