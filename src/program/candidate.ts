import { abortable } from "../formats/call.ts";
import type { Device } from "../device/device.ts";
import type { Pipeline } from "../device/pipelines.ts";
import { secondsOf } from "../device/stopwatch.ts";
import { type TypedArray, typed } from "../graph/dtype.ts";
import { uniform } from "../graph/ops/draw.ts";
import { record, recordReduce, recordView } from "../graph/record.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { DeviceTraits, Variants } from "../kernels/launch.ts";
import { reduceVariants } from "../kernels/reduce.ts";
import { bind, type BoundPlan, compile, type Location } from "./bound.ts";
import { bitsOf } from "./eager.ts";
import { residentStorage } from "./constants.ts";
import type { Engine } from "./engine.ts";
import { loadKernels, operandsOf, reductionOf } from "./launches.ts";
import { type Plan, plan } from "./plan.ts";
import { type Graph, resolveView, type Value, valuesOf } from "./values.ts";

/** The kernels to choose from for a reduction or kernel op; null where there is no choice. */
export function variantsOf(value: Value, traits: DeviceTraits): Variants | null {
  let variants: Variants | null = null;
  if (value.what.kind === "reduce") {
    variants = reduceVariants(reductionOf(value).extents);
  } else if (value.what.kind === "kernel") {
    const { op, attributes, outputs } = value.what;
    variants = op.variants?.(operandsOf(value), outputs, attributes, traits) ?? null;
  }
  return variants && variants.names.length > 1 ? variants : null;
}

/** A piece of work on inputs of its own, to try kernels on. */
export interface Trial {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** What `value` does, to random numbers in (0, 1) that lie in memory as its operands do. Dispose the inputs. */
export async function trialOf(value: Value, gpu: Engine): Promise<Trial> {
  const operands = value.args.map((arg) => ({ shape: arg.shape, strides: resolveView(arg).strides }));
  const inputs = operands.map(({ shape, strides }, seed) => {
    const span = shape.reduce((last, n, d) => last + (n - 1) * strides[d]!, 1);
    return uniform(gpu, [span], { seed });
  });
  await gpu.evaluate(inputs);
  const { result } = gpu.trace(() => {
    const views = inputs.map((x, i) => recordView("tune", x, operands[i]!.shape, 0, operands[i]!.strides, null));
    const { what } = value;
    if (what.kind === "reduce") return [recordReduce("tune", what.operation, views[0]!, what.axes, () => [null])];
    if (what.kind === "kernel") return record(what.op, views, what.outputs, what.attributes, null);
    throw new Error(`${what.kind} has no variants`);
  });
  return { inputs, outputs: result };
}

/** A trial planned with one choice of kernels. It holds buffers only while it runs, so that candidates do not add up. */
export class Candidate {
  readonly #device: Device;
  readonly #graph: Graph;
  readonly #plan: Plan;
  readonly #pipelines: readonly Pipeline[];

  private constructor(device: Device, graph: Graph, planned: Plan, pipelines: readonly Pipeline[]) {
    this.#device = device;
    this.#graph = graph;
    this.#plan = planned;
    this.#pipelines = pipelines;
  }

  static async compile(device: Device, trial: Trial, traits: DeviceTraits): Promise<Candidate> {
    const graph = valuesOf(trial.outputs, []);
    await loadKernels(graph);
    const planned = plan(graph, traits);
    return new Candidate(device, graph, planned, await compile(planned, device));
  }

  /** Its kernels and grids: candidates that do the same work have the same text. */
  get text(): string {
    return String(this.#plan.dispatches.map(({ source, groups }) => [source.code, groups]));
  }

  /** The outputs after two runs: some drivers are right only the first time. */
  async values(signal?: AbortSignal): Promise<TypedArray[]> {
    // new memory is zero, while reused memory may still hold what another candidate computed
    this.#device.pool.trim();
    return this.#bound(signal, async (bound) => {
      await this.#device.submit("tune", (pass) => {
        bound.encode(pass);
        bound.encode(pass);
      });
      const read: TypedArray[] = [];
      for (const [i, { buffer, offset }] of bound.outputs.entries()) {
        const bytes = await this.#device.read(buffer, offset, this.#plan.outputs[i]!.bytes, "tune");
        read.push(typed(this.#graph.outputs[i]!.dtype, bytes));
      }
      return read;
    });
  }

  /** Seconds a run takes, when `times` of them follow one another. */
  async seconds(times: number, signal?: AbortSignal): Promise<number> {
    const all = await this.#bound(signal, (bound) =>
      secondsOf(this.#device, "tune", (pass) => {
        for (let run = 0; run < times; run++) bound.encode(pass);
      }),
    );
    return all / times;
  }

  /** An abort does not wait for what was submitted. */
  async #bound<R>(signal: AbortSignal | undefined, use: (bound: BoundPlan) => Promise<R>): Promise<R> {
    const leaves = this.#graph.leaves.map((leaf): Location => residentStorage(leaf));
    const constants = this.#graph.constants.map(bitsOf);
    const bound = await bind(this.#plan, this.#device, this.#pipelines, leaves, constants, "tune");
    try {
      return await abortable(use(bound), signal);
    } finally {
      bound.release();
    }
  }
}
