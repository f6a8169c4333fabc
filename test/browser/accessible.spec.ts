import { expect, type Page, test } from "@playwright/test";
import axe from "axe-core";
import { copyReports } from "../../bench/build.mjs";
import { serve } from "../../src/app/server.mjs";

let server: { url: string; close: () => Promise<unknown> };

test.beforeAll(async () => {
  await copyReports("dist/bench");
  server = await serve();
});
test.afterAll(() => server.close());

/** What axe-core finds wrong with what is seen of the page: rules with the places that break them. */
async function findings(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ["violations"] }),
  );
  return violations.map(
    ({ id, impact, help, nodes }) =>
      `${id} (${impact}): ${help}; ${nodes.map(({ target, failureSummary }) => `${String(target)} ${failureSummary ?? ""}`).join(" | ")}`,
  );
}

test("axe finds nothing wrong with any tab, wide and light, narrow and dark", async ({ page }) => {
  test.setTimeout(240_000);
  await page.goto(server.url);
  // the page's policy lets no script in, but for what is evaluated from outside
  await page.evaluate(axe.source);
  const tabs = page.getByRole("tab");
  const found: string[] = [];
  for (const tab of await tabs.all()) {
    await tab.click();
    const panel = page.locator(`#${await tab.getAttribute("aria-controls")}`);
    // a panel that loads when it is first seen
    await expect(panel.locator("button:visible, input:visible, select:visible").first()).toBeVisible({
      timeout: 60_000,
    });
    for (const { width, colorScheme } of [
      { width: 1280, colorScheme: "light" },
      { width: 390, colorScheme: "dark" },
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      const name = `${await tab.textContent()}, ${colorScheme}`.trim();
      found.push(...(await findings(page)).map((finding) => `${name}: ${finding}`));
    }
  }
  expect(found).toEqual([]);
});
