import { readFileSync } from "node:fs";
import { type Download, expect, type Locator, type Page, test } from "@playwright/test";
import { opened } from "../../src/app/train/file.ts";
import { launchOptions } from "../../src/app/chrome.mjs";
import { endDevice, keepDevices, onePage } from "./onePage.ts";

test.use({ launchOptions: launchOptions({ presents: true }) });
let page: Page;
let url: string;
onePage(async (opened, address) => {
  [page, url] = [opened, address];
  await page.goto(`${url}/#pipelines`);
  const [worker] = await Promise.all([page.waitForEvent("worker"), page.getByRole("tab", { name: "Train" }).click()]);
  await expect(status()).toHaveText("Choose what to train, and start.");
  await worker.evaluate(keepDevices);
});

const status = (): Locator => page.locator("#train-status");
const button = (name: string | RegExp): Locator => page.getByRole("button", { name, exact: typeof name === "string" });

/** The step that the page says it is at; 0 before the first. */
const stepOf = async (): Promise<number> =>
  Number(/Step ([\d,]+)/.exec((await page.locator("#train-words").textContent()) ?? "")?.[1]!.replaceAll(",", "") ?? 0);

/** The last value of a term, as its plot's title has it. */
const termOf = async (name: string): Promise<number> => {
  const title = await page.locator(`#train-curves [data-term=${name}] figcaption`).textContent();
  return Number(title!.slice(name.length).replaceAll(",", ""));
};

/** Mean brightness of a canvas and the spread of its pixels, 0 to 255, and a sum that tells two pictures apart. */
const inkOf = (canvas: Locator) =>
  canvas.evaluate((node: HTMLCanvasElement) => {
    const copy = new OffscreenCanvas(node.width, node.height).getContext("2d")!;
    copy.drawImage(node, 0, 0);
    const values = copy.getImageData(0, 0, node.width, node.height).data.filter((_, i) => i % 4 === 0);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
    return { mean, deviation, sum: values.reduce((a, b, i) => (a + b * ((i * 31) % 1009)) % 1e9, 0) };
  });

const bytesOf = async (download: Download): Promise<Buffer> => readFileSync(await download.path());

test("options are chosen by name, a refused one is told beside its field, and the address keeps them", async () => {
  await page.getByLabel("Latent", { exact: true }).fill("0");
  await expect(page.locator("#train-latent-refusal")).toHaveText("VAE: expected latent whole and > 0; got 0.");
  await expect(page.getByLabel("Latent", { exact: true })).toHaveAttribute("aria-invalid", "true");
  await expect(button("Start")).toBeDisabled();
  await page.getByLabel("Model", { exact: true }).selectOption("AutoEncoder");
  await expect(page.getByLabel("β")).toHaveCount(0);
  await page.getByLabel("Model", { exact: true }).selectOption("VAE");
  await page.getByLabel("Latent", { exact: true }).fill("10");
  await page.getByLabel("Learning rate").fill("3e-3");
  await expect(button("Start")).toBeEnabled();
  await expect.poll(() => page.url()).toContain("#train?model=VAE&latent=10&learningRate=3e-3");
  const unnamed = await page.locator("#train :is(input, select, button, canvas)").evaluateAll((nodes) =>
    nodes
      .filter((node) => {
        const labels = (node as HTMLInputElement).labels?.length ?? 0;
        return (
          labels === 0 && !node.textContent.trim() && !node.getAttribute("aria-label") && !(node as HTMLElement).hidden
        );
      })
      .map(({ id }) => id),
  );
  expect(unnamed).toEqual([]);
});

test("a start by the keyboard shows samples soon, and the page's own frames go on while it trains", async () => {
  await button("Start").focus();
  await page.keyboard.press("Enter");
  // nothing can be steered that does not exist yet
  for (const name of ["Pause", "One step"]) await expect(button(name)).toBeDisabled();
  await expect(page.getByLabel("β")).toBeDisabled();
  await expect(button("Stop")).toBeEnabled();
  await expect(status()).toHaveText("Training.", { timeout: 120_000 });
  await expect
    .poll(() => page.evaluate(() => performance.getEntriesByName("train samples").length), { timeout: 120_000 })
    .toBeGreaterThan(0);
  const [pictures, samples] = await page.evaluate(() => {
    const at = (name: string) => performance.getEntriesByName(name)[0]!.startTime;
    return [at("train pictures") - at("train start"), at("train samples") - at("train start")];
  });
  console.log(
    `first pictures after ${Math.round(pictures!)} ms, first of a trained step after ${Math.round(samples!)} ms`,
  );
  expect(samples).toBeLessThan(60_000);
  // kernels of the last view compile when its first steps are done
  await expect
    .poll(async () => (await inkOf(page.locator("#train-codes"))).deviation, { timeout: 60_000 })
    .toBeGreaterThan(15);
  const gaps = await page.evaluate(
    () =>
      new Promise<number[]>((resolve) => {
        const found: number[] = [];
        let last = performance.now();
        const begin = last;
        const frame = (): void => {
          const now = performance.now();
          found.push(now - last);
          last = now;
          if (now - begin < 5000) requestAnimationFrame(frame);
          else resolve(found.sort((a, b) => a - b));
        };
        requestAnimationFrame(frame);
      }),
  );
  const at = (share: number): string => gaps[Math.floor(share * (gaps.length - 1))]!.toFixed(1);
  console.log(
    `${gaps.length} frames in 5 s of training: gaps of median ${at(0.5)} ms, 95 % ${at(0.95)} ms, most ${at(1)} ms`,
  );
  expect(gaps[gaps.length >> 1]).toBeLessThan(50);
});

test("samples, reconstructions, terms and codes change while it trains", async () => {
  const canvases = ["#train-samples", "#train-reconstructions", "#train-codes"].map((id) => page.locator(id));
  const before = await Promise.all(canvases.map(inkOf));
  for (const [i, canvas] of canvases.entries()) {
    expect(before[i]!.deviation).toBeGreaterThan(10);
    await expect.poll(async () => (await inkOf(canvas)).sum).not.toBe(before[i]!.sum);
  }
  await expect(page.locator("#train-curves figure")).toHaveCount(3);
  expect(await termOf("loss")).toBeGreaterThan(0);
});

test("a pause holds still, β acts at the next step, a step is one, and it goes on", async () => {
  await button("Pause").click();
  await expect(status()).toContainText("Paused after step");
  const paused = await stepOf();
  const weight = async (): Promise<number> =>
    ((await termOf("loss")) + (await termOf("reconstruction"))) / (await termOf("kl"));
  await button("One step").click();
  await expect.poll(stepOf).toBe(paused + 1);
  await expect.poll(weight).toBeCloseTo(1, 0);
  await page.getByLabel("β").fill("30");
  await expect(status()).toHaveText("β is 30 from the next step on.");
  await button("One step").click();
  await expect.poll(stepOf).toBe(paused + 2);
  // titles have four digits
  await expect.poll(async () => Math.abs((await weight()) - 30)).toBeLessThan(1);
  await expect(status()).toHaveText(`Paused after step ${paused + 2}.`);
  await page.getByLabel("β").fill("");
  await expect(status()).toHaveText("β is 1 from the next step on.");
  const clickTwice = (id: string) => page.locator(id).evaluate((node: HTMLElement) => (node.click(), node.click()));
  await clickTwice("#train-step");
  await expect(status()).toHaveText(`Paused after step ${paused + 4}.`);
  await button("Resume").click();
  await expect.poll(stepOf).toBeGreaterThan(paused + 4);
  // a pause that is taken back at once
  await clickTwice("#train-pause");
  const at = await stepOf();
  await expect.poll(stepOf).toBeGreaterThan(at + 1);
  await expect(status()).toHaveText("Training.");
});

test("the model and a checkpoint are downloaded, with lines of PyTorch; a checkpoint that is loaded goes on where it stood", async () => {
  const checkpoint = button(/^Download the checkpoint of step/);
  await expect(checkpoint).toBeEnabled({ timeout: 180_000 });
  const [model] = await Promise.all([page.waitForEvent("download"), button("Download the model").click()]);
  expect(model.suggestedFilename()).toMatch(/^vae-step-\d+\.safetensors$/);
  expect(opened(await bytesOf(model))).toMatchObject({
    settings: { model: "VAE", options: { latent: 10 } },
    step: null,
  });
  await page.getByText("Load it in PyTorch").click();
  await expect(page.locator("#train-lines")).toContainText(`load_file("${model.suggestedFilename()}")`);
  await button("Stop").click();
  await expect(status()).toContainText("Stopped after step");
  await page.getByLabel("Model", { exact: true }).selectOption("BetaVAE");
  const [late] = await Promise.all([page.waitForEvent("download"), button("Download the model").click()]);
  const stopped = /\d+/.exec((await status().textContent())!)![0];
  expect(late.suggestedFilename()).toBe(`vae-step-${stopped}.safetensors`);
  const [saved] = await Promise.all([page.waitForEvent("download"), checkpoint.click()]);
  const { step } = opened(await bytesOf(saved));
  expect(step).toBeGreaterThan(0);
  await page.getByLabel("Load a file").setInputFiles(await saved.path());
  await expect(page.getByLabel("Latent", { exact: true })).toHaveValue("10");
  await expect(page.getByLabel("Latent", { exact: true })).toBeDisabled();
  await button(new RegExp(`^Start from step ${step}`)).click();
  await expect(page.locator("#train-curves figure")).toHaveCount(0);
  await expect(checkpoint).toHaveText(`Download the checkpoint of step ${step}`);
  await expect.poll(stepOf, { timeout: 120_000 }).toBeGreaterThan(step!);
});

test("a lost device is told, and one click goes on from the newest checkpoint", async () => {
  const label = (await button(/^Download the checkpoint of step/).textContent())!;
  await endDevice(page.workers()[0]!);
  await expect(status()).toContainText("The GPU device was lost");
  await button(/^Resume from step/).click();
  await expect(status()).toHaveText("Training.", { timeout: 120_000 });
  const at = Number(/\d+/.exec(label)![0]);
  await expect.poll(stepOf).toBeGreaterThan(at);
  await button("Stop").click();
  await expect(status()).toContainText("Stopped after step");
  await endDevice(page.workers()[0]!);
  await expect(status()).toContainText("The next start opens it again.");
  await expect(button(/^Start/)).toBeEnabled();
  await expect(button("Download the model")).toBeDisabled();
});

test("images of one's own of any size that are dropped are cropped, resized and trained on", async () => {
  await button("Forget the file").click();
  await page.getByLabel("Images", { exact: true }).selectOption("own");
  await expect(button("Start")).toBeDisabled();
  const dropped = await page.evaluateHandle(async () => {
    const data = new DataTransfer();
    for (let i = 0; i < 24; i++) {
      const canvas = new OffscreenCanvas(90 + 5 * i, 60);
      const context = canvas.getContext("2d")!;
      context.fillStyle = `hsl(${15 * i} 80% 50%)`;
      context.fillRect(canvas.width / 2 - 20, 10, 40, 40);
      data.items.add(new File([await canvas.convertToBlob()], `${i}.png`, { type: "image/png" }));
    }
    return data;
  });
  await page.dispatchEvent("#train", "drop", { dataTransfer: dropped });
  await page.getByLabel("Size").selectOption("32");
  await expect(page.locator("#train-chosen")).toHaveText("24 chosen.");
  await page.getByLabel("Batch").fill("8");
  await button("Start").click();
  await expect(status()).toContainText("Done: 30 steps.", { timeout: 180_000 });
  const [width, height] = await page
    .locator("#train-originals")
    .evaluate((node: HTMLCanvasElement) => [node.width, node.height]);
  // every tenth of 24 is kept out
  expect([width, height]).toEqual([2 * 32, 32]);
  expect((await inkOf(page.locator("#train-originals"))).deviation).toBeGreaterThan(20);
});

test("a file that is no picture, and a model that needs classes, are refused in words", async () => {
  const text = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("no picture") };
  await page.locator("#train-files").setInputFiles([text]);
  await button("Start").click();
  await expect(status()).toContainText("notes.txt: no picture. Expected PNG");
  await page.getByLabel("Model", { exact: true }).selectOption("ConditionalVAE");
  await expect(page.locator("#train-model-refusal")).toContainText("ConditionalVAE learns from classes");
  await expect(button("Start")).toBeDisabled();
});

test("a tab that is left before its code has come is filled out of its own address", async ({ page: other }) => {
  await other.goto(`${url}/#train?model=VAE&seed=5`);
  await expect(other.locator("#train-seed")).toHaveValue("5");
  await other.getByRole("tablist").evaluate((list) => {
    for (const name of ["score", "train"]) list.querySelector<HTMLElement>(`[aria-controls=${name}]`)!.click();
  });
  await expect(other.locator("#score-run")).toBeAttached();
  await expect(other.locator("#score-seed")).toHaveValue("0");
  expect(other.url()).toContain("#train?model=VAE&seed=5");
});

test("it fits a phone, light and dark", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  }
});
