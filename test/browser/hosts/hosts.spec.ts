import { expect, test } from "@playwright/test";
import { buildPages } from "../../../src/app/build.mjs";
import { serve } from "../../../src/app/server.mjs";
import type { Outcome } from "./host.ts";

const BUDGET = 8; // milliseconds of GPU time in each frame

for (const host of ["plain", "three"])
  test(`a page (${host}) draws and errs on the device that a fit runs on: the fit goes on, the console shows the error, nothing is disposed`, async ({
    page,
  }) => {
    await buildPages([`test/browser/hosts/${host}.page.ts`]);
    const blank = { "/blank.html": new URL("../blank.html", import.meta.url).pathname };
    const server = await serve({ extra: blank });
    const console: string[] = [];
    page.on("console", (message) => console.push(message.text()));
    try {
      await page.goto(`${server.url}/blank.html`);
      await page.addScriptTag({ url: `/dist/app/${host}.js`, type: "module" });
      await page.waitForFunction(() => "run" in globalThis);
      const outcome = await page.evaluate(
        (budget) => (globalThis as unknown as { run: (ms: number) => Promise<Outcome> }).run(budget),
        BUDGET,
      );
      const { losses, frames, scoped, disposed, gaps, step, heard, prevented, buffers, selfTest, pictures } = outcome;
      const [alone, training] = gaps;
      const times = `${frames} frames, median ${alone.toFixed(1)} ms alone, ${training.toFixed(1)} ms beside steps of ${step.toFixed(1)} ms`;
      test.info().annotations.push({ type: "frames", description: times });
      expect(losses).toBeGreaterThan(2);
      expect(frames).toBeGreaterThan(10);
      expect(scoped).toBeGreaterThan(10);
      expect(pictures).toEqual([true, true]);
      // the app's own mistakes, and no others
      expect(heard.length).toBeGreaterThan(1);
      expect(heard.every((message) => message.includes("the app's"))).toBe(true);
      expect(prevented).toBe(false);
      expect(console.some((text) => text.includes("the app's"))).toBe(true);
      expect(disposed).toBe(0);
      expect(selfTest).toEqual([]);
      expect(buffers[1]).toBe(buffers[0]);
      // what the frame took before, the budget, one step that is never divided, and a software adapter's own scatter
      expect(training).toBeLessThan(2 * (alone + BUDGET + step) + 17);
    } finally {
      await server.close();
    }
  });
