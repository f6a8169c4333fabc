import { writeFileWhole } from "../../node.ts";
import type { CommandContext } from "./context.ts";
import { scoring } from "./scoring.ts";
import type { Words } from "./words.ts";

/** Scores generated samples against real ones; prints each number as it is found, and writes all to the file of `--json`. */
export function score(words: Words, context: CommandContext): Promise<void> {
  const json = words.options.get("json");
  return scoring(words, context, {
    found({ title }, text) {
      context.terminal.clear();
      context.out.write(`${title}: ${text}\n`);
    },
    async ended(report) {
      if (json === undefined) return;
      await writeFileWhole(json, new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`));
    },
  });
}
