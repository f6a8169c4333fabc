// A person's way through the tabs that are worked with, by Tab, arrows, Space and Enter alone: everything is reached, seen while it has the focus, and left again.
import { expect, test, type Locator, type Page } from "@playwright/test";
import { copyReports } from "../../bench/build.mjs";
import { launchOptions } from "../../src/app/chrome.mjs";
import { writeNpy } from "../../src/formats.ts";
import { onePage } from "./onePage.ts";

test.use({ launchOptions: launchOptions({ presents: true }) });
let page: Page;
onePage(async (opened, url) => {
  page = opened;
  await copyReports("dist/bench");
  // choosers are intercepted from the first listener on, which a key is too quick for
  page.on("filechooser", () => {});
  await page.goto(url);
});

const press = async (...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};

/** What has the focus: whether it is marked and in view, and where it is among all that can have it. */
interface Stop {
  readonly name: string;
  readonly panel: string | undefined;
  readonly isMarked: boolean;
  readonly isInView: boolean;
}
const stop = (): Promise<Stop> =>
  page.evaluate(() => {
    const node = document.activeElement as HTMLElement;
    const { outlineStyle, outlineWidth, opacity } = getComputedStyle(node);
    const { top, bottom, width, height } = node.getBoundingClientRect();
    return {
      name: node.id || node.getAttribute("aria-label") || `${node.localName} ${node.textContent.trim().slice(0, 30)}`,
      panel: node.closest("[role=tabpanel]")?.id,
      isMarked: outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2 && opacity !== "0",
      isInView: width > 0 && height > 0 && bottom > 0 && top < innerHeight,
    };
  });

/** Presses Tab until `target` has the focus. */
async function tabTo(target: Locator): Promise<void> {
  for (let k = 0; k < 120; k++) {
    if (await target.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not reach ${String(target)}`);
}

/** From wherever the focus is: to the tabs, and along them to `name`. */
async function openTab(name: string): Promise<void> {
  const chosen = page.locator("[role=tab][aria-selected=true]");
  await chosen.evaluate(() => (document.activeElement as HTMLElement).blur());
  await tabTo(chosen);
  await press("Home");
  for (let k = 0; k < 7 && (await chosen.textContent())!.trim() !== name; k++) await press("ArrowRight");
  await expect(chosen).toHaveText(name);
  await expect(chosen).toBeFocused();
}

/** Walks by Tab from the chosen tab through its panel and out of it, and one step back in: what is reached, in order. */
async function walk(): Promise<string[]> {
  const panel = (await page.locator("[role=tab][aria-selected=true]").getAttribute("aria-controls"))!;
  // what can have the focus and is seen; of radios with one name the chosen one alone
  const expected = await page.locator(`#${panel}`).evaluate((node) => {
    const all = [...node.querySelectorAll<HTMLElement>("a[href], button, input, select, summary, textarea, [tabindex]")];
    return all.filter((each) => each.checkVisibility({ visibilityProperty: true }) && each.tabIndex === 0 && !each.matches(":disabled")).length;
  }); // prettier-ignore
  const reached: Stop[] = [];
  for (let k = 0; k < expected + 20; k++) {
    await page.keyboard.press("Tab");
    const now = await stop();
    if (now.panel !== panel) break;
    reached.push(now);
  }
  expect(reached.filter(({ isMarked }) => !isMarked).map(({ name }) => name), "without a mark").toEqual([]); // prettier-ignore
  expect(reached.filter(({ isInView }) => !isInView).map(({ name }) => name), "out of view").toEqual([]); // prettier-ignore
  // the panel itself comes first
  expect(reached[0]!.name).toBe(panel);
  expect(reached.length - 1).toBe(expected);
  // behind a page's last control the browser may take a step for itself
  for (let k = 0; k < 2 && (await stop()).name !== reached.at(-1)!.name; k++) await page.keyboard.press("Shift+Tab");
  expect((await stop()).name).toBe(reached.at(-1)!.name);
  expect(await page.locator("[tabindex]").evaluateAll((nodes) => nodes.filter((node) => (node as HTMLElement).tabIndex > 0).length)).toBe(0); // prettier-ignore
  return reached.map(({ name }) => name);
}

const text = (selector: string): Promise<string | null> => page.locator(selector).textContent();
/** A number that tells two pictures on a canvas apart. */
const ink = (selector: string): Promise<number> =>
  page.locator(selector).evaluate((node: HTMLCanvasElement) => {
    const { data } = node.getContext("2d")!.getImageData(0, 0, node.width, node.height);
    return data.reduce((a, b, i) => (a + b * ((i * 31) % 1009)) % 1e9, 0);
  });

test("Play: digits are drawn anew, the point is moved, a one is drawn with the keys' pen, and a part is hidden", async () => {
  await expect(page.locator("#play-status")).toContainText("Live on", { timeout: 180_000 });
  await openTab("Play");
  await walk();
  await openTab("Play");
  const samples = await ink("#samples-vae");
  await tabTo(page.locator("#samples-again"));
  await press("Enter");
  await expect.poll(() => ink("#samples-vae")).not.toBe(samples);

  const decoded = await ink("#decoded");
  await tabTo(page.locator("#plane"));
  await press("Shift+ArrowRight", "ArrowUp");
  await expect.poll(() => ink("#decoded")).not.toBe(decoded);
  const latent = page.getByRole("slider", { name: "Latent 0", exact: true });
  await tabTo(latent);
  const before = await text("#latents output >> nth=0");
  await press("ArrowRight", "ArrowRight");
  await expect(page.locator("#latents output").first()).not.toHaveText(before!);

  await tabTo(page.locator("#walk-from"));
  await press("Enter");
  await tabTo(page.locator("#pad"));
  // the example goes at the first stroke: a line of 16 pixels down
  await press("Space", ...Array<string>(4).fill("Shift+ArrowDown"), "Space");
  await expect(page.locator("#drawn-classes")).toHaveText("Nearest test digits: 1 1 1 1 1 1");
  await page.screenshot({ path: test.info().outputPath("pen.png") });
  await tabTo(page.locator("#draw-code"));
  await press("Enter");
  await expect(page.locator("#plane")).toBeFocused();

  const filled = await ink("#hide-mixture");
  await tabTo(page.locator("#hide"));
  await press("Space", "Shift+ArrowDown", "Shift+ArrowLeft", "Space");
  await expect.poll(() => ink("#hide-mixture")).not.toBe(filled);
});

test("Understand: every picture is moved", async () => {
  await openTab("Understand");
  await expect(page.locator("#understand-status")).toContainText("Every picture can be moved", { timeout: 180_000 });
  const names = await walk();
  expect(names.length).toBeGreaterThan(15);
  await openTab("Understand");
  for (const slider of await page.locator("#understand").getByRole("slider").all()) {
    await tabTo(slider);
    const words = await slider.getAttribute("aria-valuetext");
    await press("ArrowRight");
    const moved = async (): Promise<boolean> => (await slider.getAttribute("aria-valuetext")) !== words;
    if (!(await moved())) await press("ArrowLeft");
    await expect.poll(moved, (await slider.getAttribute("aria-label")) ?? "").toBe(true);
  }
});

test("Train: a model is chosen, started, paused, stepped and stopped", async () => {
  await openTab("Train");
  await expect(page.locator("#train-status")).toHaveText("Choose what to train, and start.");
  await walk();
  await openTab("Train");
  await tabTo(page.locator("#train-model"));
  await page.keyboard.type("BetaVAE");
  await expect(page.locator("#train-model")).toHaveValue("BetaVAE");
  await tabTo(page.locator("#train-start"));
  await press("Enter");
  await expect(page.locator("#train-status")).toHaveText("Training.", { timeout: 120_000 });
  await tabTo(page.locator("#train-pause"));
  await press("Enter");
  await expect(page.locator("#train-status")).toContainText("Paused after step");
  await expect(page.locator("#train-pause")).toBeFocused();
  const paused = Number(/\d+/.exec((await text("#train-status"))!.replaceAll(",", ""))![0]);
  await tabTo(page.locator("#train-step"));
  await press("Enter");
  await expect(page.locator("#train-status")).toHaveText(`Paused after step ${(paused + 1).toLocaleString("en")}.`);
  await expect(page.locator("#train-step")).toBeFocused();
  await tabTo(page.locator("#train-stop"));
  await press("Enter");
  await expect(page.locator("#train-status")).toContainText("Stopped after step");
});

test("Score: two files are chosen, a measure is picked, and values come", async () => {
  await openTab("Score");
  await expect(page.locator("#score-run")).toBeAttached();
  await walk();
  await openTab("Score");
  for (const [nth, seed] of [7919, 104_729].entries()) {
    await tabTo(page.locator(".pick-files").nth(nth));
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), press("Enter")]);
    const values = Uint8Array.from({ length: 40 * 16 }, (_, i) => (i * seed) % 251);
    const buffer = Buffer.from(writeNpy({ shape: [40, 4, 4], values }));
    await chooser.setFiles({ name: `rows${nth}.npy`, mimeType: "application/octet-stream", buffer });
  }
  for (const measure of ["kid", "pr"]) {
    await tabTo(page.locator(`.measures input[value=${measure}]`));
    await press("Space");
  }
  await tabTo(page.locator("#score-features"));
  await press("Home");
  await tabTo(page.locator("#score-run"));
  await press("Enter");
  await expect(page.locator("#score-status")).toHaveText(/^Done in/, { timeout: 120_000 });
  await expect(page.locator("#score-results")).toContainText("Fréchet distance, pixels from 0 to 1");
});

test("Trust: the limits are opened, and the checks run again", async () => {
  await openTab("Trust");
  await expect(page.locator("#trust-status")).toHaveText(/^All \d+ checks passed/, { timeout: 300_000 });
  await walk();
  await openTab("Trust");
  await tabTo(page.locator("#trust summary"));
  await press("Enter");
  await expect(page.locator("#trust .limits")).toBeVisible();
  await openTab("Trust");
  await tabTo(page.locator("#trust-run"));
  await press("Enter");
  await expect(page.locator("#trust-status")).toHaveText(/^Checking/);
});

test("Measure: dots are read, other cases chosen, and this device's measurement begins and ends at a key", async () => {
  await openTab("Measure");
  await expect(page.locator("#measure-picture .dot.c0")).toHaveCount(12);
  await walk();
  await openTab("Measure");
  await tabTo(page.locator("#measure-picture svg"));
  await press("ArrowDown");
  await expect(page.locator("#measure-told")).toContainText("latentgpu on google / swiftshader");
  const run = page.getByRole("button", { name: "How fast is this GPU?" });
  await tabTo(run);
  await press("Enter");
  await expect(page.locator("#measure-left")).toHaveText(/^at most \d+ s left$/);
});
