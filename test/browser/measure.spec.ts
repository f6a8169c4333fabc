import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test, type Page } from "@playwright/test";
import type { Report } from "../../bench/report.ts";
import { buildPageBench } from "../../src/app/bench.mjs";
import { serve } from "../../src/app/server.mjs";
import { drop } from "./drop.ts";
import { problemsOf } from "./problems.ts";
import { takeViews } from "./views.ts";

const results = resolve("bench/results/google-swiftshader.json");
const committed = JSON.parse(readFileSync(results, "utf8")) as Report;
let server: { url: string; close: () => Promise<unknown> };
/** Errors of the page and refusals of its policy; each test expects none. */
let problems: string[];
let folder: string;

test.beforeAll(async () => {
  await buildPageBench();
  server = await serve();
  folder = mkdtempSync(join(tmpdir(), "latentgpu-measure-"));
});
test.afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});
test.beforeEach(({ page }) => {
  problems = problemsOf(page);
});
test.afterEach(() => expect(problems).toEqual([]));

const dots = (page: Page, kind = "") => page.locator(`#measure-picture .dot${kind}`);

/** Until the chart is drawn as wide as its place. */
const isDrawn = (page: Page) => async (): Promise<void> => {
  const missing = (): Promise<number> =>
    page.locator("#measure-picture").evaluate((place) => {
      return Math.abs(place.clientWidth - place.querySelector("svg")!.viewBox.baseVal.width);
    });
  await expect.poll(missing, "the chart is drawn anew").toBeLessThan(1);
};

test("committed results come first, without a run, and can be read by pointer, keyboard and as a table", async ({
  page,
}) => {
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await page.goto(`${server.url}/#pipelines`);
  await expect(page.locator("#adapter")).toContainText("Adapter:");
  expect(loaded.filter((path) => /measure|results/.test(path))).toEqual([]);
  await page.getByRole("tab", { name: "Measure" }).click();
  await expect(dots(page, ".c0")).toHaveCount(12);
  await expect(dots(page, ".own")).toHaveCount(0);
  await expect(page.locator("#measure-from")).toContainText("Committed: google / swiftshader, a software adapter");

  await page.locator("#measure-picture svg").focus();
  await page.keyboard.press("ArrowDown");
  await expect(page.locator("#measure-told")).toContainText(
    "vae step, 784-400-20, batch 128: latentgpu on google / swiftshader",
  );
  await page.keyboard.press("ArrowDown");
  await expect(page.locator("#measure-told")).toContainText("conv vae step");
  await dots(page, ".c1").first().hover();
  await expect(page.locator("#measure-told")).toContainText("vae step, 784-400-20, batch 128: jax-js");

  await page.locator("#measure-unit").selectOption("gflops");
  await page.locator("#measure-cases").selectOption("products");
  const products = committed.entries.filter(({ workload }) => /^(matmul|covariance)$/.test(workload));
  await expect(dots(page, ".c0")).toHaveCount(products.length);
  expect(new URL(page.url()).hash).toBe("#measure?unit=gflops&cases=products");
  await page.locator("#measure summary", { hasText: "The same numbers" }).first().click();
  await expect(page.locator("#measure-table tbody tr")).toHaveCount(products.length);
  await page.reload();
  await expect(dots(page, ".c0")).toHaveCount(products.length);

  await page.goto(`${server.url}/#bench`);
  await page.reload();
  await expect(page.getByRole("tab", { name: "Measure" })).toHaveAttribute("aria-selected", "true");
  await expect(dots(page, ".c0")).toHaveCount(12);
  await takeViews(page, "committed", isDrawn(page));
});

test("this device is measured within 15 seconds, and stands among the committed results", async ({ page }) => {
  await page.goto(`${server.url}/#measure`);
  await expect(dots(page, ".c0")).toHaveCount(12);
  const shares = page.evaluate(() => {
    const found: number[] = [];
    const bar = document.querySelector<HTMLProgressElement>("#measure-progress")!;
    return new Promise<number[]>((done) => {
      const timer = setInterval(() => {
        if (!bar.hidden) found.push(bar.value);
        else if (found.length > 0) {
          clearInterval(timer);
          done(found);
        }
      }, 50);
    });
  });
  const began = Date.now();
  await page.getByRole("button", { name: "How fast is this GPU?" }).click();
  await expect(page.locator("#measure-left")).toHaveText(/^at most \d+ s left$/);
  await expect(page.locator("#measure-status")).toHaveText(/^Measured in/, { timeout: 30_000 });
  const seconds = (Date.now() - began) / 1000;
  console.log(`measured: ${await page.locator("#measure-status").textContent()}`);
  expect(seconds).toBeLessThan(16.5);
  const found = await shares;
  expect(found).toEqual([...found].sort((a, b) => a - b));
  expect(found.length).toBeGreaterThan(10);

  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#measure-downloads a").click()]);
  const report = JSON.parse(readFileSync(await download.path(), "utf8")) as Report;
  const timed = report.entries.filter(({ cells }) => cells[0]!.status === "ok");
  expect(report.entries.flatMap(({ cells }) => cells.filter(({ status }) => status === "wrong" || status === "failed"))).toEqual([]); // prettier-ignore
  expect(timed.length).toBeGreaterThan(0);
  for (const { cells, limit, peak } of timed) {
    expect(cells[0]!.error).toBeLessThanOrEqual(limit);
    expect(peak.gflops).toBeGreaterThan(0);
  }
  await expect(dots(page, ".own")).toHaveCount(timed.length);
  await expect(page.locator("#measure-verdict")).toContainText("GFLOP/s of products");
  if (report.adapter.software) await expect(page.locator("#measure-verdict")).toContainText("a software adapter: the CPU plays the GPU"); // prettier-ignore
  await expect(page.locator("#measure .plots .line.points circle").first()).toBeVisible();
  await takeViews(page, "measured", isDrawn(page));

  // the file can be compared with the committed one
  const own = join(folder, "own.json");
  writeFileSync(own, JSON.stringify(report));
  await page.getByLabel("Before: a report").setInputFiles(results);
  await page.getByLabel("After: a report").setInputFiles(own);
  await expect(page.locator("#compare-outcome")).toContainText(/\d in both: |Two devices: before on google/);
});

test("two reports are compared, and what is no report is refused by what is wrong", async ({ page }) => {
  const faster = structuredClone(committed);
  for (const { cells } of faster.entries)
    for (const { ms, engine } of cells)
      if (ms && engine === "latentgpu") for (const name of Object.keys(ms) as (keyof typeof ms)[]) ms[name] /= 2;
  const other = {
    ...committed,
    adapter: { ...committed.adapter, vendor: "other", architecture: "gpu", software: false },
  };
  const write = (name: string, content: object): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const [fasterFile, otherFile, wrong] = [write("faster.json", faster), write("other.json", other), write("wrong.json", { a: 1 })]; // prettier-ignore

  await page.goto(`${server.url}/#measure`);
  await expect(dots(page, ".c0")).toHaveCount(12);
  await drop(page, "#compare-before", [results]);
  await expect(page.locator("#compare-before .given")).toHaveText(
    "google-swiftshader.json: 38 cases on google / swiftshader, 2026-11-23.",
  );
  await drop(page, "#compare-after", [fasterFile]);
  const pairs = committed.entries.flatMap(({ cells }) => cells.filter(({ ms }) => ms)).length;
  await expect(page.locator("#compare-outcome")).toHaveText(new RegExp(`^${pairs} in both: 3\\d faster, 0 slower, \\d+ within the intervals\\.$`)); // prettier-ignore
  await page.locator("#compare-numbers summary").click();
  await expect(page.locator("#compare-table tbody tr")).toHaveCount(pairs);
  await expect(page.locator("#compare-table tbody tr").first()).toContainText("2.00×");
  await expect(page.locator("#compare-picture .dot")).toHaveCount(pairs);
  await page.locator("#compare-numbers summary").click();
  await page.screenshot({ path: test.info().outputPath("compare.png"), fullPage: true });

  await page.getByLabel("After: a report").setInputFiles(otherFile);
  await expect(page.locator("#compare-outcome")).toContainText("Two devices: before on google / swiftshader, a software adapter, after on other / gpu."); // prettier-ignore

  await page.getByLabel("After: a report").setInputFiles(wrong);
  await expect(page.locator("#compare-after .given")).toHaveText('wrong.json is no report of this bench. Expected "bench": "latentgpu".'); // prettier-ignore
  await expect(page.locator("#compare-outcome")).toBeEmpty();
  await expect(page.locator("#compare-table tbody tr")).toHaveCount(0);
});

test("?auto=1 runs the bench for scripts", async ({ page }) => {
  await page.route("**/dist/bench/engines.json", (route) => route.fulfill({ json: [{ name: "latentgpu" }] }));
  await page.goto(`${server.url}/?auto=1&only=kl`);
  const report = await page.evaluate(
    () => (globalThis as unknown as { benchReport: Promise<Report | null> }).benchReport,
  );
  expect(report!.entries.map(({ workload, cells }) => `${workload} ${cells[0]!.status}`)).toEqual(["kl ok"]);
  await expect(page.locator("#bench-status")).toContainText("Done.");
  await expect(page.locator("#bench-table")).toContainText("kl");
  await expect(page.locator("#bench-downloads a")).toHaveText(["bench.json", "bench.csv"]);
});
