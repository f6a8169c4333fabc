import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { codeOf, numbersIn, printedBy, valuesOf } from "./printed.ts";

test("the README's example prints what its comments say", async () => {
  const [example] = codeOf(await readFile("README.md", "utf8"));
  const lines = await printedBy(example!);
  const found = lines.map(valuesOf);
  expect(found.map((values) => values.length)).toEqual([3, 3]);
  for (const [line, { said }] of lines.entries())
    for (const [at, number] of numbersIn(said).entries()) expect(found[line]![at]).toBeCloseTo(number, 3);
  // what training leaves depends on the last bits of an adapter
  expect(found[1]![0]).toBeLessThan(1e-11);
});
