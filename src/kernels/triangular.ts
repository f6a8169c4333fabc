import { defaultsFor } from "./defaults.ts";
import { ceilDiv, type DeviceTraits, type Launch, type Launches, type Slot } from "./launch.ts";
import { triangular as shaders } from "./shaders/triangular.gen.ts";

export interface System {
  readonly stack: number;
  readonly size: number;
  /** Of the right-hand side. */
  readonly columns: number;
}

/** Which triangle of the matrix is read, as it is or transposed, and whether its diagonal counts as ones. */
export interface Triangle {
  readonly upper: boolean;
  readonly transposed: boolean;
  readonly unit: boolean;
}

const bytesOf = ({ stack, size, columns }: System): number => 4 * stack * size * columns;
const flopsOf = ({ stack, size, columns }: System): number => stack * size * size * columns;

function launch(
  { stack, size, columns }: System,
  kernel: Launch["kernel"],
  bind: Launch["bind"],
  groups: number,
  first = 0,
  { upper, transposed, unit }: Triangle = { upper: false, transposed: false, unit: false },
): Launch {
  return {
    kernel,
    constants: { TRANSPOSED: Number(transposed), BACKWARD: Number(upper !== transposed), UNIT: Number(unit) },
    bind,
    params: { size, columns, stack, first },
    groups: [groups, 1, 1],
  };
}

/** Copies the right-hand side from `b` to `x`, its rows in order, or as `order` (input 2) says. */
const copy = (s: System, kernel: "start" | "ordered" | "placed", b: Slot, x: Slot): Launch =>
  launch(
    s,
    shaders[kernel],
    { b, x, ...(kernel === "start" ? {} : { order: { input: 2 } }) },
    ceilDiv(s.stack * s.size * s.columns, shaders.start.constants.LANES),
  );

/** Solves in place, block by block. */
function solve(s: System, triangle: Triangle, l: Slot, x: Slot, traits: DeviceTraits): Launch[] {
  const block = defaultsFor(traits).linalg.blocksInRegisters ? shaders.solve_registers : shaders.solve;
  const { SIZE, LANES } = shaders.solve.constants;
  const { size, columns, stack } = s;
  const backward = triangle.upper !== triangle.transposed;
  const blocks = ceilDiv(size, SIZE);
  return Array.from({ length: blocks }, (_, step) => {
    const first = (backward ? blocks - 1 - step : step) * SIZE;
    const left = backward ? first : size - first - SIZE;
    const one = (kernel: Launch["kernel"], groups: number) =>
      launch(s, kernel, { l, x }, groups * stack, first, triangle);
    const own = one(block, ceilDiv(columns, LANES));
    return left > 0 ? [own, one(shaders.update, ceilDiv(columns, SIZE) * ceilDiv(left, SIZE))] : [own];
  }).flat();
}

/** Solves t · x = b, t being `triangle` of input 0: inputs l and b, output x. */
export function triangular(s: System, triangle: Triangle, traits: DeviceTraits): Launches {
  const x = { output: 0 } as const;
  return {
    launches: [copy(s, "start", { input: 1 }, x), ...solve(s, triangle, { input: 0 }, x, traits)],
    flops: flopsOf(s),
  };
}

/** Solves a · x = b, or aᵀ · x = b, by the factors of a: input 1 b, input 2 the order of the rows, input 3 lu; output x. */
export function solveFactored(s: System, transposed: boolean, traits: DeviceTraits): Launches {
  const [b, l, x, y] = [{ input: 1 }, { input: 3 }, { output: 0 }, { scratch: 0 }] as const;
  const lower = { upper: false, unit: true, transposed };
  const upper = { upper: true, unit: false, transposed };
  const flops = 2 * flopsOf(s);
  if (!transposed)
    return {
      launches: [copy(s, "ordered", b, x), ...solve(s, lower, l, x, traits), ...solve(s, upper, l, x, traits)],
      flops,
    };
  return {
    launches: [
      copy(s, "start", b, y),
      ...solve(s, upper, l, y, traits),
      ...solve(s, lower, l, y, traits),
      copy(s, "placed", y, x),
    ],
    scratch: [bytesOf(s)],
    flops,
  };
}
