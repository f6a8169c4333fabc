import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test, type Page } from "@playwright/test";
import { buildPages } from "../../src/app/build.mjs";
import { serve } from "../../src/app/server.mjs";
import { problemsOf } from "./problems.ts";

const stub = fileURLToPath(new URL("../../dist/app/stub.js", import.meta.url));
let server: { url: string; close: () => Promise<unknown> };
/** Errors of the page and refusals of its policy; each test expects none. */
let problems: string[];

test.beforeAll(async () => {
  await buildPages(["src/app/main.page.ts", "bench/measure.page.ts", "test/browser/stub.page.ts"]);
  server = await serve({ extra: { "/dist/app/worker.js": stub } });
});

test.afterAll(() => server.close());

test.beforeEach(async ({ page }) => {
  problems = problemsOf(page);
  await page.goto(`${server.url}/#pipelines`);
  await expect(page.locator("#adapter")).toContainText("Adapter:", { timeout: 60_000 });
});

test.afterEach(() => expect(problems).toEqual([]));

async function start(page: Page, seed: number): Promise<void> {
  await page.getByLabel("Seed").fill(String(seed));
  await page.getByRole("button", { name: "Start" }).click();
}

test("the page shows stages, scores, pictures and curves as they come, all text as text", async ({ page }) => {
  await start(page, 1);
  await expect(page.locator("#status")).toHaveText("Done in 6:52.");
  await expect(page.locator("#stages li")).toHaveCount(2);
  await expect(page.locator("#stages li").first()).toContainText("<img src=x onerror=");
  await expect(page.locator("#scores tbody tr")).toHaveCount(4);
  await expect(page.locator("#pictures img")).toHaveCount(4);
  await expect(page.locator("#wide img")).toHaveCount(2);
  await expect(page.locator("#curves svg.chart")).toHaveCount(2);
  expect(await page.title()).toBe("latentgpu");
  const colours = await page
    .locator("#curves .line path")
    .first()
    .evaluate((path) => getComputedStyle(path).stroke);
  expect(colours).not.toBe("none");
});

test("report.html can be saved from the page", async ({ page }) => {
  await start(page, 1);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "report.html" }).click();
  const text = readFileSync(await (await download).path(), "utf8");
  expect(text).toContain("Content-Security-Policy");
  expect(text).not.toContain("<img src=x");
});

test("Stop ends the job, and another can start", async ({ page }) => {
  await start(page, 2);
  await expect(page.locator("#stages li").nth(1)).toContainText("to go");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator("#status")).toHaveText("Stopped. What was finished is below.");
  await start(page, 1);
  await expect(page.locator("#status")).toContainText("Done");
});

test("a failure is told in the job's own words", async ({ page }) => {
  await start(page, 3);
  await expect(page.locator("#status")).toHaveText(`job: <img src=x onerror="document.title='broken'">`);
  await expect(page.getByRole("button", { name: "Start" })).toBeEnabled();
});

test("tabs follow the arrow keys", async ({ page }) => {
  await page.route("**/dist/bench/results.json", (route) => route.fulfill({ json: [] }));
  await page.getByRole("tab", { name: "Trust" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Measure" })).toBeFocused();
  await expect(page.locator("#measure")).toBeVisible();
  await expect(page.locator("#trust")).toBeHidden();
  expect(new URL(page.url()).hash).toBe("#measure");
  await expect(page.locator("#measure")).toContainText("No results come with this page.");
});

test("nothing overflows at the width of a phone", async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await start(page, 1);
  await expect(page.locator("#status")).toContainText("Done");
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
});
