// start — serves the page to the Chrome of whoever runs it: `npm start`, or `npm start -- --port 9000`.
import { buildPageBench } from "./bench.mjs";
import { buildPages } from "./build.mjs";
import { serve } from "./server.mjs";

const DEFAULT = 8080;

/** The port after `--port`, or undefined. Throws for anything else that was typed. */
function portOf(words) {
  if (words.length === 0) return undefined;
  const port = Number(words[1]);
  if (words[0] !== "--port" || words.length !== 2 || !Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`start: unknown arguments. Expected nothing or --port <0 … 65535>; got ${words.join(" ")}.`);
  }
  return port;
}

async function main() {
  const asked = portOf(process.argv.slice(2));
  await Promise.all([buildPages(), buildPageBench()]);
  // a port that was asked for must be free; the usual one may be taken by another program
  const usual = () => serve({ port: DEFAULT }).catch(() => serve());
  const server = asked === undefined ? await usual() : await serve({ port: asked });
  process.stdout.write(`latentgpu is served at ${server.url} (Ctrl-C ends it)\n`);
  const end = () => void server.close();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);
}

await main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
