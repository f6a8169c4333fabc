import { check, checkOptions, isPlain, named, present } from "../device/errors.ts";
import { advanceStep, type UpdateInputs } from "../graph/ops/adam.ts";
import { add, square } from "../graph/ops/arithmetic.ts";
import { cast } from "../graph/ops/cast.ts";
import { part } from "../graph/ops/part.ts";
import { reshape } from "../graph/ops/shape.ts";
import { sum } from "../graph/ops/sum.ts";
import { Tensor } from "../graph/tensor.ts";
import type { Gpu } from "../program/gpu.ts";
import { checkStates, gather, moveFresh, type Range, rangesOf } from "./arena.ts";
import { aliasOf, type Parameters, placeOf } from "./parameters.ts";
import type { Schedule } from "./schedule.ts";

/** Options of every optimiser; a group may override them. */
export interface OptimiserOptions {
  /** A number, or a function of the step (`schedule`). */
  readonly learningRate?: number | Schedule;
  /** How strongly parameters are drawn to zero; 0. */
  readonly weightDecay?: number;
}

/** Options that apply to all groups together. */
export interface ClipOptions {
  /** The gradient over all parameters is scaled down to at most this Euclidean norm. */
  readonly clipNorm?: number;
}

/** Parameters with options of their own; the optimiser's options stand for those left out. */
export type ParameterGroup<Options> = Options & { readonly parameters: Parameters | readonly Tensor[] };

/** What an optimiser updates: states in a list or by name, or groups of them. */
export type Optimised<Options> = Parameters | readonly Tensor[] | readonly ParameterGroup<Options>[];

/** What an update reads besides gradients. */
export interface UpdateOptions {
  /** f32 []: from the first loss on that is NaN or infinite, nothing changes any more. */
  readonly loss?: Tensor;
  /** u32 [4]: step, row of the data set's order, halted, unused. The caller advances them; without them the optimiser has its own. */
  readonly trainCounters?: Tensor;
}

/** Updates parameters inside a compiled step; those that lie side by side take one dispatch. A step may use several optimisers. */
export interface Optimiser {
  /** Its parameters, in the order of the gradients that `update` takes. */
  readonly parameters: readonly Tensor[];
  /** Its averages of each parameter's gradients, by PyTorch's names: "exp_avg.fc1.weight". */
  readonly moments: Parameters;
  /** u32 [4]: step, row of the data set's order, halted, unused. */
  readonly trainCounters: Tensor;
  /** u32 []: the number of the step, from 0; for random draws and schedules inside a compiled step. */
  readonly step: Tensor;
  /** Records the update by gradients in the order of the parameters. Works only in the function given to gpu.compile. */
  update(gradients: readonly Tensor[], options?: UpdateOptions): void;
  /** The learning rates of its groups at a step. */
  ratesAt(step: number): Promise<number[]>;
  /** Sets moments and train counters to zero. */
  reset(): void;
  /** Frees moments and train counters; the parameters stay. */
  dispose(): void;
}

/** The rule of an optimiser, such as Adam. */
export interface Method<Options extends OptimiserOptions> {
  readonly name: string;
  /** The options of a group, and their defaults. */
  readonly defaults: Required<Options>;
  /** Throws LatentError("argument") where an option is out of range. */
  check(options: Required<Options>): void;
  /** Names of the moments of each parameter. */
  readonly moments: readonly string[];
  /** The next values of a parameter and its moments. */
  step(states: readonly Tensor[], inputs: UpdateInputs, options: Required<Options>, maxNorm: number): Tensor[];
}

/** A range of one group's parameters that one dispatch updates. */
interface Updated<Options> {
  readonly range: Range;
  readonly moments: readonly Tensor[];
  readonly options: Required<Options>;
  readonly rate: Tensor | Schedule;
}

interface Group<Options> {
  readonly names: readonly string[];
  readonly tensors: readonly Tensor[];
  readonly options: Required<Options>;
}

/** The groups, their options checked. Nothing is allocated before, so that an error leaves nothing behind. */
function groupsOf<Options extends OptimiserOptions>(
  { name: where, defaults, check: checkRange }: Method<Options>,
  given: Optimised<Options>,
  options: Options,
): Group<Options>[] {
  const isList = Array.isArray(given);
  check(
    isList || (isPlain(given) && !(given instanceof Tensor)),
    "argument",
    where,
    () => `expected parameters in a list, or by name; got ${named(given)}.`,
  );
  const isGroups = isList && given.length > 0 && given.every((g) => isPlain(g) && !(g instanceof Tensor));
  const groups = isGroups
    ? (given as readonly ParameterGroup<Options>[])
    : [{ parameters: given } as ParameterGroup<Options>];
  let unnamed = 0;
  const checked = groups.map(({ parameters, ...own }) => {
    checkOptions(where, own, Object.keys(defaults));
    const all = { ...defaults, ...present(options), ...present(own) } as Required<Options>;
    const { learningRate, weightDecay } = all;
    if (typeof learningRate !== "function") checkNonNegative(where, "learningRate", learningRate as number);
    checkNonNegative(where, "weightDecay", weightDecay!);
    checkRange(all);
    const entries = Array.isArray(parameters)
      ? parameters.map((tensor: Tensor) => [String(unnamed++), tensor] as const)
      : Object.entries(parameters as Parameters);
    return { names: entries.map(([n]) => n), tensors: entries.map(([, tensor]) => tensor), options: all };
  });
  const names = checked.flatMap((group) => group.names);
  if (new Set(names).size === names.length) return checked;
  // two groups may use one name ("weight"): the group's number tells them apart
  return checked.map((group, i) => ({ ...group, names: group.names.map((n) => `${i}.${n}`) }));
}

export function checkNonNegative(where: string, name: string, value: number): void {
  const holds = typeof value === "number" && value >= 0 && Number.isFinite(value);
  check(holds, "argument", where, () => `expected ${name} ≥ 0; got ${value}.`);
}

export const checkShare = (where: string, name: string, value: number): void =>
  check(value >= 0 && value < 1, "argument", where, () => `expected ${name} in [0, 1); got ${value}.`);

/** The step number of train counters. A new view each time: a stored one would keep the counters alive. */
export const stepOf = (trainCounters: Tensor): Tensor => reshape(part(trainCounters, 0, 0, 1), []);

/** An optimiser with this rule. Parameters that nothing has used yet move into one arena; others are updated where they are. */
export function optimiser<Options extends OptimiserOptions>(
  method: Method<Options>,
  gpu: Gpu,
  given: Optimised<Options>,
  { clipNorm, ...common }: Options & ClipOptions,
): Optimiser {
  const where = method.name;
  checkOptions(where, common, [...Object.keys(method.defaults), "clipNorm"]);
  check(clipNorm === undefined || clipNorm > 0, "argument", where, () => `expected clipNorm > 0; got ${clipNorm}.`);
  const groups = groupsOf(method, given, common as unknown as Options);
  const parameters = groups.flatMap(({ tensors }) => tensors);
  checkStates(where, gpu, parameters);
  return gpu.attempt(() => {
    moveFresh(gpu, parameters);
    const moments: { [name: string]: Tensor } = {};
    const owned: Tensor[] = [];
    const own = (tensor: Tensor): Tensor => (owned.push(tensor), tensor);
    const updated = groups.flatMap(({ tensors, names, options }) => {
      const { learningRate } = options as { learningRate: number | Schedule };
      const rate = typeof learningRate === "number" ? own(gpu.state(Float32Array.of(learningRate), [])) : learningRate;
      return rangesOf(tensors).map((range): Updated<Options> => {
        const { shape, size } = range.tensor;
        const ownMoments = method.moments.map((moment) => {
          const state = own(gpu.state(new Float32Array(size), shape));
          for (const { tensor, offset } of range.parameters)
            moments[`${moment}.${names[tensors.indexOf(tensor)]}`] = own(aliasOf(state, offset, tensor.shape));
          return state;
        });
        return { range, moments: ownMoments, options, rate };
      });
    });
    const trainCounters = own(gpu.state(new Uint32Array(4), [4]));
    const history = own(gpu.state(new Float32Array(1), [1]));
    let isUsed = false;
    return {
      parameters,
      moments,
      trainCounters,
      get step() {
        return stepOf(trainCounters);
      },
      update(gradients, { loss, trainCounters: theirs } = {}) {
        check(
          gradients.length === parameters.length,
          "argument",
          "update",
          () => `expected ${parameters.length} gradients; got ${gradients.length}.`,
        );
        isUsed = true;
        const current = theirs ?? trainCounters;
        const rates = updated.map(({ rate }) => (rate instanceof Tensor ? rate : rate(cast(stepOf(current), "f32"))));
        const all = updated.map(({ range }) =>
          gather(
            range,
            range.parameters.map(({ tensor }) => gradients[parameters.indexOf(tensor)]!),
          ),
        );
        const norm = clipNorm === undefined ? undefined : all.map((g) => sum(square(g))).reduce((a, b) => add(a, b));
        for (const [i, { range, moments: ownMoments, options }] of updated.entries()) {
          const states = [range.tensor, ...ownMoments];
          const inputs = { gradient: all[i]!, trainCounters: current, rate: rates[i]!, loss, norm };
          const next = method.step(states, inputs, options, clipNorm ?? 0);
          for (const [k, state] of states.entries()) gpu.assign(state, next[k]!);
        }
        if (theirs) return;
        const [nextCounters, nextHistory] = advanceStep(trainCounters, history, [loss ?? rates[0]!], 0) as [
          Tensor,
          Tensor,
        ];
        gpu.assign(trainCounters, nextCounters);
        gpu.assign(history, nextHistory);
      },
      ratesAt: (at) => Promise.all(groups.map(({ options }) => rateAt(gpu, options.learningRate!, at))),
      reset() {
        if (!isUsed) return;
        for (const { moments: states } of updated)
          for (const state of states) gpu.write(placeOf("reset", state), new Float32Array(state.size));
        gpu.write(placeOf("reset", trainCounters), new Uint32Array(4));
      },
      dispose() {
        for (const tensor of owned) tensor.dispose();
      },
    };
  });
}

async function rateAt(gpu: Gpu, rate: number | Schedule, step: number): Promise<number> {
  if (typeof rate === "number") return rate;
  // a schedule may give a state, which stays its owner's
  const value = gpu.within(() => add(rate(gpu.tensor([step], [])), 0));
  return value.item().finally(() => value.dispose());
}
