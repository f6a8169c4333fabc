import type { CallProgress } from "../../formats/call.ts";
import { check } from "../../formats/errors.ts";
import { type Gpu, Moments, type Score, version } from "../../index.ts";
import { asGiven, featuresOf } from "./features.ts";
import type { Features } from "./networks.ts";
import { checkAlike, gather, type Gathered } from "./gather.ts";
import { type Conditions, type Entry, measuresOf, titleOf } from "./measures.ts";
import { type ScoringContext, fitOn, openedGpu, type Plan, readingOf } from "./context.ts";
import { sourceOf } from "./openSource.ts";
import type { Reading, Source } from "./source.ts";
import type { Line, ScoreReport } from "./report.ts";
import { checkSameFeatures, isStatistics, readStatistics } from "./statistics.ts";
import { checkUsage, wholeOption, type Words } from "./words.ts";

const where = "score";

/** A set on its way: its source, or moments that a file has. */
interface Input {
  readonly path: string;
  readonly source?: Source;
  readonly gathered?: Gathered;
}

/** A set that was read: what is kept of it, and where it came from, unless from statistics. */
export interface ScoredSet {
  readonly gathered: Gathered;
  readonly source: Source | undefined;
}

/** Who hears of a run. */
export interface Listener {
  /** A number, as soon as it is there; `text` says it with its conditions. */
  found(line: Line, text: string): void;
  /** All that was found: at the end, and where the run was ended as well. */
  ended(report: ScoreReport): Promise<void> | void;
  /** Whether rows of these sources shall be kept, for `compared`. */
  readonly keepsRows?: (sources: readonly Source[]) => boolean;
  /** The sets, once all numbers are told. */
  compared?(sets: readonly ScoredSet[], run: Pick<Conditions, "gpu" | "signal" | "seed">): Promise<void>;
}

/** Scores generated samples against real ones, and tells each number as it is found. */
export async function scoring(words: Words, context: ScoringContext, listener: Listener): Promise<void> {
  const entries = measuresOf(where, words.options.get("measures") ?? "fid,kid,pr");
  const realPath = words.options.get("real");
  const needing = entries.find(({ isPair }) => isPair);
  checkUsage(
    realPath !== undefined || needing === undefined,
    where,
    () => `--real is missing, and ${needing!.key} compares with it.`,
  );
  const seed = wholeOption(where, words, "seed", 0, 0xffffffff) ?? 0;
  const batch = wholeOption(where, words, "batch", 1, 65536) ?? 32;
  const count = wholeOption(where, words, "count", 1, Number.MAX_SAFE_INTEGER);
  const plan = readingOf(where, words);
  const { signal, terminal, files } = context;

  const gpu = await openedGpu(context);
  const features = await featuresOf(where, gpu, files, words.options.get("features"));
  try {
    const reading = { ...plan, ...fitOn(gpu, plan) };
    const inputs: Input[] = [];
    for (const path of [words.operands[0]!, ...(realPath === undefined ? [] : [realPath])])
      inputs.push(await inputOf(context, path, reading, count));
    const [generated, real] = inputs as [Input, Input | undefined];
    checkNeeds(entries, inputs, features);
    const sources = inputs.flatMap(({ source }) => source ?? []);
    const keepsRows = listener.keepsRows?.(sources) === true;
    const sets = {
      generated: await gathered(generated, "generated", keepsRows),
      ...(real && { real: await gathered(real, "real", keepsRows) }),
    };
    if (generated.source && real?.source) checkAlike(where, real.source, generated.source);
    const name = namesOf(sets.generated, sets.real, features, real?.path ?? "");
    const lines: Line[] = [];
    const report = (): ScoreReport => ({
      command: where,
      version,
      complete: lines.length === entries.length,
      adapter: adapterOf(gpu),
      features: { name: name.name, ...(features.checksum && { checksum: features.checksum }) },
      conditions: { ...conditionsOf(plan), seed },
      sets: Object.fromEntries(
        inputs.map(({ path, source }, i) => [
          i === 0 ? "generated" : "real",
          {
            path,
            kind: source?.kind ?? "statistics",
            n: (i === 0 ? sets.generated : sets.real!).count,
            skipped: source?.skipped ?? [],
            warnings: source?.warnings ?? [],
          },
        ]),
      ),
      scores: lines,
    });
    try {
      for (const warning of sources.flatMap(({ warnings }) => warnings)) terminal.say(`warning  ${warning}`);
      for (const entry of entries) {
        signal.throwIfAborted();
        const onProgress = (progress: CallProgress) => terminal.progress(`measuring ${entry.key}`, progress);
        const options: Conditions = { gpu, seed, features: name.name, signal, onProgress };
        const found = await measured(entry, sets.generated, sets.real, options);
        const line = { key: entry.key, title: titleOf(entry, name), ...jsonOf(found) } as Line;
        lines.push(line);
        listener.found(line, textOf(found));
      }
    } finally {
      await listener.ended(report());
    }
    const both = inputs.map(({ source }, i) => ({ source, gathered: i === 0 ? sets.generated : sets.real! }));
    await listener.compared?.(both, { gpu, seed, signal });
  } finally {
    features.dispose();
  }

  async function gathered({ source, gathered: given }: Input, set: string, keepsRows: boolean): Promise<Gathered> {
    if (given) return given;
    const asked = entries.filter(({ isPair }) => set === "generated" || isPair);
    const isWanted = (what: Entry["needs"]) => asked.some(({ needs }) => needs === what);
    const found = await gather(where, source!, {
      gpu,
      features,
      batch,
      wanted: {
        moments: isWanted("moments"),
        rows: keepsRows || isWanted("rows"),
        probabilities: isWanted("probabilities"),
        spatial: isWanted("spatial"),
      },
      signal,
      onProgress: (progress) => terminal.progress(`reading ${set}`, progress),
    });
    for (const { file, reason } of source!.skipped) terminal.say(`skipped  ${file}: ${reason}`);
    return found;
  }
}

const adapterOf = ({ info: { features: _features, limits: _limits, ...info } }: Gpu): ScoreReport["adapter"] => info;

const conditionsOf = ({ channels, size }: Plan) => ({
  pixels: "from 0 to 1",
  channels: channels === undefined ? "as in the files" : String(channels),
  resize: size ? `${size.join("x")}, bicubic with antialiasing (PIL's), cut to 0 … 1` : "none",
});

async function inputOf(
  { files }: ScoringContext,
  path: string,
  reading: Reading,
  count: number | undefined,
): Promise<Input> {
  const file = `${where} ${path}`;
  if ((await files.kindOf(where, path)) === "file") {
    check(!/\.(pt|pth)$/i.test(path), "unsupported", file, () => {
      return 'PyTorch\'s own files are not read. Save the statistics as npz: numpy.savez(file, mu=d["mu"], sigma=d["sigma"]).';
    });
    const bytes = await files.bytes(where, path);
    if (isStatistics(file, bytes)) {
      const { moments, classes, features } = readStatistics(file, bytes, count);
      return {
        path,
        gathered: { count: moments.count, features, moments, ...(classes && { probabilities: classes }) },
      };
    }
  }
  return { path, source: await sourceOf(where, files, path, reading) };
}

/** What a network may give beside features, and which does. */
const OUTPUTS = {
  probabilities: ["class probabilities", "a classifier"],
  spatial: ["spatial features", "the Inception network"],
} as const;

/** Throws LatentError("argument") where a measure cannot be had from what was given, before anything is read. */
function checkNeeds(entries: readonly Entry[], inputs: readonly Input[], features: Features): void {
  for (const { key, needs, isPair } of entries) {
    const file = inputs.slice(0, isPair ? 2 : 1).find(({ gathered: given }) => given !== undefined);
    check(file === undefined || file.gathered![needs] !== undefined, "argument", where, () => {
      const remedy = needs === "probabilities" ? "run stats with --classes" : "--measures fid";
      return `${key} needs samples, and ${file!.path} holds statistics. Expected a folder or arrays, or ${remedy}.`;
    });
    if (file) continue;
    if (needs !== "probabilities" && needs !== "spatial") continue;
    check(features[needs] !== undefined, "argument", where, () => {
      const [what, network] = OUTPUTS[needs];
      return `${key} needs ${what}, and ${features.name} give none. Give --features with ${network}.`;
    });
    const rows = inputs.slice(0, isPair ? 2 : 1).find(({ source }) => source?.isImages === false);
    check(rows === undefined, "argument", where, () => `${key} needs images, and ${rows!.path} holds rows.`);
  }
}

/** What the features of both sets are called. Throws LatentError("argument") where they differ. */
function namesOf(generated: Gathered, real: Gathered | undefined, features: Features, file: string) {
  if (real) checkSameFeatures(where, generated.features, real.features, file);
  const name = generated.features || real?.features || asGiven.name;
  return { name, isInception: features.isInception && name === features.name };
}

async function measured(
  entry: Entry,
  generated: Gathered,
  real: Gathered | undefined,
  options: Conditions,
): Promise<Score> {
  const of = entry.of as (generated: unknown, real: unknown, options: Conditions) => Promise<Score>;
  return of(generated[entry.needs], real?.[entry.needs], options);
}

/** A score without its name: the title stands before it. */
const textOf = (found: Score): string => String(found).slice(found.measure.length + 1);

/** A score as JSON can hold it: arrays of numbers up to a few, and no moments. */
function jsonOf(found: Score): { readonly [name: string]: unknown } {
  const isShort = (value: unknown): boolean =>
    !(ArrayBuffer.isView(value) || Array.isArray(value)) || (value as ArrayLike<number>).length <= 64;
  return Object.fromEntries(
    Object.entries(found)
      .filter(([, value]) => isShort(value) && !(value instanceof Moments))
      .map(([name, value]) => [name, ArrayBuffer.isView(value) ? [...(value as Float64Array)] : value]),
  );
}
