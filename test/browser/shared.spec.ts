import { expect, test } from "@playwright/test";
import { buildPages } from "../../src/app/build.mjs";
import { serve } from "../../src/app/server.mjs";

test("a page draws and errs on the device that a fit runs on: the fit goes on, the console shows the error, nothing is disposed", async ({
  page,
}) => {
  await buildPages(["test/browser/shared.page.ts"]);
  const blank = { "/blank.html": new URL("blank.html", import.meta.url).pathname };
  const server = await serve({ extra: blank });
  const console: string[] = [];
  page.on("console", (message) => console.push(message.text()));
  try {
    await page.goto(`${server.url}/blank.html`);
    await page.addScriptTag({ url: "/dist/app/shared.js", type: "module" });
    await page.waitForFunction(() => "run" in globalThis);
    const outcome = await page.evaluate(
      (budget) => (globalThis as unknown as { run: (ms: number) => Promise<Record<string, unknown>> }).run(budget),
      8,
    );
    const { losses, frames, scoped, disposed, gaps, heard, prevented, buffers, selfTest } = outcome as {
      losses: number;
      frames: number;
      scoped: number;
      disposed: number;
      gaps: number[];
      heard: string[];
      prevented: boolean;
      buffers: number[];
      selfTest: string[];
    };
    expect(losses).toBeGreaterThan(2);
    expect(frames).toBeGreaterThan(10);
    expect(scoped).toBeGreaterThan(10);
    // the app's own mistakes, and no others
    expect(heard.length).toBeGreaterThan(1);
    expect(heard.every((message) => message.includes("the app's"))).toBe(true);
    expect(prevented).toBe(false);
    expect(console.some((text) => text.includes("the app's"))).toBe(true);
    expect(disposed).toBe(0);
    expect(selfTest).toEqual([]);
    expect(buffers[1]).toBe(buffers[0]);
    const median = gaps[Math.floor(gaps.length / 2)]!;
    test.info().annotations.push({ type: "frames", description: `${frames} frames, median ${median.toFixed(1)} ms` });
    // 16.7 ms of the display, the budget, and what a software renderer takes of the same cores
    expect(median).toBeLessThan(100);
  } finally {
    await server.close();
  }
});
