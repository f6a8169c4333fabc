// studio — trains the models that the page plays with on MNIST, on Dawn in Node, and writes them to src/app/studio/models.
import { join } from "node:path";
import { interruption, programOf, root, tell } from "./nodeProgram.mjs";

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
  const { writeModels } = await programOf("studio");
  const signal = interruption("studio:models");
  await writeModels({ models, folder: join(root, "src/app/studio/models"), signal, tell });
}

await main(process.argv.slice(2)).catch((error) => {
  tell(error.message);
  process.exitCode = 1;
});
