import { blocksOf, moduleOf } from "../src/app/lesson/program.mjs";
import * as latentgpu from "../src/index.ts";
import { openShared } from "./helpers.ts";

/** A line of code that prints, and what its comment says that it prints. */
export interface Printed {
  readonly said: string;
  readonly found: readonly unknown[];
}

/** The code of a Markdown text's blocks of TypeScript: those that Node can run, or those of a fence "ts <kind>". */
export const codeOf = (markdown: string, kind = ""): string[] =>
  blocksOf(markdown).flatMap((block) => (block.kind === kind ? [block.code] : []));

/**
 * Runs code that imports from "latentgpu" alone, in which `openGpu` is `open`. Returns what each `console.log(…); // comment` printed,
 * in the order of the text. Throws what the code throws.
 */
export async function printedBy(code: string, open: () => Promise<latentgpu.Gpu> = openShared): Promise<Printed[]> {
  const line = /console\.log\((?=.*\);? \/\/ (.*))/g;
  const said = [...code.matchAll(line)].map(([, comment]) => comment!);
  let at = 0;
  const source = await moduleOf(code.replace(line, () => `print(${at++}, `));
  const { main } = (await import(
    /* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`
  )) as {
    main: (library: object, print: (line: number, ...values: unknown[]) => void) => Promise<void>;
  };
  const found: (readonly unknown[])[] = said.map(() => []);
  await main({ ...latentgpu, openGpu: open }, (index, ...values) => (found[index] = values));
  return said.map((comment, index) => ({ said: comment, found: found[index]! }));
}

/** The numbers of a text. */
export const numbersIn = (text: string): number[] =>
  (text.replaceAll("−", "-").match(/-?\d[\d.e-]*/g) ?? []).map(Number);

/** All values that were printed, arrays element by element. */
export const valuesOf = ({ found }: Printed): unknown[] =>
  found.flatMap((value) =>
    ArrayBuffer.isView(value)
      ? [...(value as Float32Array)]
      : Array.isArray(value)
        ? (value as unknown[]).flat()
        : [value],
  );
