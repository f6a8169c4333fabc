import { ceilDiv, type Launches } from "./launch.ts";
import { gamma as shaders } from "./shaders/gamma.gen.ts";

/** Gamma draws. Inputs: their shape parameters, the step, and seed and stream; output the draws. */
export function gamma(size: number): Launches {
  const kernel = shaders.gamma;
  return {
    flops: size * 100,
    launches: [
      {
        kernel,
        bind: { a: { input: 0 }, step: { input: 1 }, draw: { input: 2 }, y: { output: 0 } },
        params: { size },
        groups: [ceilDiv(size, kernel.constants.LANES), 1, 1],
        takesEpilogue: true,
      },
    ],
  };
}
