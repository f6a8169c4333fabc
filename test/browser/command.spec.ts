import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";

const script = fileURLToPath(new URL("../../src/app/demo.mjs", import.meta.url));
let folder: string;

test.beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "latentgpu-demo-"));
});
test.afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the demo; a signal is sent once its output contains `until`. Resolves to what it said and how it ended. */
function demo(words: string[], until?: string): Promise<{ code: number | null; text: string; output: string }> {
  const child = spawn(process.execPath, [script, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let [text, output, sent] = ["", "", false];
  child.stdout.on("data", (part) => (output += String(part)));
  child.stderr.on("data", (part) => {
    text += String(part);
    if (until === undefined || sent || !text.includes(until)) return;
    sent = true;
    // npm and the set-up pass Ctrl-C on, so that it comes twice
    child.kill("SIGINT");
    child.kill("SIGINT");
  });
  return new Promise((done) => child.on("close", (code) => done({ code, text, output })));
}

test("an unknown option is refused by name before anything starts", async () => {
  const { code, text } = await demo(["--fast"]);
  expect(code).toBe(1);
  expect(text).toBe(
    "demo: unknown option. Expected --preset quick|full, --models <some of them>, --seed <whole number>, --out <folder> or --help; got --fast.\n",
  );
});

test("Ctrl-C ends the demo with nothing written", async () => {
  const out = join(folder, "out");
  const { code, text, output } = await demo(["--preset", "quick", "--out", out], "adapter");
  expect(code).toBe(130);
  expect(text).toContain("demo: stopped. Nothing was written.");
  expect(output).toBe("");
  expect(existsSync(out)).toBe(false);
  expect(readdirSync(folder)).toEqual([]);
});
