import { expect, test } from "@playwright/test";
import { serve } from "../../src/app/server.mjs";

test("Chrome gives a WebGPU adapter and a device", async ({ page }) => {
  const blank = { "/blank.html": new URL("blank.html", import.meta.url).pathname };
  const server = await serve({ extra: blank });
  try {
    await page.goto(`${server.url}/blank.html`);
    const found = await page.evaluate(async () => {
      const adapter = await navigator.gpu?.requestAdapter();
      const device = await adapter?.requestDevice();
      device?.destroy();
      return { device: device !== undefined, isolated: crossOriginIsolated };
    });
    expect(found).toEqual({ device: true, isolated: true });
  } finally {
    await server.close();
  }
});
