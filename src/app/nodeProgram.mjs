// What commands that compute in Node share: their TypeScript as a module, and a signal that ends them.
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

/** The repository's folder. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The module src/app/<name>/main.ts, bundled to dist/<name>/main.js. Packages stay where they are: Dawn is a native addon. */
export async function programOf(name) {
  const outfile = join(root, "dist", name, "main.js");
  await build({
    entryPoints: [join(root, "src/app", name, "main.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "error",
    target: "es2022",
  });
  return import(pathToFileURL(outfile).href);
}

/** A signal that Ctrl-C or an end from outside aborts, in the name of `command`. */
export function interruption(command) {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => stop.abort(new Error(`${command}: stopped.`)));
  return stop.signal;
}

/** One line on the error stream, which results stay out of. */
export const tell = (text) => process.stderr.write(`${text}\n`);
