import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test, type Page } from "@playwright/test";
import { onePage } from "./onePage.ts";

const stub = fileURLToPath(new URL("../../dist/app/stub.js", import.meta.url));
let page: Page;
onePage(
  async (opened, url) => {
    page = opened;
    await page.goto(`${url}/#pipelines`);
    await expect(page.locator("#adapter")).toContainText("Adapter:", { timeout: 60_000 });
  },
  { "/dist/app/worker.js": stub },
);

async function start(seed: number): Promise<void> {
  await page.getByLabel("Seed").fill(String(seed));
  await page.getByRole("button", { name: "Start" }).click();
}

test("the page shows stages, scores, pictures and curves as they come, all text as text", async () => {
  await start(1);
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

test("report.html can be saved from the page", async () => {
  await start(1);
  const download = page.waitForEvent("download");
  await page.getByRole("link", { name: "report.html" }).click();
  const text = readFileSync(await (await download).path(), "utf8");
  expect(text).toContain("Content-Security-Policy");
  expect(text).not.toContain("<img src=x");
});

test("Stop ends the job, and another can start", async () => {
  await start(2);
  await expect(page.locator("#stages li").nth(1)).toContainText("to go");
  await page.getByRole("button", { name: "Stop" }).click();
  await expect(page.locator("#status")).toHaveText("Stopped. What was finished is below.");
  await start(1);
  await expect(page.locator("#status")).toContainText("Done");
});

test("a failure is told in the job's own words", async () => {
  await start(3);
  await expect(page.locator("#status")).toHaveText(`job: <img src=x onerror="document.title='broken'">`);
  await expect(page.getByRole("button", { name: "Start" })).toBeEnabled();
});

test("tabs follow the arrow keys", async () => {
  await page.route("**/dist/bench/results.json", (route) => route.fulfill({ json: [] }));
  await page.getByRole("tab", { name: "Trust" }).focus();
  await page.keyboard.press("ArrowRight");
  await expect(page.getByRole("tab", { name: "Measure" })).toBeFocused();
  await expect(page.locator("#measure")).toBeVisible();
  await expect(page.locator("#trust")).toBeHidden();
  expect(new URL(page.url()).hash).toBe("#measure");
  await expect(page.locator("#measure")).toContainText("No results come with this page.");
});

test("nothing overflows at the width of a phone", async () => {
  await page.getByRole("tab", { name: "Pipelines" }).click();
  await page.setViewportSize({ width: 360, height: 740 });
  await start(1);
  await expect(page.locator("#status")).toContainText("Done");
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
});
