// book — builds the book: the lessons of src/app/book, which run in their pages, and every export with its comment, as static files in
// dist/book.
import { join } from "node:path";
import { Application } from "typedoc";
import { addPrograms, lessons } from "./lesson/build.mjs";
import { root, tell } from "./nodeProgram.mjs";

const entries = ["index", "node", "formats"].map((name) => join(root, "src", `${name}.ts`));

const out = join(root, "dist/book");

async function main() {
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entries,
    tsconfig: join(root, "tsconfig.json"),
    name: "latentgpu",
    readme: join(root, "README.md"),
    projectDocuments: lessons,
    sort: ["kind", "instance-first", "alphabetical-ignoring-documents"],
    out,
    excludeInternal: true,
    excludePrivate: true,
    disableSources: true,
    // types are checked by `npm run check`, with settings of its own
    skipErrorChecking: true,
    // constants whose names are types: the types list them
    intentionallyNotExported: ["types", "KERNELS", "NAMES", "NUMBERS"],
    // a broken link, and a type that a signature mentions and nobody exports, are errors
    treatWarningsAsErrors: true,
    logLevel: "Warn",
  });
  const project = await app.convert();
  if (project) {
    app.validate(project);
    await app.generateOutputs(project);
  }
  if (!project || app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error("book: not all is well with the book. Each fault is named above.");
  tell(`dist/book/index.html; lessons that run in their pages: ${(await addPrograms(out)).join(", ")}`);
}

await main().catch((error) => {
  tell(error.message);
  process.exitCode = 1;
});
