import type { Launch, Launches } from "./launch.ts";
import { jacobi as shaders } from "./shaders/jacobi.gen.ts";

/** One sweep over all pairs of `rows` rows, an even number: inputs and outputs w and its status (done, sweeps), both in place. */
export function jacobi(rows: number, columns: number, tolerance: number): Launches {
  const bind = { status_read: { input: 1 }, w: { output: 0 }, status: { output: 1 }, cosines: { scratch: 0 } };
  const launch = (kernel: Launch["kernel"], round: number, groups: number): Launch => ({
    kernel,
    bind,
    params: { rows, columns, round, tolerance },
    groups: [groups, 1, 1],
  });
  const rounds = Array.from({ length: rows - 1 }, (_, round) => launch(shaders.rotate, round, rows / 2));
  return {
    launches: [...rounds, launch(shaders.check, 0, 1)],
    scratch: [2 * rows],
    flops: 6 * rows * (rows - 1) * columns,
  };
}
