import { check, checkOptions } from "../device/errors.ts";
import { adamStep, advanceStep, sgdStep, type UpdateInputs } from "../graph/ops/adam.ts";
import { add, square } from "../graph/ops/arithmetic.ts";
import { cast } from "../graph/ops/cast.ts";
import { part } from "../graph/ops/part.ts";
import { reshape } from "../graph/ops/shape.ts";
import { sum } from "../graph/ops/sum.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { adamApart, sgdApart } from "./apart.ts";
import { type Arena, arenasOf, gather, storageOf } from "./arena.ts";
import type { Schedule } from "./schedule.ts";

/** What every optimiser takes. */
export interface Common {
  /** A number, or a function of the step (`schedule`). */
  readonly learningRate?: number | Schedule;
  /** Weight decay; 0. */
  readonly weightDecay?: number;
  /** The gradient over all parameters is scaled down to at most this Euclidean norm. */
  readonly clipNorm?: number;
}

/** What Adam takes. */
export interface AdamOptions extends Common {
  /** Decay rates of the averages of gradients and squared gradients; [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** ε, added to √v̂ against division by zero. */
  readonly epsilon?: number;
}

/** What gradient descent takes. */
export interface SgdOptions extends Common {
  /** The share of the last update in the next one; 0. */
  readonly momentum?: number;
  /** Whether the momentum looks ahead, as Nesterov's does. */
  readonly nesterov?: boolean;
}

/** What an update records of its step: by default nothing, and the data set's position stays. */
export interface UpdateOptions {
  /** f32 []: once it is not a number, nothing changes any more. */
  readonly loss?: Tensor;
  /** f32 [length]: takes `loss` at the step's number, modulo its length. */
  readonly lossHistory?: Tensor;
  /** Samples that the step went through. */
  readonly rows?: number;
}

/** Parameters that one dispatch updates, and their moments in the same layout, by PyTorch's names. */
export interface Group {
  /** Its parameters, side by side. */
  readonly arena: Arena;
  /** Running averages of gradients, by name. */
  readonly moments: { readonly [name: string]: Tensor };
}

/** Updates parameters inside a compiled step: all that moved into the arena in one dispatch, the others in place. */
export interface Optimiser {
  /** Its parameters, in the order of the gradients that `update` takes. */
  readonly parameters: readonly Tensor[];
  /** Parameters that are updated together, with their moments. */
  readonly groups: readonly Group[];
  /** u32 [4]: step, position in the data set's order, halted, unused. */
  readonly trainCounters: Tensor;
  /** u32 []: the number of the step, from 0; for random draws and schedules inside a compiled step. */
  readonly step: Tensor;
  /** Records the update by gradients in the order of the parameters. Works only in the function given to gpu.compile. */
  update(gradients: readonly Tensor[], options?: UpdateOptions): void;
  /** The learning rate at a step. */
  rateAt(step: number): Promise<number>;
  /** Frees moments and counters; the parameters stay. */
  dispose(): void;
}

/** Records the update of one group: each state and its next value. */
type Stepper = (group: Group, inputs: UpdateInputs) => readonly (readonly [state: Tensor, next: Tensor])[];

function optimiser(
  where: string,
  gpu: Gpu,
  parameters: readonly Tensor[],
  names: readonly string[],
  rate: number | Schedule,
  clipNorm: number | undefined,
  stepper: Stepper,
): Optimiser {
  const arenas = arenasOf(where, gpu, parameters);
  return gpu.attempt(() => {
    const groups = arenas.map((arena): Group => {
      const { shape, size } = arena.values;
      return {
        arena,
        moments: Object.fromEntries(names.map((name) => [name, gpu.state(new Float32Array(size), shape)])),
      };
    });
    const trainCounters = gpu.state(new Uint32Array(4), [4]);
    // a fresh view each time: one that is kept would keep the counters from being freed
    const stepOf = () => reshape(part(trainCounters, 0, 0, 1), []);
    const fixed = typeof rate === "number" ? gpu.state(Float32Array.of(rate), []) : null;
    const lossHistory = gpu.state(new Float32Array(1), [1]);
    return {
      parameters: [...parameters],
      groups,
      trainCounters,
      get step() {
        return stepOf();
      },
      update(gradients, { loss, lossHistory: history = lossHistory, rows = 0 } = {}) {
        check(
          gradients.length === parameters.length,
          "argument",
          "update",
          () => `expected ${parameters.length} gradients; got ${gradients.length}.`,
        );
        const current = fixed ?? (rate as Schedule)(cast(stepOf(), "f32"));
        const all = groups.map(({ arena }) =>
          gather(
            arena,
            arena.slots.map(({ tensor }) => gradients[parameters.indexOf(tensor)]!),
          ),
        );
        const norm = clipNorm === undefined ? undefined : all.map((g) => sum(square(g))).reduce((a, b) => add(a, b));
        for (const [i, group] of groups.entries())
          for (const [state, next] of stepper(group, { gradient: all[i]!, trainCounters, rate: current, loss, norm }))
            gpu.assign(state, next);
        const [nextCounters, nextHistory] = advanceStep(trainCounters, history, loss ?? current, rows) as [
          Tensor,
          Tensor,
        ];
        gpu.assign(trainCounters, nextCounters);
        gpu.assign(history, nextHistory);
      },
      async rateAt(at) {
        if (typeof rate === "number") return rate;
        const value = gpu.within(() => rate(gpu.tensor([at], [])));
        return value.item().finally(() => value.dispose());
      },
      dispose() {
        const moments = groups.flatMap((group) => Object.values(group.moments));
        for (const state of [trainCounters, lossHistory, ...(fixed ? [fixed] : []), ...moments]) state.dispose();
      },
    };
  });
}

/** Checks first, so that a refusal leaves no memory behind. */
function checkCommon(where: string, rate: number | Schedule, clipNorm = 1): void {
  if (typeof rate !== "function") nonNegative(where, "learningRate", rate);
  check(clipNorm > 0, "argument", where, () => `expected clipNorm > 0; got ${clipNorm}.`);
}

const share = (where: string, name: string, value: number): void =>
  check(value >= 0 && value < 1, "argument", where, () => `expected ${name} in [0, 1); got ${value}.`);

const nonNegative = (where: string, name: string, value: number): void =>
  check(
    typeof value === "number" && value >= 0 && Number.isFinite(value),
    "argument",
    where,
    () => `expected ${name} ≥ 0; got ${value}.`,
  );

function adamWith(
  where: string,
  gpu: Gpu,
  parameters: readonly Tensor[],
  options: AdamOptions,
  decoupled: boolean,
): Optimiser {
  checkOptions(where, options, ["learningRate", "betas", "epsilon", "weightDecay", "clipNorm"]);
  const {
    learningRate = 1e-3,
    betas = [0.9, 0.999],
    epsilon = 1e-8,
    weightDecay = decoupled ? 0.01 : 0,
    clipNorm,
  } = options;
  for (const [i, beta] of betas.entries()) share(where, `betas[${i}]`, beta);
  check(betas[0] > 0 && betas[1] > 0, "argument", where, () => `expected betas in (0, 1); got ${betas.join(", ")}.`);
  nonNegative(where, "epsilon", epsilon);
  nonNegative(where, "weightDecay", weightDecay);
  checkCommon(where, learningRate, clipNorm);
  const attributes = {
    beta1: betas[0],
    beta2: betas[1],
    epsilon,
    decay: weightDecay,
    decoupled,
    maxNorm: clipNorm ?? 0,
  };
  return optimiser(where, gpu, parameters, ["exp_avg", "exp_avg_sq"], learningRate, clipNorm, (group, inputs) => {
    const { values, apart } = group.arena;
    const states = [values, group.moments.exp_avg!, group.moments.exp_avg_sq!] as const;
    const next = apart ? adamApart(...states, inputs, attributes) : adamStep(...states, inputs, attributes);
    return states.map((state, i) => [state, next[i]!] as const);
  });
}

/**
 * Adam over `parameters` (states). Those that nothing has used yet move into one arena, so that one dispatch updates them all; the
 * others, a model's for example, stay where they are. Defaults: learningRate 1e-3, betas 0.9 and 0.999,
 * epsilon 1e-8; weightDecay is added to the gradient, as in PyTorch's Adam.
 *
 *     const optimiser = adam(gpu, [w], { learningRate: 1e-3 });
 *     const step = await gpu.compile(() => optimiser.update(grad(sum(w.pow(2)), [w])));
 */
export const adam = (gpu: Gpu, parameters: readonly Tensor[], options: AdamOptions = {}): Optimiser =>
  adamWith("adam", gpu, parameters, options, false);

/**
 * Adam whose weightDecay (0.01) shrinks the parameters themselves, as in PyTorch's AdamW.
 *
 *     const optimiser = adamW(gpu, [w], { learningRate: 1e-3, weightDecay: 0.01 });
 */
export const adamW = (gpu: Gpu, parameters: readonly Tensor[], options: AdamOptions = {}): Optimiser =>
  adamWith("adamW", gpu, parameters, options, true);

/**
 * Gradient descent, with momentum if wanted; as PyTorch's SGD.
 *
 *     const optimiser = sgd(gpu, [w], { learningRate: 0.1, momentum: 0.9 });
 */
export function sgd(gpu: Gpu, parameters: readonly Tensor[], options: SgdOptions = {}): Optimiser {
  checkOptions("sgd", options, ["learningRate", "momentum", "nesterov", "weightDecay", "clipNorm"]);
  const { learningRate = 1e-2, momentum = 0, nesterov = false, weightDecay = 0, clipNorm } = options;
  share("sgd", "momentum", momentum);
  nonNegative("sgd", "weightDecay", weightDecay);
  check(!nesterov || momentum > 0, "argument", "sgd", () => "nesterov needs momentum > 0; got 0.");
  checkCommon("sgd", learningRate, clipNorm);
  const attributes = { momentum, nesterov, decay: weightDecay, maxNorm: clipNorm ?? 0 };
  return optimiser("sgd", gpu, parameters, ["momentum_buffer"], learningRate, clipNorm, (group, inputs) => {
    const { values, apart } = group.arena;
    const states = [values, group.moments.momentum_buffer!] as const;
    const next = apart ? sgdApart(...states, inputs, attributes) : sgdStep(...states, inputs, attributes);
    return states.map((state, i) => [state, next[i]!] as const);
  });
}

/** Writes `values` over a state, or over a parameter that lies in an arena. */
export function write(gpu: Gpu, state: Tensor, values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
  check(values.length === state.size, "shape", "write", () => `expected ${state.size} values; got ${values.length}.`);
  gpu.write(storageOf("write", state), values);
}
