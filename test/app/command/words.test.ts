// The command line itself: help, exit codes, and what is refused before anything runs.
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";
import { commands } from "../../../src/app/command/table.ts";
import { commandFolder, latentgpu } from "./fixture.ts";

const { at, real } = commandFolder();

describe("the command line", () => {
  test("--help lists all: commands, their options, and the exit codes", async () => {
    const { code, out } = await latentgpu(["--help"]);
    expect(code).toBe(0);
    for (const { name, options, usage } of Object.values(commands)) {
      expect(out).toContain(usage);
      const help = await latentgpu([name, "--help"]);
      expect(help.code).toBe(0);
      for (const option of options) expect(help.out).toContain(`--${option.name}`);
      expect(help.out).toMatch(/Exit codes: 0 done; 1 failed; 2 the command line is wrong; 130 interrupted/);
    }
  });

  test.each([
    [[], /unknown command\. Expected score, stats, merge or --help; got none/],
    [["scores"], /unknown command.*got "scores"/],
    [["score"], /unusable arguments\. Expected score GENERATED --real REAL/],
    [["score", "a", "--reel", "b"], /unknown option\. Expected --real.*got "--reel"/],
    [["score", "a", "--real"], /--real needs a value: PATH/],
    [["score", "a", "--measures", "fid"], /--real is missing, and fid compares with it/],
    [["score", "a", "--real", "b", "--measures", "fid,fid"], /--measures is unusable/],
    [["score", "a", "--real", "b", "--seed", "-1"], /--seed is out of range/],
    [["score", "a", "--real", "b", "--channels", "2"], /--channels is out of range\. Expected 1 or 3/],
    [["score", "a", "--real", "b", "--resize", "0"], /--resize is out of range/],
    [["score", "a", "--real", "b", "--on-error", "go"], /--on-error is unknown\. Expected stop or skip; got "go"/],
    [["stats", "a"], /--output is missing/],
    [["stats", "a", "-o", "b", "--shard", "9/8"], /--shard is out of range/],
    [["stats", "a", "-o", "b", "-o", "c"], /--output comes twice/],
  ] as const)("%j ends with 2 and says why", async (words, says) => {
    const { code, out, err } = await latentgpu(words);
    expect({ code, out, err }).toEqual({ code: 2, out: "", err: expect.stringMatching(says) as string });
  });

  test("a path that is not there ends with 1", async () => {
    const { code, err } = await latentgpu(["score", at("nowhere"), "--real", real]);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/score: cannot read ".*nowhere"\./) as string,
    });
  });
});

describe("a process", () => {
  const program = join(process.cwd(), "out", `command-${process.pid}.mjs`);
  afterAll(() => rmSync(program, { force: true }));

  test("that is interrupted ends with 130 and keeps what is done", async () => {
    const entryPoints = ["src/app/command/main.ts"];
    await build({
      entryPoints,
      outfile: program,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      logLevel: "error",
    });
    const child = spawn(process.execPath, [program, "stats", real, "-o", at("cut.npz"), "--batch", "1"]);
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => said.push(String(text)));
    // the adapter is named before the first image is read
    child.stderr.once("data", () => child.kill("SIGINT"));
    const code = await new Promise((done) => child.once("close", done));
    expect({ code, said: said.join("") }).toEqual({
      code: 130,
      said: expect.stringMatching(/(^|\n)adapter.*\n(kept .*\n)?interrupted\n$/) as string,
    });
    expect(existsSync(at("cut.npz"))).toBe(false);
  });
});
