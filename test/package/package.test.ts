import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { vulkanEnvironment } from "../../src/app/setup.mjs";
import { bundlers, exporting } from "./bundlers.ts";
import { compileAll, compilers, type Version, wrapper } from "./compile.ts";
import { documented, exampleModule, examplesOf } from "./docs.ts";
import { installed, link, output, readmeBlocks } from "./delivered.ts";

const place = mkdtempSync(join(tmpdir(), "latentgpu-package-"));
const env = vulkanEnvironment();
let project = "";

beforeAll(async () => {
  project = await installed(place);
  mkdirSync(join(project, "src"));
  writeFileSync(join(project, "src/wrapper.ts"), wrapper);
  for (const [n, block] of readmeBlocks().entries()) writeFileSync(join(project, `src/readme${n}.ts`), block);
  writeFileSync(join(project, "run.mjs"), run);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

const sources = () => readdirSync(join(project, "src"));
const manifest = () =>
  JSON.parse(readFileSync(join(project, "node_modules/latentgpu/package.json"), "utf8")) as { version: string };
/** The values that an entry point exports. */
const namesOf = (entry: string): string[] =>
  JSON.parse(
    output(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        `console.log(JSON.stringify(Object.keys(await import("latentgpu${entry === "index" ? "" : `/${entry}`}"))))`,
      ],
      project,
    ),
  ) as string[];

/** Runs the programs that it is given, in Node; all get one device, so that what one compiles the next has. */
const run = `import { create, globals } from "webgpu";
Object.assign(globalThis, globals);
const gpu = create([]);
const { requestAdapter } = gpu;
let device;
gpu.requestAdapter = async (options) => {
  const adapter = await requestAdapter.call(gpu, options);
  const { requestDevice } = adapter;
  const request = async (descriptor) => Object.assign(await requestDevice.call(adapter, descriptor), { destroy() {} });
  adapter.requestDevice = (descriptor) => (device ??= request(descriptor));
  return adapter;
};
Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
for (const file of process.argv.slice(2)) await import(new URL(file, import.meta.url));
process.exit(0);
`;

/** A program of the package's users: a gradient, whose numbers it hands over. */
const app = `import { grad, openGpu, sum } from "latentgpu";
const gpu = await openGpu();
const w = gpu.state([1, 2, 3]);
const [d] = grad(sum(w.mul(w)), [w]);
console.log(JSON.stringify([...(await d.read())]));
gpu.dispose();
`;

describe("what npm installs", () => {
  test("has each module once, its types, and nothing of the demo or the bench", () => {
    const files = readdirSync(join(project, "node_modules/latentgpu"), { recursive: true }).map(String);
    expect(files).toEqual(
      expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "dist/graph/grad.js", "LICENSE"]),
    );
    expect(files.filter((file) => /^dist\/(app|bench)|\.ts$(?<!\.d\.ts)|\.map$/.test(file))).toEqual([]);
    expect(readFileSync(join(project, "node_modules/latentgpu/dist/program/gpu.d.ts"), "utf8")).not.toContain(
      "@internal",
    );
  });

  test("has a program: npx latentgpu", () => {
    const program = join(project, "node_modules/.bin/latentgpu");
    expect(output(program, ["--version"], project)).toBe(`${manifest().version}\n`);
    expect(output(program, ["score", "--help"], project)).toContain("--real PATH");
  });

  // a compiler without any types but its own; then those that users may have beside it
  test("compiles: README and a wrapper that writes declarations, in TypeScript 5.9, 6 and 7", () => {
    link(project, "@webgpu/types");
    link(project, "@types/node");
    link(project, "undici-types");
    for (const version of Object.keys(compilers) as Version[]) compileAll(project, version, sources());
  });
});

describe("comments", () => {
  const dist = () => join(project, "node_modules/latentgpu/dist");

  test("every exported name and member has one, every function and class an example", () => {
    const all = documented(dist());
    expect(all.filter(({ doc }) => !doc).map(({ name }) => name)).toEqual([]);
    expect(all.filter((one) => one.shows && examplesOf(one).length === 0).map(({ name }) => name)).toEqual([]);
  });

  test("examples compile, and give the numbers that they say; the programs of the README run, in Node", () => {
    link(project, "webgpu");
    const types = [
      "type Builder",
      "type Conditional",
      "type Gpu",
      "type Initialiser",
      "type MnistFiles",
      "type MobileNet",
      "type MomentsStream",
      "type Program",
      "type Scope",
      "type Task",
      "type Tuning",
    ];
    const exported = {
      latentgpu: [...namesOf("index"), ...types],
      "latentgpu/formats": namesOf("formats").filter((name) => name !== "LatentError"),
      "latentgpu/node": namesOf("node"),
    };
    writeFileSync(join(project, "src/examples.ts"), exampleModule(documented(dist()), exported));
    const options = {
      target: "es2022",
      module: "nodenext",
      strict: true,
      types: ["node"],
      outDir: "out/examples",
    };
    writeFileSync(
      join(project, "tsconfig.examples.json"),
      JSON.stringify({ compilerOptions: { ...options, rootDir: "src" }, files: ["src/examples.ts"] }),
    );
    output(
      process.execPath,
      [join(process.cwd(), "node_modules/typescript7/bin/tsc"), "-p", "tsconfig.examples.json"],
      project,
    );
    const program = `import { openGpu } from "latentgpu";
import { examples } from "./out/examples/examples.js";
const gpu = await openGpu();
const numbers = (text) => (text.match(/-?[\\d.]+(?:e[-+]?\\d+)?/g) ?? []).map(Number);
const wrong = [];
let checked = 0;
for (const [name, example] of Object.entries(examples)) {
  if (!/check\\(await/.test(String(example))) continue;
  const check = (found, said) => {
    const values = typeof found === "number" ? [found] : [...found];
    const isRight = numbers(said).length === values.length && numbers(said).every((n, i) => Math.abs(n - values[i]) < 1e-3);
    checked++;
    if (!isRight) wrong.push(name + ": " + values.join(", ") + " and not " + said);
  };
  await example({ gpu }, check).catch((error) => wrong.push(name + ": " + error.message));
}
console.log(JSON.stringify({ wrong, checked }));
`;
    writeFileSync(join(project, "examples.mjs"), program);
    const compiled = readmeBlocks().map((_, n) => `out/5.9/nodenext/readme${n}.js`);
    const printed = output(process.execPath, ["run.mjs", ...compiled, "examples.mjs"], project, env)
      .trim()
      .split("\n");
    const { wrong, checked } = JSON.parse(printed.pop()!) as { wrong: string[]; checked: number };
    expect(printed.join("\n")).toContain("2.9");
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(50);
  });
});

describe("bundlers", () => {
  const names = Object.keys(bundlers);

  test("build a program that runs", async () => {
    writeFileSync(join(project, "app.js"), app);
    for (const name of names) await bundlers[name]!(project, "app.js", `app.${name}.mjs`);
    const files = names.map((name) => `app.${name}.mjs`);
    const printed = output(process.execPath, ["run.mjs", ...files], project, env);
    expect(printed.trim().split("\n")).toEqual(names.map(() => "[2,4,6]"));
  });

  test("take an error alone for at most 1 kB", async () => {
    const entry = exporting(project, "error", ["LatentError"]);
    for (const name of names) {
      await bundlers[name]!(project, entry, `error.${name}.mjs`);
      expect(readFileSync(join(project, `error.${name}.mjs`)).length, name).toBeLessThanOrEqual(1000);
    }
  });
});

describe("other runtimes", () => {
  const common = `import { grad, LatentError, openGpu, random, sum, version } from "latentgpu";
import { parseNpy, writeNpy } from "latentgpu/formats";
const [read] = parseNpy(writeNpy({ shape: [1], values: Float32Array.of(7) })).values;
const open = OPEN;
const said = await open().then(async (gpu) => {
  const w = gpu.state([1, 2, 3]);
  const step = await gpu.compile(() => grad(sum(w.pow(2)), [w])[0]);
  const product = random.normal(gpu, [40, 30], { seed: 1 }).matmul(random.normal(gpu, [30, 20], { seed: 2 }));
  const numbers = [...(await (await step.run()).read()), await sum(product).item()];
  gpu.dispose();
  return { numbers };
}, (error) => ({ error: error instanceof LatentError && error.code, message: error.message }));
console.log(JSON.stringify({ version, read, ...said }));
globalThis.process?.exit(0);
`;

  /** What a runtime must say: numbers of the same kernels as Node's, or that it has no adapter. */
  function expectRun(printed: string): void {
    const said = JSON.parse(printed.trim().split("\n").at(-1)!) as {
      version: string;
      read: number;
      numbers?: number[];
      message?: string;
    };
    expect(said).toMatchObject({ version: manifest().version, read: 7 });
    if (said.numbers) expect(said.numbers.slice(0, 3)).toEqual([2, 4, 6]);
    else
      expect(said).toMatchObject({
        error: "unsupported",
        message: expect.stringMatching(/no adapter came|no WebGPU here/),
      });
  }

  test("Deno runs it on a WebGPU of its own", () => {
    const program = join(
      process.cwd(),
      "node_modules",
      denoPackage(),
      process.platform === "win32" ? "deno.exe" : "deno",
    );
    writeFileSync(join(project, "deno.mjs"), common.replace("OPEN", "openGpu"));
    const flags = ["run", "--allow-all", "--cached-only", "--node-modules-dir=manual", "deno.mjs"];
    expectRun(output(program, flags, project, { ...env, DENO_DIR: join(place, "deno"), DENO_NO_UPDATE_CHECK: "1" }));
  });

  test("Bun runs it on Dawn", () => {
    const program = join(
      process.cwd(),
      "node_modules",
      bunPackage(),
      "bin",
      process.platform === "win32" ? "bun.exe" : "bun",
    );
    writeFileSync(
      join(project, "bun.mjs"),
      `import { openNodeGpu } from "latentgpu/node";\n${common.replace("OPEN", "openNodeGpu")}`,
    );
    expectRun(output(program, ["--no-install", "bun.mjs"], project, env));
  });
});

const has = (name: string) =>
  readdirSync(join(process.cwd(), "node_modules", name.split("/")[0]!)).includes(name.split("/")[1]!);
/** The runtime's program comes in a package of its system. */
function installedOne(names: readonly string[]): string {
  const found = names.find(has);
  if (!found) throw new Error(`none of ${names.join(", ")} is installed`);
  return found;
}
const arch = process.arch === "arm64" ? "arm64" : "x64";
const denoPackage = () =>
  installedOne([`@deno/${process.platform}-${arch}`, `@deno/${process.platform}-${arch}-glibc`]);
const bunPackage = () => installedOne([`@oven/bun-${process.platform}-${arch === "arm64" ? "aarch64" : "x64"}`]);
