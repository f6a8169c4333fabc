import { expect, type Page, test } from "@playwright/test";
import { serve } from "../../src/app/server.mjs";
import { colormaps } from "../../src/program/colormaps.ts";
import type { Calls } from "./pictures.page.ts";
import { launchOptions } from "../../src/app/chrome.mjs";

test.use({ launchOptions: launchOptions({ presents: true }) });
test.describe.configure({ mode: "serial" });

let server: { url: string; close: () => Promise<unknown> };
let page: Page;
const heard: string[] = [];

test.beforeAll(async ({ browser }) => {
  server = await serve({ extra: { "/blank.html": new URL("blank.html", import.meta.url).pathname } });
  page = await browser.newPage();
  page.on("console", (message) => {
    if (/error|warning/.test(message.type()) && !/404/.test(message.text())) heard.push(message.text());
  });
  await page.goto(`${server.url}/blank.html`);
  await page.addScriptTag({ url: "/dist/app/pictures.js", type: "module" });
  await page.waitForFunction(() => "calls" in globalThis);
  await call("open");
});
test.afterAll(async () => {
  await page.close();
  await server.close();
});

/** What a function of the page gives. */
const call = <Name extends keyof Calls>(name: Name, ...given: Parameters<Calls[Name]>) =>
  page.evaluate(
    ([called, parameters]) =>
      (globalThis as unknown as { calls: { [name: string]: (...all: unknown[]) => unknown } }).calls[called]!(
        ...parameters,
      ),
    [name, given] as const,
  ) as Promise<Awaited<ReturnType<Calls[Name]>>>;

test("every kind of picture gives its bytes as numbers, also a frame that is closed right after the call", async () => {
  const found = await call("sources");
  const kinds = "canvas element bitmap imageData image frame".split(" ");
  expect(Object.keys(found)).toEqual([
    ...kinds,
    ...kinds.map((name) => `${name} among others`),
    "closed after the call",
  ]);
  // bytes / 255 as a device reads them, within a few roundings
  for (const [name, steps] of Object.entries(found)) expect(steps, name).toBeLessThan(1e-3);
});

test("a playing video is read where it is; one that is not loaded is refused", async () => {
  const { early, shape, pixel } = await call("video");
  expect(early).toMatch(
    /^argument: fromImage: expected .*; got HTMLVideoElement of 0 × 0: closed, detached or not loa/,
  );
  expect(shape).toEqual([1, 3, 6, 8]);
  // luma and colour differences in between may cost a byte or two
  for (const [c, byte] of [200, 100, 50].entries()) expect(Math.abs(pixel[c]! - byte)).toBeLessThan(3);
});

test("canvas to tensor to canvas keeps every byte", async () => {
  expect(await call("roundTrip")).toBe(0);
});

test("alpha is not in the colours, whether they come by a canvas or a frame, and a canvas gets it back", async () => {
  const { canvas, frame, drawn } = await call("alpha");
  expect(canvas).toEqual([255, 0, 0, 128]);
  expect(frame).toEqual(canvas);
  expect(drawn).toEqual(canvas);
});

for (const colormap of ["grey", "viridis", "magma"] as const)
  test(`a grid in ${colormap}: places, anchors of the colours, NaN in magenta, nothing after the last image`, async () => {
    const anchors = colormaps[colormap]!;
    /** The colour that thirds and halves have: all are anchors of 52, and of two by a line. */
    const colour = (value: number): number[] => {
      const place = value * (anchors.length / 4 - 1);
      const [low, part] = [Math.min(Math.floor(place), anchors.length / 4 - 2), place];
      const at = (c: number) =>
        anchors[4 * low + c]! + (part - low) * (anchors[4 * low + 4 + c]! - anchors[4 * low + c]!);
      return [0, 1, 2].map((c) => Math.round(255 * at(c)));
    };
    const values = Array.from({ length: 20 }, (_, i) => [0, 1 / 3, 2 / 3, 1, 0.5][i % 5]!);
    for (const scale of [1, 3]) {
      const pixels = await call("grid", colormap, scale);
      const expected = Array.from({ length: 24 * scale * scale }, (_, k) => {
        const [x, y] = [Math.floor((k % (6 * scale)) / scale), Math.floor(k / (6 * scale) / scale)];
        const i = 4 * (3 * (y >> 1) + (x >> 1)) + 2 * (y & 1) + (x & 1);
        if (i >= 20) return [0, 0, 0, 0];
        return i === 7 ? [255, 0, 255, 255] : [...colour(values[i]!), 255];
      }).flat();
      // a value between two anchors may fall on the other side of half a byte
      const wrong = pixels.filter((value, i) => Math.abs(value - expected[i]!) > (i % 4 === 3 ? 0 : 1));
      expect(pixels.length).toBe(expected.length);
      expect(wrong).toEqual([]);
      // 0 and 1/3 stand first: the first and the 18th anchor, to the byte
      expect(pixels.slice(0, 4)).toEqual([...colour(0), 255]);
      if (colormap !== "grey") expect(pixels.slice(4 * scale, 4 * scale + 4)).toEqual([...colour(1 / 3), 255]);
    }
  });

test("one canvas is drawn again, with alpha, and with another size", async () => {
  expect(await call("again")).toEqual([
    [0, 0, 0, 255, 255, 255, 255, 255],
    [255, 255, 255, 255, 0, 0, 0, 255],
    [255, 0, 0, 51, 0, 0, 0, 0],
    [51, 51, 51, 255],
  ]);
});

test("what cannot be drawn on or read is refused by name, and the device lives", async () => {
  const found = await call("refused");
  expect(found["2d"]).toBe(
    "argument: draw: this canvas has another context already (2d, webgl), or was transferred. Draw on a canvas of its own.",
  );
  expect(found.transferred).toBe(found["2d"]);
  expect(found.empty).toBe("argument: draw: expected a canvas of at least one pixel; got OffscreenCanvas of 0 × 4.");
  expect(found["no canvas"]).toBe("argument: draw: expected a canvas of at least one pixel; got 5.");
  expect(found.colormap).toMatch(/^argument: draw: a colour map is for images of one channel; got Tensor f32/);
  expect(found["closed bitmap"]).toMatch(/got ImageBitmap of 0 × 0: closed, detached or not loaded\.$/);
  expect(found["closed frame"]).toMatch(/got VideoFrame of 0 × 0: closed, detached or not loaded\.$/);
  expect(found["not loaded"]).toMatch(/got HTMLImageElement of 0 × 0: closed, detached or not loaded\.$/);
  expect(await call("isAlive")).toBe(true);
});

test("grids on a page are presented as they were drawn", async () => {
  const info = test.info();
  await call("show");
  const shown = await page
    .locator("canvas")
    .nth(1)
    .screenshot({ path: info.outputPath("viridis.png") });
  await page.screenshot({ path: info.outputPath("grids.png") });
  const pixel = await page.evaluate(
    async (bytes) => {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
      const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d")!;
      context.drawImage(bitmap, 0, 0);
      return [...context.getImageData(1, 1, 1, 1).data];
    },
    [...shown],
  );
  // far from the ring of the first image: the first colour of the map
  expect(pixel).toEqual([68, 1, 84, 255]);
  expect(heard).toEqual([]);
});
