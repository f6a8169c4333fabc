import { fileURLToPath } from "node:url";
import { expect, type Page, test } from "@playwright/test";
import type { JobRequest } from "../../src/app/job/client.ts";
import type { JobEvent } from "../../src/app/job/events.ts";
import type { Report } from "../../src/app/report.ts";
import { serve } from "../../src/app/server.mjs";

/** Every stage of the job with hardly any work, and a model of either kind. */
const request: JobRequest = {
  preset: "quick",
  seed: 5,
  mnist: "/data/mnist/",
  settings: {
    trainImages: 256,
    testImages: 64,
    batch: 32,
    vaeEpochs: 1,
    components: 2,
    mixtureIterations: 2,
    samples: 64,
    reference: 128,
    paired: 32,
    grid: 4,
    models: ["mixture", "vae"],
  },
};

const demoPage = fileURLToPath(new URL("../../src/app/demo.html", import.meta.url));
let server: { url: string; close: () => Promise<unknown> };
let events: JobEvent[];

test.beforeAll(async () => {
  server = await serve({ extra: { "/demo.html": demoPage } });
});
test.afterAll(() => server.close());

/** The page of the demo; `tell` is what it calls with every event. */
async function open(page: Page, tell: (event: JobEvent) => unknown): Promise<void> {
  events = [];
  await page.exposeFunction("tell", (event: JobEvent) => {
    events.push(event);
    tell(event);
  });
  await page.goto(`${server.url}/demo.html`);
  await page.waitForFunction(() => "demo" in globalThis);
}

/** Runs the job in its own worker, as demo.mjs does. */
const demo = (page: Page) =>
  page.evaluate((asked) => {
    const { demo: run } = globalThis as unknown as {
      demo(asked: unknown): Promise<{ report: Report; html: string; table: string }>;
    };
    return run(asked);
  }, request);

test("the worker runs the whole job in Chrome: every stage, finite scores, pictures and the page of its report", async ({
  page,
}) => {
  await open(page, () => {});
  const { report, html, table } = await demo(page);
  const stages = ["data", "spectrum", "network", "mixture", "vae"];
  expect(events[0]).toMatchObject({ kind: "start", stages: stages.map((key) => ({ key })) });
  expect(events.flatMap((event) => (event.kind === "done" ? event.stage : []))).toEqual(stages);
  expect(report.data).toMatchObject({ train: 256, test: 64 });
  expect(report.browser).toContain("Chrome");
  expect(report.models.map(({ key }) => key)).toEqual(["mixture", "vae"]);
  for (const { key, logDensity, loss, scores } of report.models) {
    expect(Number.isFinite((logDensity ?? loss)!.value), key).toBe(true);
    expect(Number.isFinite(scores!.frechetDistance.value), key).toBe(true);
  }
  expect(report.pictures.length).toBeGreaterThan(report.models.length);
  for (const { png } of report.pictures) expect(png).toMatch(/^iVBORw0KGgo/);
  expect(html).toContain("Content-Security-Policy");
  expect(table).toContain("VAE 784-400-20");
});

test("the worker stops when it is asked to in the middle of a stage", async ({ page }) => {
  let asked = false;
  await open(page, (event) => {
    if (asked || event.kind !== "progress" || event.progress.stage !== "network") return;
    asked = true;
    void page.evaluate(() => (globalThis as unknown as { stop(): void }).stop());
  });
  await expect(demo(page)).rejects.toThrow(/stopped/);
  expect(events.some(({ kind }) => kind === "model")).toBe(false);
});
