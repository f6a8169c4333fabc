import { defineConfig } from "@playwright/test";
import { launchOptions } from "../../src/app/chrome.mjs";

/** Files that time something, and one whose command builds pages anew. The others go two at a time: most of a test waits for one core. */
const ALONE = ["command", "measure", "score", "train", "hosts", "keyboard"].map((name) => `**/${name}.spec.ts`);

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 600_000,
  expect: { timeout: 60_000 },
  projects: [
    { name: "together", testIgnore: ALONE, outputDir: "../../test-results/together" },
    { name: "alone", testMatch: ALONE, workers: 1, outputDir: "../../test-results/alone" },
  ],
  workers: 2,
  use: { browserName: "chromium", launchOptions: launchOptions() },
});
