import { ceilDiv, type Kernel, type Launches, type Slot } from "./launch.ts";
import { pool as shaders } from "./shaders/pool.gen.ts";

/** Windows over `planes` images of height × width, giving rows × columns values each. */
export interface Pooling {
  /** batch · channels. */
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly rows: number;
  readonly columns: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly padTop: number;
  readonly padLeft: number;
  /** The image with its padding. */
  readonly paddedHeight: number;
  readonly paddedWidth: number;
  /** Windows of almost equal size that cover the image; kernel, stride and padding say nothing then. */
  readonly adaptive: boolean;
  /** Whether a mean divides by the taps that lie in the padding, too. */
  readonly countPadding: boolean;
}

const outputs = (p: Pooling) => p.planes * p.rows * p.columns;
const inputs = (p: Pooling) => p.planes * p.height * p.width;

function pool(p: Pooling, kernel: Kernel, elements: number, bind: { readonly [buffer: string]: Slot }): Launches {
  const params = {
    planes: p.planes,
    height: p.height,
    width: p.width,
    rows: p.rows,
    columns: p.columns,
    kernel_height: p.kernelHeight,
    kernel_width: p.kernelWidth,
    stride_y: p.strideY,
    stride_x: p.strideX,
    dilation_y: p.dilationY,
    dilation_x: p.dilationX,
    pad_top: p.padTop,
    pad_left: p.padLeft,
    padded_height: p.paddedHeight,
    padded_width: p.paddedWidth,
  };
  const constants = { ADAPTIVE: Number(p.adaptive), COUNT_PADDING: Number(p.countPadding && !p.adaptive) };
  const takesEpilogue = "result" in bind;
  const groups = [ceilDiv(elements, kernel.constants.LANES!), 1, 1] as const;
  return {
    launches: [{ kernel, constants, bind, params, groups, takesEpilogue }],
    flops: outputs(p) * p.kernelHeight * p.kernelWidth,
  };
}

/** Input x; output y. */
export const maxPool2d = (p: Pooling): Launches =>
  pool(p, shaders.largest, outputs(p), { source: { input: 0 }, result: { output: 0 } });

/** Input x; output the position of each window's largest element in its plane, u32. */
export const maxPool2dPosition = (p: Pooling): Launches =>
  pool(p, shaders.largest_position, outputs(p), { source: { input: 0 }, positions: { output: 0 } });

/** ∂x of maxPool2d. Inputs ∂y and the positions; output ∂x. */
export const maxPool2dInput = (p: Pooling): Launches =>
  pool(p, shaders.largest_by_input, inputs(p), { source: { input: 0 }, chosen: { input: 1 }, result: { output: 0 } });

/** The elements of x at the positions: the gradient of maxPool2dInput by ∂y. Inputs x and the positions; output y. */
export const maxPool2dAt = (p: Pooling): Launches =>
  pool(p, shaders.at_positions, outputs(p), { source: { input: 0 }, chosen: { input: 1 }, result: { output: 0 } });

/** Input x; output y. */
export const avgPool2d = (p: Pooling): Launches =>
  pool(p, shaders.average, outputs(p), { source: { input: 0 }, result: { output: 0 } });

/** ∂x of avgPool2d. Input ∂y; output ∂x. */
export const avgPool2dInput = (p: Pooling): Launches =>
  pool(p, shaders.average_by_input, inputs(p), { source: { input: 0 }, result: { output: 0 } });
