import { expect, test } from "@playwright/test";
import { launchChrome } from "../../src/app/chrome.mjs";
import { serve } from "../../src/app/server.mjs";
import type { Crash } from "./crash.page.ts";

// at random moments: node test/stress/run.mjs --chrome
test("a crash of the GPU process ends whatever is under way with device-lost, and the page can open the next engine", async () => {
  const server = await serve({ extra: { "/blank.html": new URL("blank.html", import.meta.url).pathname } });
  // a browser of its own: others on this one would lose their devices
  const browser = await launchChrome();
  try {
    const control = await browser.newBrowserCDPSession();
    const page = await browser.newPage();
    // the answer never comes: the process that would give it is gone
    await page.exposeFunction("crash", () => void control.send("Browser.crashGpuProcess").catch(() => {}));
    await page.goto(`${server.url}/blank.html`);
    await page.addScriptTag({ url: "/dist/app/crash.js", type: "module" });
    await page.waitForFunction(() => "run" in globalThis);
    const { ends, next } = await page.evaluate(() => (globalThis as unknown as { run: () => Promise<Crash> }).run());
    const most = Math.max(...ends.map(({ turns }) => turns));
    test
      .info()
      .annotations.push({ type: "crash", description: `the last of ${ends.length} calls after ${most} turns` });
    expect(ends.map(({ call, code }) => `${call}: ${code}`)).toEqual(ends.map(({ call }) => `${call}: device-lost`));
    expect(next).toBe(42);
  } finally {
    await browser.close();
    await server.close();
  }
});
