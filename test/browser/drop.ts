import type { Page } from "@playwright/test";

/** Drops files and folders of this machine on what a selector finds, as a person does. */
export async function drop(page: Page, selector: string, files: readonly string[]): Promise<void> {
  const place = page.locator(selector);
  await place.scrollIntoViewIfNeeded();
  const box = (await place.boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + 20];
  const data = { items: [], files: [...files], dragOperationsMask: 1 };
  const remote = await page.context().newCDPSession(page);
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await remote.send("Input.dispatchDragEvent", { type, x, y, data });
  await remote.detach();
}
