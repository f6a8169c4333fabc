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
  timeout: 180_000,
  use: { browserName: "chromium", launchOptions: launchOptions() },
});
