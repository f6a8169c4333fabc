import type { DeviceTraits, Launches, Variants } from "../kernels/launch.ts";
import type { DType, Shape, Spec } from "./dtype.ts";

/** Numbers, flags and lists that choose what an op does. Values that change from run to run are tensors, never attributes. */
export type Attributes = { readonly [name: string]: number | boolean | string | readonly number[] };

/** An input as a launcher sees it: contiguous at the start of its binding unless the op accepts strides. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Elements; row-major unless `accepts` agreed to others. */
  readonly strides: readonly number[];
}

/** An op with kernels of its own, as the planner sees it. */
export interface KernelOp {
  readonly name: string;
  /** The number of an op that a user defined: two may have one name. */
  readonly own?: number;
  /** Loads what `launch` and `variants` need, where the op does not bring it along. */
  load?(): Promise<unknown>;
  /** Describes the dispatches. The planner owns all memory. */
  launch(inputs: readonly Operand[], outputs: readonly Spec[], attributes: Attributes, traits: DeviceTraits): Launches;
  /** The kernels to choose from for f32 operands; `launch` takes the one that `traits.choices` names, if any. */
  variants?(
    inputs: readonly Operand[],
    outputs: readonly Spec[],
    attributes: Attributes,
    traits: DeviceTraits,
  ): Variants;
  /**
   * The hooks that load the inputs, one for each, where the kernel binds none itself: an element-wise source is computed there, and
   * an input may have any strides.
   */
  readonly loadHooks?: readonly string[];
  /** Whether input `position` may come with these strides; others are copied to a contiguous buffer first. */
  accepts?(position: number, operand: Operand, attributes: Attributes): boolean;
  /** Output → input whose buffer it overwrites. Such an op runs only inside a step that assigns the output to that state. */
  readonly inPlace?: { readonly [output: number]: number };
}
