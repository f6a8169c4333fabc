import { check } from "../../formats/errors.ts";
import { progressOf } from "../../formats/call.ts";
import type { Moments } from "../../index.ts";
import { writeFileWhole } from "../../node.ts";
import type { CommandContext } from "./context.ts";
import { checkSameFeatures, isStatistics, readStatistics, writeStatistics } from "./statistics.ts";
import { neededOption, wholeOption, type Words } from "./words.ts";

const where = "merge";

/** Adds up statistics files, one in memory at a time. */
export async function merge(words: Words, context: CommandContext): Promise<void> {
  const output = neededOption(where, words, "output");
  const count = wholeOption(where, words, "count", 1, Number.MAX_SAFE_INTEGER);
  const began = performance.now();
  let moments: Moments | undefined;
  let classes: Moments | undefined;
  let features = "";
  for (const [i, path] of words.operands.entries()) {
    context.signal.throwIfAborted();
    const file = `${where} ${path}`;
    const bytes = await context.files.bytes(where, path);
    check(
      isStatistics(file, bytes),
      "format",
      file,
      () => "no statistics. Expected an npz file with mu and sigma, as stats writes it.",
    );
    const found = readStatistics(file, bytes, count);
    checkSameFeatures(where, features, found.features, path);
    check(
      found.position === undefined,
      "argument",
      file,
      () => "the file was left by an interrupted run. Resume that run first.",
    );
    features ||= found.features;
    check(moments === undefined || moments.dim === found.moments.dim, "shape", file, () => {
      return `features differ in number. Expected ${moments!.dim} as in ${words.operands[0]}; got ${found.moments.dim}.`;
    });
    check(moments === undefined || (classes === undefined) === (found.classes === undefined), "argument", file, () => {
      return `class moments are in some files only. Expected ${classes ? "them" : "none"} as in ${words.operands[0]}. Run stats alike, with --classes or without.`;
    });
    check(classes?.dim === found.classes?.dim || moments === undefined, "shape", file, () => {
      return `classes differ in number. Expected ${classes!.dim - 1} as in ${words.operands[0]}; got ${found.classes!.dim - 1}.`;
    });
    moments = moments ? moments.merge(found.moments) : found.moments;
    classes = classes ? classes.merge(found.classes!) : found.classes;
    context.terminal.progress("merging", progressOf(began, i + 1, words.operands.length));
  }
  await writeFileWhole(output, writeStatistics({ moments: moments!, classes, features }));
  context.terminal.clear();
  context.out.write(
    `${output}: ${moments!.count} samples of ${words.operands.length} files, ${moments!.dim} features\n`,
  );
}
