// Code of a Markdown text as a program that is given the library, so that a page and Node run the same.
import { transform } from "esbuild";

/** The blocks of TypeScript of a Markdown text, in order: what stands after "ts" at the fence, and the code. */
export const blocksOf = (markdown) =>
  [...markdown.matchAll(/^```ts ?(.*)\n([^]*?)^```$/gm)].map(([, kind, code]) => ({ kind, code }));

/** A module that exports `main(latentgpu, print)`, of code that imports from "latentgpu" alone, a line each. */
export async function moduleOf(code) {
  const body = code.replace(
    /^import \{(.*)\} from "latentgpu";.*$/gm,
    (_, names) => `const {${names.replace(/type \w+,?/g, "")}} = latentgpu;`,
  );
  const contents = `export async function main(latentgpu, print) {\n${body}}`;
  return (await transform(contents, { loader: "ts", format: "esm", target: "es2022" })).code;
}
