import { defineConfig } from "@playwright/test";
import { launchOptions } from "../../src/app/chrome.mjs";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.ts",
  outputDir: "../../test-results",
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: true,
  timeout: 600_000,
  expect: { timeout: 60_000 },
  use: { browserName: "chromium", launchOptions: launchOptions() },
});
