// Makes the book's lessons run in their pages: each lesson's program, the engine, and a script that shows what a program prints.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { root } from "../nodeProgram.mjs";
import { blocksOf, moduleOf } from "./program.mjs";

const folder = join(root, "src/app/book");

/** The lessons' files, in order. */
export const lessons = readdirSync(folder)
  .filter((name) => name.endsWith(".md"))
  .sort((a, b) => parseInt(a) - parseInt(b))
  .map((name) => join(folder, name));

/**
 * The program of a lesson as a module that exports `main(latentgpu, print)`, or null where it has none that runs in a page. Blocks of TypeScript are
 * numbered as they stand, those that do not run as well. `main` calls `print(block)` where a block begins, and `print(block, ...values)` for each line
 * that it prints.
 */
export async function programOf(markdown) {
  const runs = blocksOf(markdown).flatMap(({ kind, code }, i) =>
    kind ? [] : [`print(${i});\n${code.replaceAll("console.log(", `print(${i}, `)}`],
  );
  return runs.length > 0 ? moduleOf(runs.join("\n")) : null;
}

/** Adds to a book in `book` what makes its lessons run. Returns the numbers of those that do. */
export async function addPrograms(book) {
  const out = join(book, "lessons");
  await build({
    absWorkingDir: root,
    entryPoints: ["src/app/lesson/run.ts"],
    outdir: out,
    bundle: true,
    splitting: true,
    chunkNames: "parts/[name]-[hash]",
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
  });
  const pages = readdirSync(join(book, "documents"));
  const running = [];
  for (const file of lessons) {
    const number = parseInt(basename(file));
    const program = await programOf(readFileSync(file, "utf8"));
    if (!program) continue;
    writeFileSync(join(out, `${number}.js`), program);
    const name = pages.find((page) => page.startsWith(`${number}._`));
    if (!name) throw new Error(`book: no page for lesson ${number}. Expected documents/${number}._….html.`);
    const page = join(book, "documents", name);
    const text = readFileSync(page, "utf8");
    if (!text.includes("</body>")) throw new Error(`book: ${name} has no </body> for a script to stand before.`);
    const script = `<script type="module" src="../lessons/run.js?lesson=${number}"></script>`;
    writeFileSync(
      page,
      text.replace("</body>", () => `${script}</body>`),
    );
    running.push(number);
  }
  return running;
}
