import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { testsOf } from "./concerns.mjs";
import { sitesOf } from "./sites.mjs";

/** The source with each site's change, in order. */
const mutants = (file: string, source: string): string[] =>
  sitesOf(file, source).map(({ at, length, text }) => source.slice(0, at) + text + source.slice(at + length));

describe("mutants", () => {
  test("operators, signs, constants and functions of one kind are changed, one at a time", () => {
    expect(mutants("a.ts", 'import { add, sub } from "x";\nexport const f = (a, b) => add(a * 2, -b);')).toEqual([
      'import { add, sub } from "x";\nexport const f = (a, b) => sub(a * 2, -b);',
      'import { add, sub } from "x";\nexport const f = (a, b) => add(a / 2, -b);',
      'import { add, sub } from "x";\nexport const f = (a, b) => add(a * (2 * 2), -b);',
      'import { add, sub } from "x";\nexport const f = (a, b) => add(a * 2, +b);',
    ]);
  });

  test("messages, types and checks of arguments are no places for them", () => {
    const source =
      'check(a > 0, "argument", where, () => `got ${a + 1}.`);\ntype T = 1 | 2;\nthrow new Error("a" + 1);';
    expect(mutants("a.ts", source)).toEqual([]);
  });

  test("kernels are changed in what they compute, not in bindings and types", () => {
    const kernel = "@group(0) @binding(1) var<storage> x: array<f32, 4>;\nlet y = x[i + 1u] * 0.5; // a + b";
    expect(mutants("a.wgsl", kernel).map((text) => text.split("\n")[1])).toEqual([
      "let y = x[i - 1u] * 0.5; // a + b",
      "let y = x[i + 0u] * 0.5; // a + b",
      "let y = x[i + 1u] / 0.5; // a + b",
      "let y = x[i + 1u] * (0.5 + 0.5); // a + b",
    ]);
  });

  test("every file that may be changed has tests named for it, which exist", () => {
    const names = readdirSync("test", { recursive: true }).map((name) => `test/${String(name).replaceAll("\\", "/")}`);
    const folders = ["src/models", "src/nn", "src/metrics", "src/data", "src/linalg", "src/graph/ops", "shaders"];
    for (const folder of folders)
      for (const file of readdirSync(folder, { recursive: true }))
        if (/\.(ts|wgsl)$/.test(String(file)))
          expect(
            testsOf(`${folder}/${String(file)}`).some((filter) => names.some((name) => name.includes(filter))),
          ).toBe(true);
  });
});
