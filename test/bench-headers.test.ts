// Headers of kernels name their registers and bound as bench/results/compilers.json has them.

import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { headerLines } from "../bench/compilers/header.ts";

const { devices } = JSON.parse(readFileSync("bench/results/compilers.json", "utf8")) as {
  devices: Parameters<typeof headerLines>[0];
};
const lines = [...headerLines(devices)].filter(([file]) => existsSync(`shaders/${file}.wgsl`));

test("some kernels are compared", () => {
  expect(lines.length).toBeGreaterThan(10);
});

test.each(lines)("shaders/%s.wgsl says what its compilers say", (file, line) => {
  const text = readFileSync(`shaders/${file}.wgsl`, "utf8");
  expect(text.split("\n").filter((one) => one.startsWith("// registers "))).toEqual([`// ${line}`]);
});

test("the most registers of all entry points, and the bound of the heaviest; variants and other devices apart", () => {
  const figures = { registers: 8, spills: 0, shared: 0, waves: 16, multiplyAdds: 0, instructions: 4 };
  const others = { bound: 0, sharedTime: 0, waits: 1, waitsAround: 0, loopSpills: 0 };
  const start = { ...figures, ...others };
  const panel = { ...start, registers: 64, multiplyAdds: 100, bound: 0.7, sharedTime: 0.4 };
  const line = (heavy: typeof start): string | undefined =>
    headerLines({
      navi31: {
        kernels: {
          "a, 1: lu.start": start,
          "a, 1: lu.panel": heavy,
          "variant x of a: lu.other": { ...panel, registers: 99 },
        },
      },
      "intel:0": { kernels: { "a, 1: lu.panel": { ...panel, registers: 200 } } },
    }).get("lu");
  expect(line(panel)).toBe("registers  at most 64 an invocation on RDNA 2 and 3; bound by multiply-adds");
  expect(line({ ...panel, sharedTime: 1 })).toContain("bound by reads of workgroup memory");
  expect(line({ ...panel, bound: 0.3 })).toContain("bound by instructions beside multiply-adds");
  expect(line(start)).toContain("at most 8 an invocation on RDNA 2 and 3; bound by memory or waits");
});
