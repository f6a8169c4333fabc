// EM on Dawn in Node, beside scikit-learn on the same machine.

import { pollOnceAMillisecond } from "../../src/app/command/poll.ts";
import { GaussianMixture, type Gpu } from "../../src/index.ts";
import { openNodeGpu } from "../../src/node.ts";
import { interleave, statistics } from "../harness.ts";
import { openPeaks } from "../peaks.ts";
import { type EmCase, emCaseName, emCases, emInputs, mixtureStart, type EmStart } from "./cases.ts";
import { checkEqual, type Course, type EmResult, emTable, type Peer } from "./table.ts";

/** What is asked for. */
export interface Request {
  /** Parts of a case's name; all where none is given. */
  readonly only: readonly string[];
  readonly iterations: number;
  /** Rows at most, to see that all works. */
  readonly rows: number;
  /** Whether fits from nothing are timed as well. */
  readonly wholeFit: boolean;
}

/** What runs peer.py on a case; null where there is no scikit-learn. */
export type AskPeer = (one: EmCase, arrays: { readonly [name: string]: Float32Array }) => Promise<Peer | null>;

/** Multiply-adds of the adapter in a second, as operations. */
async function peakOf(gpu: Gpu): Promise<number> {
  const { create } = await import("webgpu");
  const adapter = await create([]).requestAdapter({ powerPreference: "high-performance" });
  const peaks = await openPeaks(adapter!, gpu.info.software);
  const fma = peaks.all.find(({ name }) => name === "fma")!;
  const [timing] = await interleave([fma], { rounds: 7, blockSeconds: 0.3, boxSeconds: 20 });
  peaks.dispose();
  return (1000 * fma.amount) / statistics(timing!.samples).median;
}

/** Our iterations from the start, and a fit from nothing. */
async function ownCourse(
  gpu: Gpu,
  { rows, features, components, covariance, rank }: EmCase,
  values: Float32Array<ArrayBuffer>,
  start: EmStart,
  { iterations, wholeFit }: Request,
): Promise<Course> {
  using x = gpu.tensor(values, [rows, features]);
  const options = { components, covariance, ...(rank ? { rank } : {}), regularization: 1e-6, tolerance: 0 };
  const ends: [iteration: number, seconds: number][] = [];
  const onProgress = ({ step }: { readonly step: number }): void => void ends.push([step, performance.now() / 1000]);
  // one more comes first: it compiles
  const more = { maxIterations: iterations + 1, init: mixtureStart(start), onProgress };
  using model = await GaussianMixture.fit(x, { ...options, ...more });
  const seconds = ends.slice(1).map(([step, at], i) => (at - ends[i]![1]) / (step - ends[i]![0]));
  if (seconds.length === 0)
    throw new Error("em: too few iterations were told of to time one. Raise --iterations or --rows.");
  const logProb = [...model.history];
  if (!wholeFit) return { seconds, logProb };
  const began = performance.now();
  (await GaussianMixture.fit(x, { ...options, maxIterations: iterations, init: "k-means++" })).dispose();
  return { seconds, logProb, fitSeconds: (performance.now() - began) / 1000 };
}

/** Runs the cases; returns the table. `ask` runs before ours, so that neither has the other beside it. */
export async function em(request: Request, ask: AskPeer, say: (line: string) => void): Promise<string> {
  const chosen = emCases
    .map((one) => ({ ...one, rows: Math.min(one.rows, request.rows) }))
    .filter((one) => request.only.length === 0 || request.only.some((part) => emCaseName(one).includes(part)));
  if (chosen.length === 0)
    throw new Error(`em: no case contains ${request.only.join(" or ")}. Expected a part of ${emCases.map(emCaseName).join("; ")}.`); // prettier-ignore
  pollOnceAMillisecond();
  const gpu = await openNodeGpu();
  try {
    const peakFlops = await peakOf(gpu);
    say(`${gpu.info.description}: ${(peakFlops / 1e9).toFixed(1)}e9 operations a second in multiply-adds alone`);
    const results: EmResult[] = [];
    for (const one of chosen) {
      say(emCaseName(one));
      const { x, start } = emInputs(one);
      const peer = await ask(one, { x, ...start });
      say(peer ? `  scikit-learn ${peer.version}, ${peer.threads} threads: done` : "  no scikit-learn");
      const own = await ownCourse(gpu, one, x, start, request);
      if (peer) checkEqual(emCaseName(one), own.logProb, peer.logProb);
      results.push({ one, own, peer, peakFlops });
    }
    const software = gpu.info.software ? ", a software adapter on the same CPU" : "";
    const peers = [...new Set(results.flatMap(({ peer }) => (peer ? [`scikit-learn ${peer.version}`] : [])))];
    return `${[`latentgpu on ${gpu.info.description}${software}`, ...peers].join("; ")}\n\n${emTable(results)}`;
  } finally {
    gpu.dispose();
  }
}
