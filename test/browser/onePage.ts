import { expect, test, type Page } from "@playwright/test";
import { serve } from "../../src/app/server.mjs";
import { problemsOf } from "./problems.ts";

/**
 * One page for all tests of a file, which run in their order: on a software adapter its kernels take a while to compile. `begin` opens it at
 * an address of the server, which serves `extra` files as well. Each test expects no error of the page and no refusal of its policy.
 */
export function onePage(
  begin: (page: Page, url: string) => Promise<void>,
  extra: { readonly [address: string]: string } = {},
): void {
  let server: { url: string; close: () => Promise<unknown> };
  let page: Page;
  let problems: string[] = [];
  test.describe.configure({ mode: "serial" });
  test.beforeAll(async ({ browser }) => {
    server = await serve({ extra });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    problems = problemsOf(page);
    await begin(page, server.url);
  });
  test.afterAll(async () => {
    await page.close();
    await server.close();
  });
  test.afterEach(() => {
    expect(problems).toEqual([]);
    problems.length = 0;
  });
}

interface WithDevices {
  devices?: GPUDevice[];
}

/** A page or a worker. */
interface Place {
  evaluate<Result>(run: () => Result): Promise<Result>;
}

/** For a place to evaluate: keeps the devices that are opened from now on. */
export function keepDevices(): void {
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...given) {
    const device = await requestDevice.apply(this, given);
    const { devices = [] } = globalThis as WithDevices;
    Object.assign(globalThis, { devices: [...devices, device] });
    return device;
  };
}

/** How many devices were opened. */
export const countDevices = (place: Place): Promise<number> =>
  place.evaluate(() => (globalThis as WithDevices).devices?.length ?? 0);

/** Ends the device that was opened last. */
export const endDevice = (place: Place): Promise<void> =>
  place.evaluate(() => (globalThis as WithDevices).devices!.at(-1)!.destroy());
