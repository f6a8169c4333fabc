import { readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { serve } from "../../src/app/server.mjs";
import { problemsOf } from "./problems.ts";
import { takeViews } from "./views.ts";
import type { DeviceInfo, SelfTest } from "../../src/index.ts";

let server: { url: string; close: () => Promise<unknown> };

test.beforeAll(async () => {
  server = await serve();
});
test.afterAll(() => server.close());

test("each kernel's error stands beside its bound, as dots and as numbers, and the adapter is told plainly", async ({
  page,
}) => {
  const problems = problemsOf(page);
  await page.goto(`${server.url}/#trust`);
  await expect(page.locator("#trust-status")).toHaveText(/^All \d+ checks passed on/, { timeout: 180_000 });
  console.log(await page.locator("#trust-status").textContent());
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByText("trust.json").click()]);
  const { adapter, checks, failures, results } = JSON.parse(readFileSync(await download.path(), "utf8")) as SelfTest & {
    adapter: DeviceInfo;
  };
  expect(failures).toEqual([]);
  expect(results).toHaveLength(checks);
  for (const { name, error, bound } of results) {
    expect(error, name).toBeLessThanOrEqual(bound);
    await expect(page.getByRole("rowheader", { name, exact: true })).toBeVisible();
  }
  await expect(page.locator(".errors circle.within")).toHaveCount(checks);
  await expect(page.locator(".errors .bound")).toHaveCount(checks);
  await expect(page.getByRole("img", { name: `Errors of ${checks} checks beside their bounds. All lie within.` })).toBeVisible(); // prettier-ignore

  const kind = adapter.software ? "software: the CPU plays the GPU" : "a hardware GPU";
  await expect(page.locator("#trust-adapter")).toContainText(kind);
  for (const feature of adapter.features) await expect(page.locator("#trust-adapter")).toContainText(feature);
  await page.getByText(/^Its \d+ limits$/).click();
  await expect(page.locator("#trust .limits li")).toHaveCount(Object.keys(adapter.limits).length);

  await page.getByRole("button", { name: "Check again" }).click();
  await expect(page.locator("#trust-status")).toHaveText(/^Checking/);
  await expect(page.locator("#trust-status")).toHaveText(/^All \d+ checks passed on/, { timeout: 180_000 });

  await takeViews(page, "trust");
  expect(problems).toEqual([]);
});
