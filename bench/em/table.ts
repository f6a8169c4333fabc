// What was found of EM, as text; and whether both sides computed the same.

import { statistics } from "../harness.ts";
import { type EmCase, emCaseName, emFlops } from "./cases.ts";

/** One side's iterations. */
export interface Course {
  /** Of each iteration. */
  readonly seconds: readonly number[];
  /** Mean log-likelihood in nats before each M step, from the first on. */
  readonly logProb: readonly number[];
  /** Of a fit from nothing, k-means++ included. */
  readonly fitSeconds?: number;
}

/** What peer.py answers. */
export interface Peer {
  readonly version: string;
  /** Of its BLAS; 0 where that is not known. */
  readonly threads: number;
  readonly float64?: Course;
  readonly float32?: Course;
  /** In float64. */
  readonly logProb: readonly number[];
}

/** A case and what was found of it. */
export interface EmResult {
  readonly one: EmCase;
  readonly own: Course;
  /** Null without scikit-learn. */
  readonly peer: Peer | null;
  /** Multiply-adds count two. */
  readonly peakFlops: number;
}

/** Means over many rows keep 2e-6 in f32; steps after the first start from parameters that differ by as much. */
export const SLACK = 1e-5;

/** Throws an Error where the log-likelihoods of both sides differ, by the number of the iteration. */
export function checkEqual(name: string, own: readonly number[], theirs: readonly number[]): void {
  for (const [iteration, value] of theirs.slice(0, Math.max(1, own.length)).entries()) {
    const found = own[iteration] ?? NaN;
    if (!(Math.abs(found - value) <= SLACK * Math.abs(value)))
      throw new Error(
        `${name}: log-likelihoods differ before iteration ${iteration + 1}. Expected ${value} nats, ${SLACK} relative; got ${found}.`,
      );
  }
}

const median = (values: readonly number[]): number => statistics(values).median;
const short = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const times = (theirs: number | undefined, own: number | undefined): string =>
  theirs === undefined || own === undefined ? "–" : `${short(theirs / own)}×`;

/** The results as a Markdown table: seconds of an iteration are medians. */
export function emTable(results: readonly EmResult[]): string {
  const head = [
    "EM iteration",
    "latentgpu, s",
    "of the multiply-add peak",
    "scikit-learn f64, s",
    "f32, s",
    "as fast as f64",
    "as fast as f32",
    "log p(x)",
  ];
  const rows = results.map(({ one, own, peer, peakFlops }) => {
    const seconds = median(own.seconds);
    const [double, single] = [peer?.float64, peer?.float32].map((course) => course && median(course.seconds));
    return [
      emCaseName(one),
      short(seconds),
      `${((100 * emFlops(one)) / seconds / peakFlops).toFixed(1)} %`,
      ...[double, single].map((value) => (value === undefined ? "–" : short(value) + fullMark(one))),
      ...[double, single].map((value) => times(value, seconds)),
      `${own.logProb[0]!.toFixed(4)}${peer ? (peer.logProb.length > 1 ? ", equal" : ", equal at the start") : ", unchecked"}`,
    ];
  });
  const fits = results.filter(({ own }) => own.fitSeconds !== undefined);
  const lines = [
    head,
    head.map((_, at) => (at === 0 ? "---" : "---:")),
    ...rows,
    ...fits.map(({ one, own, peer }) => {
      const [double, single] = [peer?.float64?.fitSeconds, peer?.float32?.fitSeconds];
      const given = [double, single].map((value) => (value === undefined ? "–" : short(value) + fullMark(one)));
      const ratios = [double, single].map((value) => times(value, own.fitSeconds));
      return [`whole fit with k-means++: ${emCaseName(one)}`, short(own.fitSeconds!), "–", ...given, ...ratios, "–"];
    }),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** scikit-learn has no low-rank covariances: what stands there is of its full ones. */
const fullMark = ({ covariance }: EmCase): string => (covariance === "low-rank" ? " (full)" : "");
