import { gzipSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { expect, test, type Locator, type Page } from "@playwright/test";
import { endDevice, keepDevices, onePage } from "./onePage.ts";
import { takeViews } from "./views.ts";

let page: Page;
onePage(async (opened, url) => {
  page = opened;
  await page.addInitScript(keepDevices);
  await page.goto(url);
  await isLive();
});

/** Waits until all of the page is live. */
const isLive = (): Promise<void> => expect(page.locator("#play-status")).toContainText("Live on", { timeout: 180_000 });

/** Milliseconds from navigation to a mark of the page. */
const markOf = (name: string): Promise<number> =>
  page.evaluate((mark) => performance.getEntriesByName(mark)[0]!.startTime, name);

/** Mean brightness of a canvas and the spread of its pixels, 0 to 255. */
const inkOf = (canvas: Locator): Promise<{ mean: number; deviation: number; sum: number }> =>
  canvas.evaluate((node: HTMLCanvasElement) => {
    const { data } = node.getContext("2d")!.getImageData(0, 0, node.width, node.height);
    const values = data.filter((_, i) => i % 4 === 0);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    // tells two pictures apart
    const sum = values.reduce((a, b, i) => (a + b * ((i * 31) % 1009)) % 1e9, 0);
    return { mean, deviation, sum };
  });

/** Does something and returns how long the page took to show what it did, in milliseconds. */
async function measured(name: string, act: () => Promise<void>, wait = 150): Promise<number[]> {
  await page.evaluate((measure) => {
    const found: number[] = [];
    const observer = new PerformanceObserver((list) =>
      found.push(...list.getEntriesByName(measure).map(({ duration }) => duration)),
    );
    observer.observe({ type: "measure" });
    Object.assign(globalThis, { found });
  }, name);
  await act();
  await page.waitForTimeout(wait);
  return page.evaluate(() => (globalThis as unknown as { found: number[] }).found);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

test("digits of each model are on screen at once, drawn anew when asked", async () => {
  const names = ["vae", "mixture", "gaussian"];
  const times = await Promise.all(names.map((name) => markOf(`play samples ${name}`)));
  const shown = names.map((name, i) => `${name} ${Math.round(times[i]!)} ms`).join(", ");
  console.log(`first samples: ${shown}; all live after ${Math.round(await markOf("play ready"))} ms`);
  expect(Math.min(...times)).toBeLessThan(20_000);
  for (const name of names) {
    const canvas = page.locator(`#samples-${name}`);
    const before = await inkOf(canvas);
    // digits are a few strokes on black
    expect(before.mean).toBeGreaterThan(10);
    expect(before.mean).toBeLessThan(90);
    expect(before.deviation).toBeGreaterThan(40);
    await page.getByRole("button", { name: "Draw others" }).click();
    await expect.poll(async () => (await inkOf(canvas)).sum).not.toBe(before.sum);
  }
});

test("a drag over the plane decodes what is under it, and the address keeps the place", async () => {
  const plane = page.locator("#plane");
  await plane.scrollIntoViewIfNeeded();
  const box = (await plane.boundingBox())!;
  const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
  const before = await inkOf(page.locator("#decoded"));
  const times = await measured("play point", async () => {
    await page.mouse.move(...at(0.5, 0.5));
    await page.mouse.down();
    for (let i = 1; i <= 20; i++) {
      await page.mouse.move(...at(0.5 - i / 60, 0.5 - i / 80));
      await page.waitForTimeout(30);
    }
    await page.mouse.up();
  });
  console.log(
    `drag: median ${median(times).toFixed(1)} ms of ${times.length}, most ${Math.max(...times).toFixed(1)} ms`,
  );
  expect(times.length).toBeGreaterThan(5);
  expect(median(times)).toBeLessThan(1000);
  expect((await inkOf(page.locator("#decoded"))).sum).not.toBe(before.sum);
  await expect.poll(() => page.url()).toContain("#play?plane=classes&z=");
});

test("sliders move one number of the code, and the plane follows", async () => {
  const first = page.getByRole("slider", { name: "Latent 0", exact: true });
  const digits = await inkOf(page.locator("#plane-digits"));
  await first.fill("2.5");
  await expect(page.locator("#latents output").first()).toHaveText("2.50");
  await expect.poll(async () => (await inkOf(page.locator("#plane-digits"))).sum).not.toBe(digits.sum);
  await page.locator("#plane-choice").selectOption("0,1");
  await expect.poll(() => page.url()).toContain("plane=0,1&z=2.5,");
  await page.getByRole("button", { name: "To the middle" }).click();
  await expect(page.locator("#latents output").first()).toHaveText("0.00");
});

test("the arrow keys move the point", async () => {
  await page.locator("#plane-choice").selectOption("0,1");
  await page.getByRole("button", { name: "To the middle" }).click();
  await page.locator("#plane").focus();
  await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("ArrowUp");
  const numbers = page.locator("#latents output");
  await expect(numbers.nth(0)).toHaveText("0.50");
  await expect(numbers.nth(1)).toHaveText("0.05");
  await page.getByRole("button", { name: "Start a way here" }).click();
  const arc = page.locator("#walk-spherical");
  const before = await inkOf(arc);
  await page.locator("#plane").focus();
  await page.keyboard.press("Shift+ArrowDown");
  await page.getByRole("button", { name: "End it here" }).click();
  await expect.poll(async () => (await inkOf(arc)).sum).not.toBe(before.sum);
});

test("a drawn one is read as a one, scored by each model, and its code can be walked from", async () => {
  const pad = page.locator("#pad");
  await pad.scrollIntoViewIfNeeded();
  const box = (await pad.boundingBox())!;
  const times = await measured(
    "play drawing",
    async () => {
      await page.mouse.move(box.x + 0.55 * box.width, box.y + 0.15 * box.height);
      await page.mouse.down();
      for (let i = 1; i <= 10; i++)
        await page.mouse.move(box.x + (0.55 - 0.01 * i) * box.width, box.y + (0.15 + 0.07 * i) * box.height);
      await page.mouse.up();
    },
    1000,
  );
  console.log(`drawing: median ${median(times).toFixed(1)} ms of ${times.length}`);
  await expect(page.locator("#drawn-classes")).toHaveText("Nearest test digits: 1 1 1 1 1 1");
  const nats: number[] = [];
  for (const name of ["vae", "mixture", "gaussian"]) {
    await expect(page.locator(`#density-${name}`)).toHaveText(/^(≥ )?−?\d+ nats$/);
    nats.push(Number((await page.locator(`#density-${name}`).textContent())!.replace("−", "-").replace(/[^\d-]/g, "")));
    await expect(page.locator(`#density-${name}-bits`)).toContainText("bits a pixel");
  }
  console.log(`log p of the drawing in nats: ${nats.join(", ")}`);
  expect((await inkOf(page.locator("#drawn-reconstruction"))).deviation).toBeGreaterThan(30);
  await page.getByRole("button", { name: "Go to its code" }).click();
  await expect(page.locator("#plane")).toBeFocused();
  await expect(page.locator("#latents output").first()).not.toHaveText("0.00");
  await page.getByRole("button", { name: "Clear" }).click();
  await expect(page.locator("#density-vae")).toHaveText("–");
});

test("what the brush hides is filled by each model", async () => {
  const fills = ["vae", "mixture", "gaussian"].map((name) => page.locator(`#hide-${name}`));
  await page.getByRole("button", { name: "Hide nothing" }).click();
  const whole: number[] = [];
  // nothing is hidden: each shows the digit as it is
  await expect
    .poll(async () => new Set(await Promise.all(fills.map(async (fill) => (await inkOf(fill)).sum))).size)
    .toBe(1);
  for (const fill of fills) whole.push((await inkOf(fill)).sum);
  const canvas = page.locator("#hide");
  await canvas.scrollIntoViewIfNeeded();
  const box = (await canvas.boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.3);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.7, { steps: 8 });
  await page.mouse.up();
  for (const [i, fill] of fills.entries()) await expect.poll(async () => (await inkOf(fill)).sum).not.toBe(whole[i]);
});

test("it fits a phone, and a person sees it at 1280 × 800, 390 × 844 and in the dark", () =>
  takeViews(page, "play", () => page.waitForTimeout(300)));

test("the page says that the device was lost, and goes on with a new one where it was", async () => {
  const first = page.getByRole("slider", { name: "Latent 0", exact: true });
  await first.fill("1");
  await endDevice(page);
  await expect(page.locator("#play-status")).toContainText("The GPU device was lost");
  await page.getByRole("button", { name: "Open again" }).click();
  await isLive();
  await expect(page.locator("#latents output").first()).toHaveText("1.00");
});

test("the address brings the place back", async () => {
  await page.locator("#plane-choice").selectOption("principal");
  await expect.poll(() => page.url()).toContain("plane=principal&z=1,");
  const before = await inkOf(page.locator("#decoded"));
  await page.reload();
  await isLive();
  await expect(page.locator("#plane-choice")).toHaveValue("principal");
  // the address has two digits after the point
  expect(Math.abs((await inkOf(page.locator("#decoded"))).mean - before.mean)).toBeLessThan(1);
});

test("what the page loads at first is 250 kB gzipped at most, models apart", async () => {
  const scripts = await page.evaluate(() =>
    performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname).filter((path) => path.endsWith(".js")),
  ); // prettier-ignore
  expect(scripts).toContain("/dist/app/main.js");
  const bytes = ["/index.html", ...scripts].map((path) => gzipSync(readFileSync(`.${path}`), { level: 9 }).length);
  const total = bytes.reduce((a, b) => a + b);
  console.log(`page: ${total} bytes gzipped in ${bytes.length} files`);
  expect(total).toBeLessThanOrEqual(250_000);
});
