import { readFile, rm } from "node:fs/promises";
import { checkFinite, rowsOf } from "../../data/rows.ts";
import { check } from "../../formats/errors.ts";
import { crc32 } from "../../formats/crc32.ts";
import { classRows, Moments } from "../../index.ts";
import { writeFileWhole } from "../../node.ts";
import { asGiven, featuresOf } from "./features.ts";
import { eachPart } from "./gather.ts";
import { type CommandContext, fitOn, openedGpu, readingOf } from "./context.ts";
import { sourceOf } from "./openSource.ts";
import type { Source } from "./source.ts";
import { readStatistics, type Statistics, writeStatistics } from "./statistics.ts";
import { checkUsage, neededOption, wholeOption, type Words } from "./words.ts";

const where = "stats";

/** Writes the moments of a set's features; an interrupted run leaves those so far in OUT.partial. */
export async function stats(words: Words, context: CommandContext): Promise<void> {
  const output = neededOption(where, words, "output");
  const batch = wholeOption(where, words, "batch", 1, 65536) ?? 32;
  const plan = { ...readingOf(where, words), shard: shardOf(words.options.get("shard")) };
  const partial = `${output}.partial`;
  const resumes = words.options.has("resume");
  const gpu = await openedGpu(context);
  const features = await featuresOf(where, gpu, context.files, words.options.get("features"));
  const wantsClasses = words.options.has("classes");
  const [stream, classStream] = [Moments.streaming(), Moments.streaming()];
  try {
    const source = await sourceOf(where, context.files, words.operands[0]!, { ...plan, ...fitOn(gpu, plan) });
    const name = source.isImages ? features.name : asGiven.name;
    check(!wantsClasses || (source.isImages && features.probabilities !== undefined), "argument", where, () => {
      return `--classes needs images and a classifier; got ${source.isImages ? features.name : "rows"}. Give --features with one.`;
    });
    const list = listOf(source, words);
    const earlier = resumes ? await earlierOf(partial, list, name) : undefined;
    let position = earlier?.position ?? 0;
    let count = 0;
    const joined = async (fresh: typeof stream, found: Moments | undefined): Promise<Moments> => {
      if (count === 0) return found ?? Moments.empty(1);
      const moments = await fresh.result();
      return found ? moments.merge(found) : moments;
    };
    /** Everything so far. */
    const sofar = async (): Promise<Pick<Statistics, "moments" | "classes">> => ({
      moments: await joined(stream, earlier?.moments),
      classes: wantsClasses ? await joined(classStream, earlier?.classes) : undefined,
    });
    try {
      const gathering = {
        gpu,
        features,
        batch,
        wanted: { moments: true, rows: false, probabilities: wantsClasses, spatial: false },
        signal: context.signal,
        onProgress: (progress: Parameters<typeof context.terminal.progress>[1]) =>
          context.terminal.progress("reading", progress),
      };
      await eachPart(
        where,
        source,
        gathering,
        async (part) => {
          if (part.probabilities) {
            // a part goes into both sums or into neither: one that is half in would be counted again by --resume
            for (const values of [part.x, part.probabilities]) await checkFinite(where, rowsOf(where, values));
          }
          await stream.update(part.x);
          if (part.probabilities) {
            const classes = gpu.within(() => classRows(part.probabilities!));
            await classStream.update(classes).finally(() => classes.dispose());
          }
          count += part.x.shape[0]!;
          position = part.position;
        },
        position,
      );
    } catch (error) {
      const sums = await sofar();
      if (sums.moments.count >= 2) {
        await writeFileWhole(partial, writeStatistics({ ...sums, features: name, position, list }));
        context.terminal.say(
          `kept     ${sums.moments.count} samples in ${partial}; the same command with --resume goes on.`,
        );
      }
      throw error;
    }
    const { moments, classes } = await sofar();
    for (const { file, reason } of source.skipped) context.terminal.say(`skipped  ${file}: ${reason}`);
    for (const warning of source.warnings) context.terminal.say(`warning  ${warning}`);
    check(
      moments.count >= 2,
      "data",
      `${where} ${source.path}`,
      () => `too few samples. Expected at least 2; got ${moments.count}.`,
    );
    await writeFileWhole(output, writeStatistics({ moments, classes, features: name }));
    await rm(partial, { force: true });
    context.terminal.clear();
    context.out.write(`${output}: ${moments.count} samples, ${moments.dim} features (${name})\n`);
  } finally {
    stream.dispose();
    classStream.dispose();
    features.dispose();
  }
}

/** `3/8` as { first: 2, of: 8 }. */
function shardOf(text: string | undefined): { first: number; of: number } | undefined {
  if (text === undefined) return undefined;
  const [, i, n] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const [first, of] = [Number(i) - 1, Number(n)];
  checkUsage(
    first >= 0 && first < of,
    where,
    () => `--shard is out of range. Expected i/n with 1 ≤ i ≤ n; got ${JSON.stringify(text)}.`,
  );
  return { first, of };
}

/** Tells one set, and what is asked of it, from another: a partial file belongs to one of them. */
function listOf(source: Source, words: Words): number {
  const asked = [...words.options].filter(([name]) => !["output", "resume", "quiet", "batch"].includes(name));
  asked.sort(([a], [b]) => (a < b ? -1 : 1));
  return crc32(new TextEncoder().encode(JSON.stringify([source.path, source.kind, source.total, asked])));
}

async function earlierOf(partial: string, list: number, features: string): Promise<Statistics> {
  const bytes = await readFile(partial).catch(() => undefined);
  check(bytes !== undefined, "argument", where, () => `nothing to resume. Expected ${partial}; found none.`);
  const found = readStatistics(`${where} ${partial}`, bytes, undefined);
  const fits = found.list === list && found.features === features && Number.isSafeInteger(found.position);
  check(fits, "argument", where, () => `${partial} belongs to another run. Expected the same images and options.`);
  return found;
}
