import { LatentError } from "../../formats/errors.ts";
import { type Gpu, version } from "../../index.ts";
import { merge } from "./merge.ts";
import { nodeFiles, openDawn } from "./node.ts";
import { score } from "./score.ts";
import { stats } from "./stats.ts";
import { commands } from "./table.ts";
import { type Stream, terminal } from "./terminal.ts";
import { checkUsage, helpOf, USAGE, wordsOf } from "./words.ts";

/** What a process ends with. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const runs = { score, stats, merge };

const overview = (): string =>
  [
    "npx latentgpu COMMAND …",
    "",
    ...Object.values(commands).map(({ usage, summary }) => `  ${usage}\n      ${summary}`),
    "",
    "  COMMAND --help   says all of a command",
    "  --version        prints the version",
    "",
  ].join("\n");

/** Runs the command that `words` name, to its exit code. `open` gives it an engine, which ends with the command. */
export async function run(
  words: readonly string[],
  streams: { out: Stream; err: Stream; signal: AbortSignal; open?: () => Promise<Gpu> },
): Promise<number> {
  const { out, err, signal, open = openDawn } = streams;
  const gpus: Gpu[] = [];
  try {
    const [name, ...rest] = words;
    if (name === "--version" || name === "-v") return said(out, `${version}\n`);
    if (name === "--help" || name === "-h" || name === "help") return said(out, overview());
    checkUsage(name !== undefined && Object.hasOwn(commands, name), "latentgpu", () => {
      return `unknown command. Expected ${Object.keys(commands).join(", ")} or --help; got ${name === undefined ? "none" : JSON.stringify(name)}.`;
    });
    const command = commands[name as keyof typeof commands];
    const asked = wordsOf(command, rest);
    if (asked.options.has("help")) return said(out, helpOf(command));
    await runs[name as keyof typeof runs](asked, {
      out,
      signal,
      files: nodeFiles,
      open,
      terminal: terminal(err, asked.options.has("quiet")),
      own: (gpu) => gpus.push(gpu),
    });
    return EXIT.done;
  } catch (error) {
    terminal(err, true).clear();
    if (signal.aborted) {
      err.write("interrupted\n");
      return EXIT.interrupted;
    }
    if (!(error instanceof LatentError)) throw error;
    err.write(`${error.message}\n`);
    return error.cause === USAGE ? EXIT.usage : EXIT.failed;
  } finally {
    for (const gpu of gpus) gpu.dispose();
  }
}

function said(out: Stream, text: string): number {
  out.write(text);
  return EXIT.done;
}
