import { unitUniforms } from "../../data/philox.ts";
import { checkFinite, gpuOf, inParts, rowsOf, type Samples, tensorRows } from "../../data/rows.ts";
import { type Draw, drawNormal, drawUniform, streamOf } from "../../data/streams.ts";
import { stored } from "../../data/stored.ts";
import { check, checkOptions, present } from "../../device/errors.ts";
import { checkCall, type LongCall } from "../../formats/call.ts";
import { isNumber, oneOf, option, readOptions } from "../../formats/options.ts";
import { add, div, mul, sqrt, square } from "../../graph/ops/arithmetic.ts";
import { cast } from "../../graph/ops/cast.ts";
import { floor, log } from "../../graph/ops/elementwise.ts";
import { gather } from "../../graph/ops/gather.ts";
import { concat } from "../../graph/ops/part.ts";
import { pow } from "../../graph/ops/power.ts";
import { reshape } from "../../graph/ops/shape.ts";
import { slice } from "../../graph/ops/slice.ts";
import { logsumexp } from "../../graph/ops/softmax.ts";
import { sum } from "../../graph/ops/sum.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { distances } from "../../linalg/clusters.ts";
import { ones } from "../../linalg/matrix.ts";
import { floats } from "../../linalg/numbers.ts";
import { checkGpu } from "../../program/checkGpu.ts";
import type { Gpu } from "../../program/gpu.ts";
import { modelFile, parseModelFile, sizesOf } from "../covariance/file.ts";
import { meanLogProb } from "../logProb.ts";
import { type DensityKernel, KERNELS, kernelValues, logNormaliser } from "./kernels.ts";

/** How a density is estimated. */
export interface KernelDensityOptions extends LongCall {
  /** Width of the kernels in the samples' units, or scikit-learn's rule for it; 1. */
  readonly bandwidth?: number | "scott" | "silverman";
  /** By scikit-learn's names; "gaussian". */
  readonly kernel?: DensityKernel;
}

const table = {
  bandwidth: option<number | "scott" | "silverman">(1, 'as a number > 0, "scott" or "silverman"', (value) => {
    return isNumber(value) ? value > 0 : value === "scott" || value === "silverman";
  }),
  kernel: oneOf(...KERNELS),
};

/** Distances that one block of logProb holds, and samples of one at most. */
const PAIRS = 2 ** 22;
const BLOCK = 4096;

/**
 * A kernel at each of N samples, all of one width h:
 *
 *     log p(x) = log Σ_i K(|x − s_i| / h) − log N + log c_h
 *
 * Every pair is looked at, so that nothing is approximated (scikit-learn's tree is off by up to 86 nats in 64 dimensions). "scott" N^(−1/(d+4)) and "silverman"
 * (N(d+2)/4)^(−1/(d+4)) are scikit-learn's: not scaled by the data. The measure `parzen` finds a width by validation.
 *
 *     const density = await KernelDensity.fit(x, { bandwidth: 0.2 });
 *     const logs = await density.scoreSamples(x).read();
 */
export class KernelDensity {
  /** The samples, [N, d]. */
  readonly samples: Tensor;
  /** Width of the kernels. */
  readonly bandwidth: number;
  /** Their form. */
  readonly kernel: DensityKernel;

  private constructor(samples: Tensor, bandwidth: number, kernel: DensityKernel) {
    this.samples = samples;
    this.bandwidth = bandwidth;
    this.kernel = kernel;
  }

  /** Keeps a copy of the samples: a tensor [n, d], a data set or a source of rows. Throws LatentError: "data" on a value that is not finite; "argument" on options. */
  static async fit(samples: Samples, options: KernelDensityOptions = {}): Promise<KernelDensity> {
    const where = "KernelDensity.fit";
    const { bandwidth, kernel } = readOptions(where, table, options, ["signal", "onProgress"]);
    checkCall(where, options);
    const { signal } = options;
    const rows = rowsOf(where, samples);
    await checkFinite(where, rows, signal);
    const { count: n, dim: d } = rows;
    const width =
      typeof bandwidth === "number" ? bandwidth : (bandwidth === "scott" ? n : (n * (d + 2)) / 4) ** (-1 / (d + 4));
    const given = await rows.batch(0, n);
    const gpu = gpuOf(where, given);
    return gpu.outside(async () => {
      const [copied] = await stored(gpu, () => [add(given, 0)], signal).finally(
        () => rows.keeps !== true && given.dispose(),
      );
      return new KernelDensity(copied, width, kernel);
    });
  }

  /** Elements of one sample. */
  get dim(): number {
    return this.samples.shape[1]!;
  }

  /** log p(x) of each row of x [n, d], in nats: [n]; −∞ beyond kernels that end. */
  logProb(x: Tensor): Tensor {
    const { count, dim } = tensorRows("KernelDensity.logProb", x, this.dim);
    const size = Math.max(64, Math.floor(PAIRS / Math.min(BLOCK, this.samples.shape[0]!)));
    return inParts(reshape(x, [count, dim]), size, (rows) => this.#logProbOf(rows));
  }

  #logProbOf(x: Tensor): Tensor {
    const { samples, kernel, bandwidth } = this;
    const [n, d] = samples.shape as [number, number];
    const blocks: Tensor[] = [];
    for (let start = 0; start < n; start += BLOCK) {
      const block = slice(samples, 0, start, Math.min(n, start + BLOCK));
      const { logs, heights } = kernelValues(distances(x, block, ones(x.gpu, block.shape)), bandwidth, kernel);
      blocks.push(logs ? logsumexp(logs, 1, { keepDims: true }) : log(sum(heights!, 1, { keepDims: true })));
    }
    const total = blocks.length === 1 ? blocks[0]! : logsumexp(concat(blocks, 1), 1);
    return add(reshape(total, [x.shape[0]!]), logNormaliser(kernel, bandwidth, d) - Math.log(n));
  }

  /** The same, under scikit-learn's name. */
  scoreSamples(x: Tensor): Tensor {
    return this.logProb(x);
  }

  /** Mean log-likelihood of the samples in nats (scikit-learn's `score` is the sum), finished in float64. */
  async score(samples: Samples, options: LongCall = {}): Promise<number> {
    const where = "KernelDensity.score";
    checkOptions(where, options, ["signal", "onProgress"]);
    checkCall(where, options);
    const rows = rowsOf(where, samples, this.dim, gpuOf(where, this.samples));
    return meanLogProb(where, (x) => this.logProb(x), rows, 1, options);
  }

  /**
   * n draws [n, d]: a sample at random, and noise of its kernel. Equal seeds give equal bits on one device.
   * Throws LatentError("unsupported") for kernels other than gaussian and tophat, as in scikit-learn.
   */
  sample(n: number, options: Partial<Draw> = {}): Tensor {
    const where = "KernelDensity.sample";
    checkOptions(where, options, ["seed", "step"]);
    check(Number.isInteger(n) && n > 0, "argument", where, () => `expected a whole number of samples > 0; got ${n}.`);
    const { kernel, samples, bandwidth } = this;
    check(kernel === "gaussian" || kernel === "tophat", "unsupported", where, () => {
      return `expected kernel "gaussian" or "tophat"; got "${kernel}".`;
    });
    const [count, d] = samples.shape as [number, number];
    const { gpu } = samples;
    const draw = { seed: 0, ...present(options) };
    const noise = drawNormal(gpu, [n, d], draw);
    const chosen = this.#chosen(n, count, draw);
    if (kernel === "gaussian") return add(gather(samples, chosen), mul(noise, bandwidth));
    // uniform in a ball: a direction, and a radius whose d-th power is uniform
    const radius = pow(drawUniform(gpu, [n, 1], { ...draw, name: "kernel radius" }), 1 / d);
    const direction = div(noise, sqrt(sum(square(noise), 1, { keepDims: true })));
    return add(gather(samples, chosen), mul(mul(direction, radius), bandwidth));
  }

  /** u32 [n] below count: on the CPU where the step is a number, so that more than 2²⁴ samples can be told apart. */
  #chosen(n: number, count: number, draw: Draw): Tensor {
    const { gpu } = this.samples;
    const { seed, step = 0 } = draw;
    if (typeof step === "number") {
      const numbers = Uint32Array.from(unitUniforms(n, seed, streamOf("kernel centres"), step), (u) =>
        Math.min(count - 1, Math.floor(u * count)),
      );
      return gpu.upload(numbers, [n]);
    }
    return cast(floor(mul(drawUniform(gpu, [n], { ...draw, name: "kernel centres" }), count)), "u32");
  }

  /** A safetensors file with `samples`. */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    const about = { bandwidth: String(this.bandwidth), kernel: this.kernel };
    return modelFile("KernelDensity", { samples: this.samples }, about);
  }

  /** Reads what `save` wrote. Throws LatentError("format") on another file. */
  static async load(gpu: Gpu, bytes: Uint8Array): Promise<KernelDensity> {
    const where = "KernelDensity.load";
    checkGpu(where, gpu);
    const { tensors, metadata } = parseModelFile(where, "KernelDensity", bytes);
    const [n, d] = sizesOf(where, tensors, "samples");
    const kernel = metadata.get("kernel") as DensityKernel;
    const bandwidth = Number(metadata.get("bandwidth"));
    check(KERNELS.includes(kernel) && bandwidth > 0, "format", where, () => {
      return `expected a kernel and a bandwidth > 0; got ${metadata.get("kernel")}, ${metadata.get("bandwidth")}.`;
    });
    const values = Float32Array.from(floats(where, tensors, "samples", [n, d]));
    return gpu.outside(async () => new KernelDensity(gpu.tensor(values, [n, d]), bandwidth, kernel));
  }

  /** Frees its memory on the GPU. */
  dispose(): void {
    this.samples.dispose();
  }
  /** For `using`: the same as dispose(). */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
