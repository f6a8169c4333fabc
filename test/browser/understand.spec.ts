import { expect, test, type Locator, type Page } from "@playwright/test";
import { FACTORS } from "../../src/app/page/understand/address.ts";
import { countDevices, endDevice, keepDevices, onePage } from "./onePage.ts";
import { takeViews } from "./views.ts";

let page: Page;
onePage(async (opened, url) => {
  page = opened;
  await page.addInitScript(keepDevices);
  await page.goto(`${url}/#pipelines`);
  await page.getByRole("tab", { name: "Understand" }).click();
  await isLive();
});

const status = (): Locator => page.locator("#understand-status");
const isLive = (): Promise<void> => expect(status()).toContainText("Every picture can be moved", { timeout: 180_000 });
const handle = (name: string | RegExp): Locator => page.locator("#understand").getByRole("slider", { name });
const button = (name: string, chapter: string): Locator => page.locator(`#understand-${chapter}`).getByRole("button", { name }); // prettier-ignore

/** The number of this name on the page, in full. */
const numberOf = async (name: string): Promise<number> =>
  Number(await page.locator(`#understand data.${name}`).getAttribute("value"));

/** Waits until the number of this name is another than `before`; returns it. */
async function changed(name: string, before: number): Promise<number> {
  await expect.poll(() => numberOf(name)).not.toBe(before);
  return numberOf(name);
}

/** Focuses a handle and presses keys. */
async function press(name: string | RegExp, ...keys: string[]): Promise<void> {
  await handle(name).focus();
  for (const key of keys) await page.keyboard.press(key);
}

/** Drags a handle by so many pixels of the screen. */
async function drag(name: string | RegExp, right: number, down: number): Promise<void> {
  await handle(name).scrollIntoViewIfNeeded();
  const box = (await handle(name).boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + right, y + down, { steps: 5 });
  await page.mouse.up();
}

/** A number that tells two pictures on a canvas apart. */
const inkOf = (canvas: Locator): Promise<number> =>
  canvas.evaluate((node: HTMLCanvasElement) => {
    const { data } = node.getContext("2d")!.getImageData(0, 0, node.width, node.height);
    return data.reduce((a, b, i) => (a + b * ((i * 31) % 1009)) % 1e9, 0);
  });

test("five chapters have a heading, a paragraph, a formula that the browser sets, and a picture with handles", async () => {
  const chapters = page.locator("#understand .chapter");
  await expect(chapters).toHaveCount(5);
  await expect(chapters.getByRole("heading")).toHaveText(["An image is a point", "One Gaussian", "A mixture", "An auto-encoder and a VAE", "Scores"]); // prettier-ignore
  for (const chapter of await chapters.all()) {
    await expect(chapter.locator(".text > p")).toHaveCount(2);
    const formula = chapter.locator("math");
    expect(await formula.evaluate((node) => node.namespaceURI)).toContain("MathML");
    // a fraction or an index set as text would be a line of normal height
    expect((await formula.boundingBox())!.height).toBeGreaterThan(20);
    expect(await chapter.getByRole("slider").count()).toBeGreaterThan(0);
    for (const one of await chapter.getByRole("slider").all()) expect(await one.getAttribute("aria-valuetext")).toBeTruthy(); // prettier-ignore
  }
});

test("two pixels are chosen on a digit, by keys and by pointer", async () => {
  const before = await numberOf("correlation");
  await press("Pixel A", "ArrowRight", "ArrowUp");
  const after = await changed("correlation", before);
  await expect(handle("Pixel A")).toHaveAttribute("aria-valuetext", /^row 12, column 16: correlation/);
  await drag("Pixel B", 0, 40);
  await changed("correlation", after);
  await expect(page.locator("#understand-pixels")).toContainText(/B is bright in \d+ % of the \d+ digits where A is/);
  const ring = page.locator("#understand-point circle.ring");
  const place = await ring.getAttribute("cy");
  const canvas = page.locator("#understand-point canvas");
  const ink = await inkOf(canvas);
  await button("Another digit", "point").click();
  await expect.poll(() => inkOf(canvas)).not.toBe(ink);
  for (let more = 0; more < 8 && (await ring.getAttribute("cy")) === place; more++) await button("Another digit", "point").click(); // prettier-ignore
  expect(await ring.getAttribute("cy")).not.toBe(place);
  // the corner is black in all digits
  await press("Pixel A", "Shift+ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowUp", "Shift+ArrowUp");
  await expect(page.locator("#understand-pixels")).toContainText("A and B have no correlation");
  await press("Pixel A", "Shift+ArrowRight", "Shift+ArrowDown");
});

test("more directions of the covariance explain more of the variance, and samples follow the cut", async () => {
  const name = "Directions that are drawn with";
  const canvas = page.locator("#understand-gaussian .stage canvas");
  const first = await numberOf("explained");
  await press(name, "ArrowRight");
  const one = await changed("explained", first);
  expect(one).toBeGreaterThan(first);
  await drag(name, -120, 0);
  expect(await changed("explained", one)).toBeLessThan(first);
  const inks: number[] = [];
  for (const [key, directions] of [
    ["Home", "1"],
    ["End", "784"],
  ] as const) {
    await press(name, key);
    await expect(canvas).toHaveAttribute("data-directions", directions);
    inks.push(await inkOf(canvas));
  }
  expect(inks[0]).not.toBe(inks[1]);
  await expect(page.locator("#understand-spectrum")).toContainText("100.0 % of the variance");
  await press(name, "Home", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight");
  await expect(page.locator("#understand-spectrum")).toContainText("the first 31 directions of 784");
});

test("each step of EM raises the log-likelihood, by button and by key, and a moved mean begins anew", async () => {
  const mean = /^Mean of component 1/;
  let last = await numberOf("log-likelihood");
  for (let step = 1; step <= 4; step++) {
    if (step % 2) await button("One EM step", "mixture").click();
    else await press(mean, "Enter");
    const next = await changed("log-likelihood", last);
    expect(next, `step ${step}`).toBeGreaterThan(last);
    expect(await numberOf("steps")).toBe(step);
    last = next;
  }
  await expect(page.locator("#understand-em")).toContainText(/nats a point, \d\.\d{4} above the step before\.$/);
  await drag(mean, 60, 30);
  await expect.poll(() => numberOf("steps")).toBe(0);
  const dragged = await changed("log-likelihood", last);
  await press(mean, "ArrowLeft", "ArrowUp");
  const pressed = await changed("log-likelihood", dragged);
  await expect(handle(mean)).toHaveAttribute("aria-valuetext", /^at −?\d\.\d\d, −?\d\.\d\d; weight 0\.33$/);
  await button("One EM step", "mixture").click();
  expect(await changed("log-likelihood", pressed)).toBeGreaterThan(pressed);
});

test("the dial trades reconstruction against a KL in closed form", async () => {
  const name = "Noise of the code";
  const canvas = page.locator("#understand-dial canvas");
  const at = new Map<number, { kl: number; reconstruction: number }>();
  await press(name, "Home");
  for (let place = 0; place < FACTORS.length; place += 4) {
    const [kl, reconstruction, total] = [await numberOf("kl"), await numberOf("reconstruction"), await numberOf("total")]; // prettier-ignore
    at.set(FACTORS[place]!, { kl, reconstruction });
    expect(total).toBeCloseTo(reconstruction + kl, 8);
    await press(name, "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight");
  }
  // KL(t) − KL(1) = ½ Σ s² (t² − 1) − d ln t, whose sum is that of t = 2
  const kl = (t: number): number => at.get(t)!.kl;
  const squares = (kl(2) - kl(1) + 10 * Math.log(2)) / 3;
  for (const t of [1 / 8, 1 / 2, 4, 8]) {
    const closed = kl(1) + squares * (t * t - 1) - 10 * Math.log(t);
    expect(Math.abs(kl(t) / closed - 1), `t = ${t}`).toBeLessThan(1e-5);
  }
  expect(at.get(8)!.reconstruction).toBeGreaterThan(at.get(1)!.reconstruction);
  expect(at.get(1)!.reconstruction).toBeGreaterThan(at.get(1 / 8)!.reconstruction);
  const ink = await inkOf(canvas);
  const before = await numberOf("kl");
  await drag(name, -150, 0);
  await changed("kl", before);
  expect(await inkOf(canvas)).not.toBe(ink);
  const best = await numberOf("best");
  await handle("Weight β before KL").focus();
  await page.keyboard.press("End");
  await expect(page.locator("#understand-terms")).toContainText("sum with 16 · KL =");
  expect(await numberOf("best")).toBeGreaterThan(best);
  expect(await numberOf("total")).toBeCloseTo((await numberOf("reconstruction")) + 16 * (await numberOf("kl")), 8);
  const last = await numberOf("reconstruction");
  await button("Another digit", "dial").click();
  await changed("reconstruction", last);
});

test("equal means and deviations are at distance 0, also of two humps; few draws say more", async () => {
  const before = await numberOf("distance");
  await press("Mean of the second law", "Shift+ArrowRight");
  const moved = await changed("distance", before);
  await drag("Deviation of the second law", 60, 0);
  await changed("distance", moved);
  await button("Same mean and deviation", "scores").click();
  expect(await numberOf("distance")).toBe(0);
  expect(await numberOf("overlap")).toBeCloseTo(1, 6);
  await page.getByLabel("Two humps instead of one").check();
  expect(await numberOf("distance")).toBe(0);
  expect(await numberOf("overlap")).toBeLessThan(0.75);
  await handle("Draws of each").focus();
  await page.keyboard.press("Home");
  await expect(page.locator("#understand-estimate")).toContainText("From 5 draws of each");
  const few = await numberOf("estimate");
  await page.keyboard.press("End");
  await expect(page.locator("#understand-estimate")).toContainText("From 1000 draws of each");
  expect(few).toBeGreaterThan(await numberOf("estimate"));
});

test("it fits a phone, and a person sees it at 1280 × 800, 390 × 844 and in the dark", () =>
  takeViews(page, "understand", () => page.waitForTimeout(300)));

test("the address brings every picture back", async () => {
  const names = ["correlation", "explained", "log-likelihood", "steps", "kl", "total", "distance"];
  await expect.poll(() => page.url()).toContain("humps=1&draws=7");
  const before = await Promise.all(names.map(numberOf));
  await page.reload();
  await isLive();
  await expect(page.locator("#understand-terms data.kl")).toHaveCount(1);
  for (const [i, name] of names.entries()) {
    // means keep two digits after the point
    expect(Math.abs((await numberOf(name)) - before[i]!), name).toBeLessThan(1e-4 * Math.max(1, Math.abs(before[i]!)));
  }
  await expect(page.getByLabel("Two humps instead of one")).toBeChecked();
});

test("Play takes the engine that is open, and a lost device is opened again", async () => {
  expect(await countDevices(page)).toBe(1);
  await page.getByRole("tab", { name: "Play" }).click();
  await expect(page.locator("#play-status")).toContainText("Live on", { timeout: 180_000 });
  expect(await countDevices(page)).toBe(1);
  await page.getByRole("tab", { name: "Understand" }).click();
  await endDevice(page);
  await expect(status()).toContainText("The GPU device was lost");
  await page.locator("#understand .status").getByRole("button", { name: "Open again" }).click();
  await isLive();
  expect(await countDevices(page)).toBe(2);
  const before = await numberOf("log-likelihood");
  await button("One EM step", "mixture").click();
  expect(await changed("log-likelihood", before)).toBeGreaterThan(before);
});
