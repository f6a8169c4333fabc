// studio — trains the models that the page plays with on MNIST, on Dawn in Node, and writes them to src/app/studio/models.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

const names = ["vae", "gaussian", "mixture"];

/** The models after `--models`, all without it. Throws with what was expected on anything else. */
function modelsOf(words) {
  if (words.length === 0) return names;
  const models = words[1]?.split(",") ?? [];
  if (words[0] !== "--models" || words.length !== 2 || !models.every((name) => names.includes(name))) {
    throw new Error(
      `studio:models: unknown arguments. Expected nothing or --models ${names.join(",")}; got ${words.join(" ")}.`,
    );
  }
  return models;
}

async function main(words) {
  const models = modelsOf(words);
  const folder = join(root, "dist/studio");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, "main.js");
  // packages stay where they are: Dawn is a native addon
  await build({
    entryPoints: [join(root, "src/app/studio/main.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "error",
    target: "es2022",
  });
  const { writeModels } = await import(pathToFileURL(outfile).href);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => stop.abort(new Error("studio:models: stopped.")));
  await writeModels({
    models,
    folder: join(root, "src/app/studio/models"),
    signal: stop.signal,
    tell: (text) => process.stderr.write(`${text}\n`),
  });
}

await main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
