import { LatentError } from "../device/errors.ts";
import { defaultsFor } from "../kernels/defaults.ts";
import type { Gpu } from "../program/gpu.ts";
import { largest, type RootTrace, rootTraceOnCpu } from "./rootTraceCpu.ts";
import { rootTraceOnGpu } from "./rootTraceGpu.ts";

/** Where and how to work. */
export interface RootTraceOptions {
  /** Units of rounding of the two matrices, which decide what counts as zero. */
  readonly roundings: readonly [number, number];
  /** Takes large parts, if it is no software adapter. */
  readonly gpu?: Gpu | undefined;
  /** Whether a GPU that is gone is an error; else the CPU takes over. */
  readonly insists?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * tr (Σ₁Σ₂)^½ of positive semidefinite [d, d] as the sum of the singular values of L₁ᵀL₂, Σ = L·Lᵀ, for each group of features
 * that go together in either matrix: in float64 on the CPU, or on the GPU where a group is large (kernels/defaults.ts).
 */
export async function rootTrace(
  s1: Float64Array,
  s2: Float64Array,
  d: number,
  { roundings, gpu, insists = false, signal }: RootTraceOptions,
): Promise<RootTrace> {
  let [value, residual] = [0, 0];
  const ranks: [number, number] = [0, 0];
  // zero is judged against the whole matrix: a group of its own may be nothing but rounding
  const limits = [s1, s2].map((s, which) => d * roundings[which]! * largest(s)) as [number, number];
  const least = gpu ? defaultsFor(gpu.traits).linalg.rootTrace : Infinity;
  for (const group of groups(s1, s2, d)) {
    const n = group.length;
    const parts = [pickBlock(s1, group, d), pickBlock(s2, group, d)] as const;
    const fits = gpu && n >= least && 8 * n * n <= gpu.traits.maxBindingBytes;
    const onGpu = fits ? await attempt(() => rootTraceOnGpu(gpu, parts, n, limits, signal), insists) : null;
    const part = onGpu ?? rootTraceOnCpu(parts, n, limits);
    value += part.value;
    residual += part.residual;
    for (const which of [0, 1] as const) ranks[which] += part.ranks[which];
  }
  return { value, ranks, residual };
}

/** What `work` gives, or null where the device is gone or too small and the caller does not insist. */
async function attempt<T>(work: () => Promise<T>, insists: boolean): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const gone =
      error instanceof LatentError && ["disposed", "device-lost", "out-of-memory", "limit"].includes(error.code);
    if (insists || !gone) throw error;
    return null;
  }
}

/** Features joined by a nonzero entry of either symmetric matrix: the root of a block matrix is taken block by block. */
function groups(s1: Float64Array, s2: Float64Array, d: number): number[][] {
  const found = new Uint8Array(d);
  const list: number[][] = [];
  let left = d;
  for (let first = 0; first < d; first++) {
    if (found[first]) continue;
    found[first] = 1;
    left--;
    const group = [first];
    // the group grows while its rows are read
    for (let k = 0; k < group.length && left > 0; k++) {
      const row = group[k]! * d;
      for (let j = 0; j < d; j++) {
        if (found[j] || (s1[row + j] === 0 && s2[row + j] === 0)) continue;
        found[j] = 1;
        left--;
        group.push(j);
      }
    }
    list.push(group.sort((i, j) => i - j));
  }
  return list;
}

function pickBlock(s: Float64Array, group: readonly number[], d: number): Float64Array {
  const n = group.length;
  if (n === d) return s;
  return Float64Array.from({ length: n * n }, (_, at) => s[group[Math.floor(at / n)]! * d + group[at % n]!]!);
}
