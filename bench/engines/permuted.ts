// Axes in another order, for engines whose channels come last.

import type { Input } from "../workload.ts";

type Shape = readonly number[];

/** Elements of a tensor of this shape. */
export const count = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** [a, b, c, d] with its axes in the order of `axes`. */
export function permuted({ shape, values }: Input, axes: Shape): Input {
  const to = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => count(shape.slice(axis + 1)));
  const moved = new Float32Array(values.length);
  let at = 0;
  for (let i = 0; i < to[0]!; i++)
    for (let j = 0; j < to[1]!; j++)
      for (let k = 0; k < to[2]!; k++)
        for (let l = 0; l < to[3]!; l++)
          moved[at++] = values[i * steps[0]! + j * steps[1]! + k * steps[2]! + l * steps[3]!]!;
  return { shape: to, values: moved };
}
