// Convolutions y = x ⋆ w and their gradients. x [batch, in, height, width], w [out, in/groups, kernel, kernel], g like y.
//
//   conv forward     inputs x, w    output y
//   conv by input    inputs g, w    output ∂x = what moves Σ g·y when x does
//   conv by weight   inputs x, g    output ∂w

import { uniform } from "../random.ts";
import type { Case, Inputs } from "../workload.ts";
import { sampled, type Expected } from "./sampled.ts";

interface Window {
  batch: number;
  in: number;
  out: number;
  /** Height and width of x. */
  side: number;
  kernel: number;
  stride: number;
  padding: number;
  groups: number;
}

const outputSide = (c: Window) => Math.floor((c.side + 2 * c.padding - c.kernel) / c.stride) + 1;

/** Sums products over all (image, out, in of the group, y of the output, x of it, tap) that `keep` leaves free. */
type Range = readonly [first: number, end: number];
interface Ranges {
  image: Range;
  out: Range;
  channel: Range;
  row: Range;
  column: Range;
  tapY: Range;
  tapX: Range;
}

function add(
  c: Window,
  ranges: Ranges,
  term: (at: {
    image: number;
    out: number;
    channel: number;
    y: number;
    x: number;
    row: number;
    column: number;
    tap: number;
  }) => number,
): Expected {
  let value = 0;
  let size = 0;
  for (let image = ranges.image[0]; image < ranges.image[1]; image++)
    for (let out = ranges.out[0]; out < ranges.out[1]; out++)
      for (let channel = ranges.channel[0]; channel < ranges.channel[1]; channel++)
        for (let tapY = ranges.tapY[0]; tapY < ranges.tapY[1]; tapY++)
          for (let tapX = ranges.tapX[0]; tapX < ranges.tapX[1]; tapX++)
            for (let row = ranges.row[0]; row < ranges.row[1]; row++) {
              const y = row * c.stride - c.padding + tapY;
              if (y < 0 || y >= c.side) continue;
              for (let column = ranges.column[0]; column < ranges.column[1]; column++) {
                const x = column * c.stride - c.padding + tapX;
                if (x < 0 || x >= c.side) continue;
                const product = term({ image, out, channel, y, x, row, column, tap: tapY * c.kernel + tapX });
                value += product;
                size += Math.abs(product);
              }
            }
  return { value, size };
}

/** Digits of `at` in the mixed base of `dims`. */
function split(at: number, dims: readonly number[]): number[] {
  const digits: number[] = [];
  for (let d = dims.length - 1; d >= 0; d--) {
    digits.unshift(at % dims[d]!);
    at = Math.floor(at / dims[d]!);
  }
  return digits;
}

function convolution(c: Window): Case[] {
  const side = outputSide(c);
  const inGroup = c.in / c.groups;
  const outGroup = c.out / c.groups;
  const shapes = {
    x: [c.batch, c.in, c.side, c.side],
    w: [c.out, inGroup, c.kernel, c.kernel],
    g: [c.batch, c.out, side, side],
  };
  const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
  const flops = 2 * count(shapes.g) * inGroup * c.kernel * c.kernel;
  const group = c.groups === 1 ? "" : c.groups === c.in ? ", depthwise" : `, ${c.groups} groups`;
  const size = `${c.batch}×${c.in}×${c.side}² → ${c.out}×${side}², ${c.kernel}×${c.kernel}${c.stride > 1 ? ` stride ${c.stride}` : ""}${group}`;
  const x = (inputs: Inputs, image: number, out: number, channel: number, y: number, column: number) =>
    inputs.x!.values[((image * c.in + Math.floor(out / outGroup) * inGroup + channel) * c.side + y) * c.side + column]!;
  const w = (inputs: Inputs, out: number, channel: number, tap: number) =>
    inputs.w!.values[(out * inGroup + channel) * c.kernel * c.kernel + tap]!;
  const g = (inputs: Inputs, image: number, out: number, row: number, column: number) =>
    inputs.g!.values[((image * c.out + out) * side + row) * side + column]!;
  const all: Ranges = {
    image: [0, c.batch],
    out: [0, c.out],
    channel: [0, inGroup],
    row: [0, side],
    column: [0, side],
    tapY: [0, c.kernel],
    tapX: [0, c.kernel],
  };
  const one = (i: number): Range => [i, i + 1];
  const make = (
    workload: string,
    from: readonly ("x" | "w" | "g")[],
    to: readonly number[],
    terms: number,
    expected: (inputs: Inputs, at: number) => Expected,
  ): Case => ({
    workload,
    size,
    settings: { ...c, outputSide: side },
    inputs: () => Object.fromEntries(from.map((name, i) => [name, uniform(shapes[name], 3 + i)])),
    flops,
    bytes: 4 * (from.reduce((sum, name) => sum + count(shapes[name]), 0) + count(to)),
    gate: {
      // float32 sums of that many terms in any order
      limit: (terms + 1) * 2 ** -24,
      error: (inputs, [[found]]) => sampled(found!, count(to), (at) => expected(inputs, at)),
    },
  });
  return [
    make("conv forward", ["x", "w"], shapes.g, inGroup * c.kernel ** 2, (inputs, at) => {
      const [image, out, row, column] = split(at, shapes.g) as [number, number, number, number];
      const ranges = { ...all, image: one(image), out: one(out), row: one(row), column: one(column) };
      return add(c, ranges, (t) => x(inputs, t.image, t.out, t.channel, t.y, t.x) * w(inputs, t.out, t.channel, t.tap));
    }),
    make("conv by input", ["g", "w"], shapes.x, outGroup * c.kernel ** 2, (inputs, at) => {
      const [image, channel, y, column] = split(at, shapes.x) as [number, number, number, number];
      const first = Math.floor(channel / inGroup) * outGroup;
      const near = (i: number): Range => [
        Math.max(0, Math.ceil((i + c.padding - c.kernel + 1) / c.stride)),
        Math.min(side, Math.floor((i + c.padding) / c.stride) + 1),
      ];
      const ranges = {
        ...all,
        image: one(image),
        out: [first, first + outGroup] as const,
        channel: one(channel % inGroup),
        row: near(y),
        column: near(column),
      };
      return add(c, ranges, (t) =>
        t.y === y && t.x === column
          ? g(inputs, t.image, t.out, t.row, t.column) * w(inputs, t.out, t.channel, t.tap)
          : 0,
      );
    }),
    make("conv by weight", ["x", "g"], shapes.w, c.batch * side ** 2, (inputs, at) => {
      const [out, channel, tapY, tapX] = split(at, shapes.w) as [number, number, number, number];
      const ranges = { ...all, out: one(out), channel: one(channel), tapY: one(tapY), tapX: one(tapX) };
      return add(
        c,
        ranges,
        (t) => x(inputs, t.image, t.out, t.channel, t.y, t.x) * g(inputs, t.image, t.out, t.row, t.column),
      );
    }),
  ];
}

const plain = { kernel: 3, stride: 1, padding: 1, groups: 1 };

/** The convolutional VAE's, one like those of a ResNet, and a depthwise one. */
export const convolutions = (software: boolean): Case[] => {
  const batch = software ? 32 : 128;
  return [
    ...convolution({ ...plain, batch, in: 1, out: 32, side: 28, stride: 2 }),
    ...convolution({ ...plain, batch, in: 32, out: 64, side: 14, stride: 2 }),
    ...convolution({ ...plain, batch: software ? 4 : 32, in: 64, out: 64, side: software ? 28 : 56 }),
    ...convolution({ ...plain, batch: software ? 4 : 32, in: 64, out: 64, side: software ? 28 : 56, groups: 64 }),
  ];
};
