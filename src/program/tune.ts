import type { Device } from "../device/device.ts";
import { checkOptions, LatentError } from "../device/errors.ts";
import { abortable, type CallProgress, checkCall, progressOf } from "../formats/call.ts";
import type { TypedArray } from "../graph/dtype.ts";
import type { Variants } from "../kernels/launch.ts";
import { Candidate, trialOf, type Trial, variantsOf } from "./candidate.ts";
import type { Engine } from "./engine.ts";
import { loadKernels } from "./launches.ts";
import { materialise } from "./prepare.ts";
import type { TuningStore } from "./tuningStore.ts";
import type { Graph, Value } from "./values.ts";

/** What tune may be asked for. */
export interface TuneOptions {
  /** Where choices are looked up before anything is measured, and kept afterwards: `browserTuning()` or `fileTuning()`. */
  readonly store?: TuningStore;
  /** Aborts the call, which then rejects with `signal.reason`. */
  readonly signal?: AbortSignal;
  /** Called as the call gets on, with times in seconds. */
  readonly onProgress?: (progress: TuneProgress) => void;
}

/** How far tune is: steps are classes, measured and to measure. */
export type TuneProgress = CallProgress;

/** One class of sizes and how its candidates did. */
export interface TunedClass {
  /** The class of work. */
  readonly class: string;
  /** What runs where nothing was chosen: one of the candidates, or null where it is none of them. */
  readonly default: string | null;
  /** The fastest of those that are right; null where the reference itself failed, and the default stays. */
  readonly chosen: string | null;
  /** Every kernel that was tried. */
  readonly candidates: readonly TunedCandidate[];
}

/** Milliseconds of one run, or why it may not be chosen. */
export type TunedCandidate =
  { readonly name: string; readonly ms: number } | { readonly name: string; readonly error: string };

/** What tune measured. */
export interface TuneReport {
  /** What this call measured: nothing where every class had its choice. */
  readonly measured: readonly TunedClass[];
  /** Choices that came from the store. */
  readonly loaded: number;
  /** Why the store could not be read, used or written; null if all went well. */
  readonly storeError: LatentError | null;
}

/** Seconds that timed work lasts at least: fifty steps of a timestamp. */
const BLOCK = 5e-3;
const MOST_RUNS = 4096;
/** Candidates are measured in turn, so often; those slower than the best by a factor are dropped after some rounds. */
const ROUNDS = 6;
const ROUNDS_FOR_ALL = 2;
const HOPELESS = 2;

/** Measures the kernels that `graph` can choose from, for the classes that have no choice yet, and adopts the best. */
export async function tune(gpu: Engine, device: Device, graph: Graph, options: TuneOptions): Promise<TuneReport> {
  checkOptions("tune", options, ["store", "signal", "onProgress"]);
  const { store, signal, onProgress } = options;
  checkCall("tune", options);
  const [{ stored, storeError }] = await Promise.all([load(gpu, store), loadKernels(graph)]);
  const open = openClasses(graph, gpu).filter(({ variants }) => !stored.has(variants.class));
  const measured: TunedClass[] = [];
  const start = performance.now();
  for (const { variants, value } of open) {
    signal?.throwIfAborted();
    const trial = await trialOf(value, gpu);
    try {
      measured.push(await measure(gpu, device, trial, variants, signal));
    } finally {
      for (const input of trial.inputs) input.dispose();
    }
    onProgress?.(progressOf(start, measured.length, open.length));
  }
  // only now: a call that is aborted or fails changes nothing
  const best = measured.flatMap(({ class: name, chosen }) => (chosen === null ? [] : [[name, chosen] as const]));
  gpu.tuning.add(new Map([...stored, ...gpu.tuning.choices, ...best]));
  const unsaved = store && best.length ? await attempt(() => save(gpu, store)) : null;
  return { measured, loaded: stored.size, storeError: unsaved ?? storeError };
}

/** The work of a graph that has several kernels and no choice yet, once for each class. */
function openClasses(graph: Graph, gpu: Engine): { variants: Variants; value: Value }[] {
  const found = new Map<string, { variants: Variants; value: Value }>();
  for (const value of materialise(graph).values) {
    const variants = variantsOf(value, gpu.traits);
    if (!variants || gpu.tuning.choices.has(variants.class) || found.has(variants.class)) continue;
    found.set(variants.class, { variants, value });
  }
  return [...found.values()];
}

async function measure(
  gpu: Engine,
  device: Device,
  trial: Trial,
  { class: className, names, terms }: Variants,
  signal: AbortSignal | undefined,
): Promise<TunedClass> {
  const compiled = (choices: typeof gpu.traits.choices) => Candidate.compile(device, trial, { ...gpu.traits, choices });
  const compiling = names.map((name) => compiled(new Map([...gpu.traits.choices, [className, name]])));
  const unchosen = compiled(gpu.traits.choices).catch(() => null);
  await abortable(Promise.allSettled([...compiling, unchosen]), signal);
  const errors = new Map<string, string>();
  const timed: TimedCandidate[] = [];
  let standard: string | null = null;
  let reference: readonly TypedArray[] | null = null;
  for (const [i, name] of names.entries()) {
    signal?.throwIfAborted();
    try {
      const candidate = await compiling[i]!;
      if (candidate.text === (await unchosen)?.text) standard ??= name;
      if (i > 0 && !reference)
        throw new LatentError("numeric", `compare: nothing to compare with. ${names[0]} failed.`);
      const values = await candidate.values(signal);
      compare(values, reference ?? values, terms);
      reference ??= values;
      timed.push({ name, candidate, runs: 1, seconds: Infinity });
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      if (signal?.aborted || code === "device-lost" || code === "disposed") throw error;
      errors.set(name, message ?? String(error));
    }
  }
  const fastest = () => timed.reduce((least, { seconds }) => Math.min(least, seconds), Infinity);
  for (let round = 0; round < ROUNDS; round++)
    for (const one of timed) {
      signal?.throwIfAborted();
      if (round < ROUNDS_FOR_ALL || one.seconds <= HOPELESS * fastest()) await time(one, signal);
    }
  const candidates = names.map((name): TunedCandidate => {
    const one = timed.find((c) => c.name === name);
    return one ? { name, ms: 1000 * one.seconds } : { name, error: errors.get(name)! };
  });
  const best = timed.find(({ seconds }) => seconds === fastest());
  return { class: className, default: standard, chosen: best?.name ?? null, candidates };
}

interface TimedCandidate {
  readonly name: string;
  readonly candidate: Candidate;
  /** As many as last long enough to be timed, as far as one knows. */
  runs: number;
  /** Of one run, the least so far: what disturbs a measurement only ever adds to it. */
  seconds: number;
}

async function time(one: TimedCandidate, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const seconds = await one.candidate.seconds(one.runs, signal);
    if (seconds * one.runs < BLOCK && one.runs < MOST_RUNS) one.runs *= 4;
    else return void (one.seconds = Math.min(one.seconds, seconds));
  }
}

/**
 * Throws LatentError("numeric") unless `values` agree with `reference` within the rounding of two float32 sums of so many
 * positive terms: 2 · min(k, 10 √k) · u relative, of which the first holds always and the second but for one sum in 10²⁰
 * (Higham and Mary, A new approach to probabilistic rounding error analysis, 2019).
 */
function compare(values: readonly TypedArray[], reference: readonly TypedArray[], terms: number): void {
  const allowed = 2 * Math.min(terms, 10 * Math.sqrt(terms)) * 2 ** -24;
  for (const [output, array] of values.entries())
    for (const [i, value] of array.entries()) {
      const expected = reference[output]![i]!;
      if (!(Math.abs(value - expected) <= allowed * Math.abs(expected)))
        throw new LatentError(
          "numeric",
          `compare: wrong in element ${i} of output ${output}. Expected ${expected} ± ${allowed * Math.abs(expected)}; got ${value}.`,
        );
    }
}

async function load(gpu: Engine, store: TuningStore | undefined) {
  let stored = new Map<string, string>();
  const storeError = await attempt(async () => {
    const text = await store?.load(gpu.tuning.key);
    if (text) stored = gpu.tuning.parse("tune", parsed(text));
  });
  return { stored, storeError };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LatentError("format", `tune: the stored table is no JSON. ${String(cause)}`, { cause });
  }
}

const save = (gpu: Engine, store: TuningStore) => store.save(gpu.tuning.key, JSON.stringify(gpu.tuning.export()));

/** What `work` throws. A store is a convenience: without it, everything is measured anew. */
async function attempt(work: () => Promise<void>): Promise<LatentError | null> {
  try {
    await work();
    return null;
  } catch (cause) {
    return cause instanceof LatentError
      ? cause
      : new LatentError("data", `tune: the store gave up. ${String(cause)}`, { cause });
  }
}
