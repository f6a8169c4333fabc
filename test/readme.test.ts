import { readFile } from "node:fs/promises";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { openNodeGpu } from "../src/node.ts";
import * as latentgpu from "../src/index.ts";

/** What the first TypeScript of the README prints, and the comments behind its lines. */
async function example() {
  const [, code] = /```ts\n([^]*?)```/.exec(await readFile("README.md", "utf8"))!;
  const comments = [...code!.matchAll(/console\.log.*\/\/ (.*)/g)].map(([, comment]) => comment!);
  const body = code!.replace(/^import \{(.*)\}.*\n/, "const {$1} = latentgpu;\n").replaceAll("console.log", "print");
  const { outputFiles } = await build({
    stdin: { contents: `export async function main(latentgpu, print) {\n${body}}`, loader: "ts" },
    write: false,
    format: "esm",
  });
  const source = `data:text/javascript;base64,${Buffer.from(outputFiles[0]!.contents).toString("base64")}`;
  const { main } = (await import(/* @vite-ignore */ source)) as { main: (...given: unknown[]) => Promise<void> };
  const printed: unknown[][] = [];
  await main({ ...latentgpu, openGpu: openNodeGpu }, (...values: unknown[]) => printed.push(values));
  return { comments, printed };
}

const numbers = (text: string): number[] => (text.replaceAll("−", "-").match(/-?\d[\d.e-]*/g) ?? []).map(Number);

test("the README's example prints what its comments say", async () => {
  const { comments, printed } = await example();
  const found = printed.map((values) =>
    values.flatMap((value) => (ArrayBuffer.isView(value) ? [...(value as Float32Array)] : [value])),
  );
  expect(found.map((values) => values.length)).toEqual([3, 3]);
  for (const [line, comment] of comments.entries())
    for (const [at, said] of numbers(comment).entries()) expect(found[line]![at]).toBeCloseTo(said, 3);
  // what training leaves depends on the last bits of an adapter
  expect(found[1]![0]).toBeLessThan(1e-11);
});
