import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeReport } from "../../src/app/demo/files.mjs";
import { optionsOf } from "../../src/app/demo/options.mjs";
import { terminal } from "../../src/app/demo/terminal.mjs";
import { Stages } from "../../src/app/job/stages.ts";
import type { JobEvent } from "../../src/app/job/events.ts";
import { fixture } from "./fixture.ts";

describe("options", () => {
  test("are what was typed", () => {
    expect(optionsOf([], "/f")).toEqual({ seed: 1, out: "/f/out", help: false });
    const typed = ["--preset=full", "--models", "vae,gaussian", "--seed", "7", "--out", "there"];
    const models = ["vae", "gaussian"];
    expect(optionsOf(typed, "/f")).toEqual({ preset: "full", models, seed: 7, out: "/f/there", help: false });
  });
  const refused: [string[], string][] = [
    [
      ["--fast"],
      "demo: unknown option. Expected --preset quick|full, --models <some of them>, --seed <whole number>, --out <folder> or --help; got --fast.",
    ],
    [["--preset", "slow"], "demo: unknown preset. Expected quick or full; got slow."],
    [
      ["--models", "vae,gan"],
      "demo: unknown model. Expected some of gaussian, mixture, full-mixture, autoencoder, vae",
    ],
    [["--models", "vae,vae"], "each once; got vae,vae."],
    [["--seed", "1.5"], "demo: the seed is out of range. Expected a whole number from 0 to 4294967295; got 1.5."],
    [["--seed", "4294967296"], "got 4294967296."],
    [["--out"], "demo: --out needs a value."],
  ];
  test.each(refused)("%s are refused", (words, message) => expect(() => optionsOf(words)).toThrow(message));
});

describe("files", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "latentgpu-demo-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test("are the page, every number, and a PNG per picture", () => {
    const report = fixture();
    const names = writeReport(join(folder, "out"), { report, html: "page" });
    expect(names[0]).toBe("report.html");
    expect(new Set(readdirSync(join(folder, "out")))).toEqual(new Set(names));
    const json = JSON.parse(readFileSync(join(folder, "out/report.json"), "utf8"));
    expect(json).toMatchObject({ schema: 2, seed: 1, models: report.models, floor: report.floor });
    expect(json.pictures[0]).toEqual({
      key: "test",
      caption: "real test images",
      width: 231,
      height: 231,
      file: "test.png",
    });
    const png = readFileSync(join(folder, "out/test.png"));
    expect(png.subarray(0, 8)).toEqual(Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]));
  });

  test("appear all together or not at all", () => {
    const report = fixture();
    report.pictures[1]!.key = "../escape";
    expect(() => writeReport(join(folder, "out"), { report, html: "page" })).toThrow(
      'demo: picture "../escape" cannot be a file name.',
    );
    const broken = { report: fixture(), html: 5 };
    expect(() => writeReport(join(folder, "out"), broken)).toThrow();
    expect(readdirSync(folder)).toEqual(["out"]);
    expect(readdirSync(join(folder, "out"))).toEqual([]);
  });
});

describe("terminal", () => {
  const start: JobEvent = {
    kind: "start",
    preset: "quick",
    seed: 1,
    adapter: fixture().adapter,
    stages: [{ key: "a", title: "First", weight: 1 }],
  };
  const half: JobEvent = {
    kind: "progress",
    progress: { stage: "a", step: 5, total: 10, status: "loss 3", seconds: 2, eta: 65, done: 0.5, left: 65 },
  };
  const done: JobEvent = { kind: "done", stage: "a", seconds: 4, result: "loss 2" };
  const shown = (isTTY: boolean, events: JobEvent[]): string => {
    let text = "";
    const view = terminal({ isTTY, columns: 100, write: (part: string) => (text += part) }, { now: () => 0 });
    for (const event of events) view.show(event);
    return text;
  };

  test("draws one line anew", () => {
    const text = shown(true, [start, half, half, done]);
    expect(text).toContain("  First [███████████░░░░░░░░░░░]  50 %  loss 3  1:05 to go  (all 50 %, 1:05 left)");
    expect(text.split("\n")).toHaveLength(4);
    expect(text.endsWith("✓ First   0:04  loss 2\n")).toBe(true);
  });
  test("writes plain, rare lines into a file", () => {
    const text = shown(false, [start, half, half, done]);
    expect(text).not.toContain("\x1b");
    expect(text.match(/50 %  loss 3/g)).toHaveLength(1);
    expect(text).toContain("SOFTWARE, no GPU");
  });
});

describe("stages", () => {
  const list = [
    { key: "a", title: "A", weight: 1 },
    { key: "b", title: "B", weight: 3 },
  ];

  test("tell how much of the whole is done", async () => {
    const events: JobEvent[] = [];
    const stages = new Stages(list, (event) => events.push(event), undefined, 0);
    await stages.run("a", () => Promise.resolve(1));
    await stages.run("b", async (report) => {
      await new Promise((next) => setTimeout(next, 2));
      report({ step: 1, total: 3, status: "here" });
    });
    const shares = events.flatMap((event) => (event.kind === "progress" ? [event.progress.done] : []));
    expect(shares).toEqual([0, 0.25, 0.5]);
    const last = events.findLast((event) => event.kind === "progress")!;
    expect(last).toMatchObject({ progress: { stage: "b", step: 1, total: 3, status: "here" } });
    expect(last.kind === "progress" && last.progress.eta).toBeGreaterThan(0);
  });

  test("end with the reason of an abort, at the next report", async () => {
    const controller = new AbortController();
    const stages = new Stages(list, () => {}, controller.signal);
    const run = stages.run("a", async (report) => {
      controller.abort(new Error("enough"));
      report({ step: 1, total: 2 });
    });
    await expect(run).rejects.toThrow("enough");
    await expect(stages.run("b", () => Promise.resolve())).rejects.toThrow("enough");
  });
});
