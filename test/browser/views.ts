import { expect, test, type Page } from "@playwright/test";

const VIEWS = [
  { view: "wide", width: 1280, height: 800, colorScheme: "light" },
  { view: "phone", width: 390, height: 844, colorScheme: "light" },
  { view: "dark", width: 1280, height: 800, colorScheme: "dark" },
] as const;

/** Takes a picture of a page in three views, in which nothing is wider than the page. `drawn` waits for what a new size draws anew. */
export async function takeViews(page: Page, name: string, drawn?: () => Promise<unknown>): Promise<void> {
  for (const { view, width, height, colorScheme } of VIEWS) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height });
    await drawn?.();
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), view).toBeLessThanOrEqual(0);
    await page.screenshot({ path: test.info().outputPath(`${name}-${view}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
}
