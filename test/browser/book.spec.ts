import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "@playwright/test";
import { serve } from "../../src/app/server.mjs";
import { problemsOf } from "./problems.ts";

let server: { url: string; close: () => Promise<unknown> };

test.beforeAll(async () => {
  test.setTimeout(300_000);
  // with every link and every type that a signature mentions: what is missing is an error
  execFileSync(process.execPath, ["src/app/book.mjs"], { stdio: ["ignore", "ignore", "inherit"] });
  server = await serve();
});
test.afterAll(() => server.close());

const pages = () => readdirSync("dist/book/documents");

test("the book has a page for each lesson and each export", () => {
  expect(pages()).toHaveLength(readdirSync("src/app/book").length);
  expect(readFileSync("dist/book/functions/index.softmax.html", "utf8")).toContain("<pre>");
});

/** Of each lesson that is run here: some of what it prints. The others print in Node what they say, see test/app/book.test.ts. */
const printed: { readonly [lesson: number]: readonly RegExp[] } = {
  1: [/^true$|^false$/m, /\[2\.0794, 2\.3979, 2\.7726, 3\.1355\]/, /\[3, 12, 27\] \[6, 12, 18\]/, /inner sizes differ/],
  7: [/\[-1, 0, 0, 2\]/],
};

for (const [lesson, expected] of Object.entries(printed))
  test(`lesson ${lesson} runs in its page, twice`, async ({ page }) => {
    const problems = problemsOf(page);
    const name = pages().find((file) => file.startsWith(`${lesson}._`))!;
    // browsers ask for it, typedoc has none
    await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
    await page.goto(`${server.url}/dist/book/documents/${name}`);
    const output = page.locator(".printed");
    await page.getByRole("button", { name: "Run this lesson" }).click();
    for (let round = 0; round < 2; round++) {
      const again = page.getByRole("button", { name: "Run it again" });
      await expect(again).toBeVisible({ timeout: 60_000 });
      const text = (await output.allTextContents()).join("");
      for (const line of expected) expect(text).toMatch(line);
      if (round === 0) await again.click();
      else await page.screenshot({ path: test.info().outputPath(`lesson-${lesson}.png`), fullPage: true });
    }
    expect(problems).toEqual([]);
  });
