import { adam as adamLaunch, advance as advanceLaunch, sgd as sgdLaunch } from "../../kernels/adam.ts";
import { count } from "../dtype.ts";
import type { Attributes, KernelOp } from "../kernelOp.ts";
import { record } from "../record.ts";
import type { Tensor } from "../tensor.ts";

// Ops that overwrite states. They have no gradient, and run only in compiled steps that assign what they return.

const f32 = (x: Tensor) => ({ shape: x.shape, dtype: "f32" }) as const;
const number = (attributes: Attributes, name: string): number => attributes[name] as number;
const shared = (size: number, a: Attributes) => ({
  size,
  decay: number(a, "decay"),
  maxNorm: number(a, "maxNorm"),
  guarded: a.guarded === true,
});

const adamOp: KernelOp = {
  name: "adam",
  inPlace: { 0: 0, 1: 1, 2: 2 },
  launch: ([p], _, a) =>
    adamLaunch({
      ...shared(count(p!.shape), a),
      beta1: number(a, "beta1"),
      beta2: number(a, "beta2"),
      epsilon: number(a, "epsilon"),
      decoupled: a.decoupled === true,
    }),
};

const sgdOp: KernelOp = {
  name: "sgd",
  inPlace: { 0: 0, 1: 1 },
  launch: ([p], _, a) =>
    sgdLaunch({ ...shared(count(p!.shape), a), momentum: number(a, "momentum"), nesterov: a.nesterov === true }),
};

const advanceOp: KernelOp = {
  name: "advance",
  inPlace: { 0: 0, 1: 1 },
  launch: ([, ring], _, { rows }) => advanceLaunch(rows as number, count(ring!.shape)),
};

/** What an update reads besides its states. Without `loss` it is not guarded, without `norm` (Σ g²) not clipped. */
export interface UpdateInputs {
  readonly gradient: Tensor;
  readonly clock: Tensor;
  readonly rate: Tensor;
  readonly loss?: Tensor | undefined;
  readonly norm?: Tensor | undefined;
}

const rest = ({ gradient, clock, rate, loss, norm }: UpdateInputs): Tensor[] => [
  gradient,
  clock,
  rate,
  loss ?? rate,
  norm ?? rate,
];

/** The next p, m, v of Adam (shaders/adam.wgsl); all f32 [size], size a multiple of 4. */
export const adamStep = (p: Tensor, m: Tensor, v: Tensor, inputs: UpdateInputs, attributes: Attributes): Tensor[] =>
  record(
    adamOp,
    [p, m, v, ...rest(inputs)],
    [f32(p), f32(m), f32(v)],
    { ...attributes, guarded: inputs.loss !== undefined },
    null,
  );

/** The next p and m of gradient descent with momentum (shaders/sgd.wgsl). */
export const sgdStep = (p: Tensor, m: Tensor, inputs: UpdateInputs, attributes: Attributes): Tensor[] =>
  record(sgdOp, [p, m, ...rest(inputs)], [f32(p), f32(m)], { ...attributes, guarded: inputs.loss !== undefined }, null);

/** The next clock and ring of losses (shaders/advance.wgsl), `rows` rows of the data set later. */
export const advanceStep = (clock: Tensor, ring: Tensor, loss: Tensor, rows: number): Tensor[] =>
  record(advanceOp, [clock, ring, loss], [{ shape: clock.shape, dtype: "u32" }, f32(ring)], { rows }, null);
