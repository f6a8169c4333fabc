import { expect } from "vitest";
import {
  grad,
  logsumexp,
  mul,
  normalise,
  type Gpu,
  sin,
  softmax,
  square,
  sum,
  type Tensor,
  transpose,
} from "../src/index.ts";
import type { openNodeGpu } from "../src/node.ts";
import { hardwareDefaults, ramp } from "./helpers.ts";

/** Numbers up to 4 that repeat nowhere near. */
export const wave = (size: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: size }, (_, i) => 4 * Math.sin(i * 12.9898));

/** An engine as on a software adapter and one as on a GPU. */
export async function families(open: typeof openNodeGpu): Promise<[string, Gpu][]> {
  return [
    ["software", await open()],
    ["hardware", hardwareDefaults(await open())],
  ];
}

/** What takes an axis of a matrix. */
export type OfAxis = (x: Tensor, axis: number) => Tensor;

/** The same of rows that lie as columns: reductions and maps, in several launches. */
export const ofColumns =
  (op: OfAxis): OfAxis =>
  (x) => {
    const y = op(transpose(x), 0);
    return y.rank === 2 ? transpose(y) : y;
  };

/** Of few elements, of whole and of odd shares of the lanes, and too long for registers. */
const SIZES = [
  [70, 2],
  [5, 16],
  [3, 512],
  [67, 3],
  [33, 10],
  [9, 65],
  [2, 1030],
  [1, 4100],
] as const;

/** An op of a row in float64: its result y, and gᵀ·∂y/∂x by `vjp`. */
export type Reference = (row: readonly number[]) => {
  readonly y: readonly number[];
  readonly vjp: (g: readonly number[]) => number[];
};

/**
 * Expects `op` of rows within `limit` of `reference`, and its first two derivatives within 5e-5 of the largest of the reference's.
 */
export async function expectRows(
  gpu: Gpu,
  op: OfAxis,
  reference: Reference,
  limit: (value: number, extent: number) => number,
): Promise<void> {
  for (const [rows, extent] of SIZES) {
    const data = wave(rows * extent);
    const found = thrice(op, gpu.tensor(data, [rows, extent]));
    await gpu.evaluate(found);
    const [y, ...slopes] = await Promise.all(found.map((t) => t.read()));
    const all = Array.from({ length: rows }, (_, r) => [...data.subarray(r * extent, (r + 1) * extent)]);
    const want = all.flatMap((row) => reference(row).y);
    const off = want.findIndex((v, i) => !(Math.abs(y![i]! - v) <= limit(v, extent)));
    expect(off, `[${rows}, ${extent}]: ${y![off]}, not ${want[off]}`).toBe(-1);
    for (const [k, slope] of slopes.entries()) {
      const b = all.flatMap((row) => (k === 0 ? slopeOf(reference, row) : curveOf(reference, row)));
      const scale = Math.max(...b.map(Math.abs), 0.05);
      const wrong = b.findIndex((v, i) => !(Math.abs(slope[i]! - v) <= 5e-5 * scale));
      expect(wrong, `[${rows}, ${extent}], derivative ${k + 1}: ${slope[wrong]}, not ${b[wrong]}`).toBe(-1);
    }
  }
}

/** The gradient of Σ sin(y). */
function slopeOf(reference: Reference, row: readonly number[]): number[] {
  const { y, vjp } = reference(row);
  return vjp(y.map(Math.cos));
}

/** The gradient of Σ sin(3·slope): a slope's Jacobian is symmetric, so it is the slope's own change along 3·cos(3·slope). */
function curveOf(reference: Reference, row: readonly number[]): number[] {
  const along = slopeOf(reference, row).map((v) => 3 * Math.cos(3 * v));
  const h = 1e-5;
  const at = (t: number) =>
    slopeOf(
      reference,
      row.map((v, i) => v + t * along[i]!),
    );
  const [after, before] = [at(h), at(-h)];
  return after.map((v, i) => (v - before[i]!) / (2 * h));
}

/** What `op` gives of rows, the gradient of Σ sin(y), and that of the gradient's own Σ sin. */
function thrice(op: OfAxis, x: Tensor): [Tensor, Tensor, Tensor] {
  const y = op(x, 1);
  const [d] = grad(sum(sin(y)), [x]);
  const [dd] = grad(sum(sin(mul(d, 3))), [x]);
  return [y, d, dd];
}

/** The dispatches of a compiled `step`. */
export async function dispatchesOf(gpu: Gpu, step: () => Tensor[]): Promise<number> {
  const program = await gpu.compile(step);
  const { dispatches } = program.stats;
  program.dispose();
  return dispatches;
}

/** Results and gradients of all kernels of rows: of one lane a row, and of many. */
export const rowsInRegisters = (on: Gpu): Tensor[] =>
  [7, 300].flatMap((extent) => {
    const x = ramp(on, extent < 10 ? 270 : 5, extent);
    const all = [softmax(x, 1), logsumexp(x, 1), normalise(x, 1)];
    return [...all, ...all.flatMap((y) => grad(sum(square(y)), [x]) as Tensor[])];
  });
