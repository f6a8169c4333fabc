import { ceilDiv } from "./launch.ts";

/** A convolution of x [batch, inputChannels, inputHeight, inputWidth] to y [batch, outputChannels, outputHeight, outputWidth]. */
export interface Convolution {
  readonly batch: number;
  readonly groups: number;
  readonly inputChannels: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  readonly outputChannels: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly padTop: number;
  readonly padLeft: number;
}

export const taps = (c: Convolution) => c.kernelHeight * c.kernelWidth;
export const flopsOf = (c: Convolution) =>
  (2 * c.batch * c.outputHeight * c.outputWidth * c.outputChannels * c.inputChannels * taps(c)) / c.groups;
/** What a class of sizes says of the window. */
export const windowClass = (c: Convolution) =>
  `window ${c.kernelHeight}×${c.kernelWidth} stride ${c.strideY}×${c.strideX} groups ${c.groups}`;

export const windows = (c: Convolution) => ({
  kernel_height: c.kernelHeight,
  kernel_width: c.kernelWidth,
  stride_y: c.strideY,
  stride_x: c.strideX,
  dilation_y: c.dilationY,
  dilation_x: c.dilationX,
  pad_top: c.padTop,
  pad_left: c.padLeft,
});

/** A convolution or its gradient by the input: a sum over some channels and taps for each pixel and channel of the result. */
export interface Direction {
  readonly entry: "forward" | "by_input";
  readonly sums: number;
  readonly channels: number;
  readonly source: readonly [number, number];
  readonly result: readonly [number, number];
  readonly channelStride: number;
  readonly sumStride: number;
  /** Of the largest phase. */
  readonly pixels: number;
  readonly phases: number;
}

export function forward(c: Convolution): Direction {
  const sums = c.inputChannels / c.groups;
  return {
    entry: "forward",
    sums,
    channels: c.outputChannels / c.groups,
    source: [c.inputHeight, c.inputWidth],
    result: [c.outputHeight, c.outputWidth],
    channelStride: sums * taps(c),
    sumStride: taps(c),
    pixels: c.batch * c.outputHeight * c.outputWidth,
    phases: 1,
  };
}

export function byInput(c: Convolution): Direction {
  const channels = c.inputChannels / c.groups;
  return {
    entry: "by_input",
    sums: c.outputChannels / c.groups,
    channels,
    source: [c.outputHeight, c.outputWidth],
    result: [c.inputHeight, c.inputWidth],
    channelStride: taps(c),
    sumStride: channels * taps(c),
    pixels: c.batch * ceilDiv(c.inputHeight, c.strideY) * ceilDiv(c.inputWidth, c.strideX),
    phases: c.strideY * c.strideX,
  };
}

export const sizesOf = (c: Convolution, d: Direction) => ({
  batch: c.batch,
  groups: c.groups,
  sums: d.sums,
  channels: d.channels,
  source_height: d.source[0],
  source_width: d.source[1],
  height: d.result[0],
  width: d.result[1],
});

/** Elements of w from one group, channel and summed channel to the next. */
export const stridesOf = (c: Convolution, d: Direction) => ({
  group_stride: d.channels * d.sums * taps(c),
  channel_stride: d.channelStride,
  sum_stride: d.sumStride,
});

/** The constant SHARED of shaders/lib/conv2d_window.wgsl. */
export const sharedStep = (stride: number, dilation: number): number => (dilation === 1 && stride <= 2 ? stride : 0);
