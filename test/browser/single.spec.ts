import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@playwright/test";
import { serve } from "../../src/app/server.mjs";
import { buildSingle, single } from "../../src/app/package.mjs";

const page = `<!doctype html><title>single</title><script type="module" src="/page.js"></script>`;
const script = `import { grad, openGpu, sum, version } from "/latentgpu.min.js";
const gpu = await openGpu();
const w = gpu.state([1, 2, 3]);
const [d] = grad(sum(w.pow(2)), [w]);
const { failures } = await gpu.selfTest();
document.title = JSON.stringify({ version, numbers: [...(await d.read())], failures });
`;

test("the one file runs under a policy that allows scripts of its own origin alone", async ({ page: tab }) => {
  const place = mkdtempSync(join(tmpdir(), "latentgpu-single-"));
  const server = await serve();
  try {
    await buildSingle(place);
    const headers = { "content-security-policy": "default-src 'none'; script-src 'self'" };
    const js = "text/javascript";
    const texts = {
      "/single.html": [page, "text/html"],
      "/page.js": [script, js],
      [`/${single}`]: [readFileSync(join(place, single), "utf8"), js],
    };
    for (const [address, [body, contentType]] of Object.entries(texts))
      await tab.route(`${server.url}${address}`, (route) =>
        route.fulfill({ body: body!, contentType: contentType!, headers }),
      );
    const violations: string[] = [];
    tab.on("console", (message) => {
      if (message.type() === "error") violations.push(message.text());
    });
    await tab.goto(`${server.url}/single.html`);
    await expect.poll(() => tab.title(), { timeout: 120_000 }).toContain("numbers");
    expect(JSON.parse(await tab.title())).toMatchObject({ numbers: [2, 4, 6], failures: [] });
    expect(violations.filter((text) => /Content Security Policy/.test(text))).toEqual([]);
  } finally {
    await server.close();
    rmSync(place, { recursive: true, force: true });
  }
});
