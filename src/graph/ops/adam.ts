import {
  adam as adamLaunch,
  type AdamShape,
  advance as advanceLaunch,
  sgd as sgdLaunch,
  type SgdShape,
} from "../../kernels/adam.ts";
import { count } from "../dtype.ts";
import type { KernelOp } from "../kernelOp.ts";
import { record } from "../record.ts";
import type { Tensor } from "../tensor.ts";

// Ops that overwrite states. They have no gradient, and run only in compiled steps that assign what they return.

const f32 = (x: Tensor) => ({ shape: x.shape, dtype: "f32" }) as const;
type Chosen<Shape> = Omit<Shape, "size" | "guarded">;

const adamOp: KernelOp = {
  name: "adam",
  inPlace: { 0: 0, 1: 1, 2: 2 },
  launch: ([p], _, attributes) => adamLaunch({ ...(attributes as unknown as AdamShape), size: count(p!.shape) }),
};

const sgdOp: KernelOp = {
  name: "sgd",
  inPlace: { 0: 0, 1: 1 },
  launch: ([p], _, attributes) => sgdLaunch({ ...(attributes as unknown as SgdShape), size: count(p!.shape) }),
};

const advanceOp: KernelOp = {
  name: "advance",
  inPlace: { 0: 0, 1: 1 },
  launch: ([, lossHistory], _, { rows }) => advanceLaunch(rows as number, count(lossHistory!.shape)),
};

/** What an update reads besides its states. Without `loss` it is not guarded, without `norm` (Σ g²) not clipped. */
export interface UpdateInputs {
  readonly gradient: Tensor;
  readonly trainCounters: Tensor;
  readonly rate: Tensor;
  readonly loss?: Tensor | undefined;
  readonly norm?: Tensor | undefined;
}

const rest = ({ gradient, trainCounters, rate, loss, norm }: UpdateInputs): Tensor[] => [
  gradient,
  trainCounters,
  rate,
  loss ?? rate,
  norm ?? rate,
];

/** The next p, m, v of Adam (shaders/adam.wgsl); all f32 [size], size a multiple of 4. */
export const adamStep = (
  p: Tensor,
  m: Tensor,
  v: Tensor,
  inputs: UpdateInputs,
  attributes: Chosen<AdamShape>,
): Tensor[] =>
  record(
    adamOp,
    [p, m, v, ...rest(inputs)],
    [f32(p), f32(m), f32(v)],
    { ...attributes, guarded: inputs.loss !== undefined },
    null,
  );

/** The next p and m of gradient descent with momentum (shaders/sgd.wgsl). */
export const sgdStep = (p: Tensor, m: Tensor, inputs: UpdateInputs, attributes: Chosen<SgdShape>): Tensor[] =>
  record(sgdOp, [p, m, ...rest(inputs)], [f32(p), f32(m)], { ...attributes, guarded: inputs.loss !== undefined }, null);

/** The next train counters and loss history (shaders/advance.wgsl), `rows` rows of the data set later. */
export const advanceStep = (trainCounters: Tensor, lossHistory: Tensor, loss: Tensor, rows: number): Tensor[] =>
  record(
    advanceOp,
    [trainCounters, lossHistory, loss],
    [{ shape: trainCounters.shape, dtype: "u32" }, f32(lossHistory)],
    { rows },
    null,
  );
