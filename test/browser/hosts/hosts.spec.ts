import { expect, test } from "@playwright/test";
import { buildPages } from "../../../src/app/build.mjs";
import { launchChrome } from "../../../src/app/chrome.mjs";
import { serve } from "../../../src/app/server.mjs";
import type { Outcome } from "./outcome.ts";

const BUDGET = 8; // milliseconds of GPU time in each frame

for (const host of ["plain", "three", "babylon", "playcanvas", "luma", "typegpu"])
  test(`a page (${host}) draws samples where they lie, beside a training on its device; the engine ends without it, and its loss is told`, async () => {
    await buildPages([`test/browser/hosts/${host}.page.ts`]);
    const server = await serve({ extra: { "/blank.html": new URL("../blank.html", import.meta.url).pathname } });
    // a browser of its own: others on this one would lose their devices
    const browser = await launchChrome({ presents: true });
    const console: string[] = [];
    try {
      const control = await browser.newBrowserCDPSession();
      const page = await browser.newPage();
      page.on("console", (message) => console.push(message.text()));
      page.on("pageerror", (error) => console.push(error.message));
      // the answer never comes: the process that would give it is gone
      await page.exposeFunction("crash", () => void control.send("Browser.crashGpuProcess").catch(() => {}));
      await page.goto(`${server.url}/blank.html`);
      await page.addScriptTag({ url: `/dist/app/${host}.js`, type: "module" });
      await page.waitForFunction(() => "run" in globalThis);
      const outcome = await page.evaluate(
        (budget) => (globalThis as unknown as { run: (ms: number) => Promise<Outcome> }).run(budget),
        BUDGET,
      );
      const { losses, frames, gaps, step, heard, prevented, buffers } = outcome;
      const [alone, training] = gaps;
      const times = `${frames} frames, median ${alone.toFixed(1)} ms alone, ${training.toFixed(1)} ms beside steps of ${step.toFixed(1)} ms`;
      test.info().annotations.push({ type: "frames", description: times });
      process.stdout.write(`${host}: ${times}\n`);
      expect(outcome.read).toBe(0);
      expect(outcome.wrong).toEqual({ before: 0, trained: 0, hidden: 0, disposed: 0 });
      expect(losses).toBeGreaterThan(2);
      expect(frames).toBeGreaterThan(10);
      // the app's own mistakes, and no others; the engine hides none
      expect(heard.length).toBeGreaterThan(1);
      expect(heard.filter((message) => !message.includes("the app's"))).toEqual([]);
      expect(prevented[1]).toBe(prevented[0]);
      expect(console.some((text) => text.includes("the app's"))).toBe(true);
      expect(outcome.disposed).toBe(0);
      expect(buffers[1]).toBe(buffers[0]);
      expect(outcome.destroyed).toBe(0);
      expect(outcome.code).toBe("device-lost");
      // what the frame took before, the budget, one step that is never divided, and a software adapter's own scatter
      expect(training).toBeLessThan(2 * (alone + BUDGET + step) + 17);
    } catch (error) {
      process.stdout.write(`${console.slice(0, 20).join("\n")}\n`);
      throw error;
    } finally {
      await browser.close();
      await server.close();
    }
  });
