import { ceilDiv, type Launches } from "./launch.ts";
import { bytes as shaders } from "./shaders/bytes.gen.ts";

/** `size` bytes of input 0 from byte `first` on as f32, times `scale`. */
export function bytes(size: number, first: number, scale: number): Launches {
  const kernel = shaders.bytes;
  const { LANES, PER } = kernel.constants;
  return {
    launches: [
      {
        kernel,
        bind: { x: { input: 0 }, y: { output: 0 } },
        params: { size, first, scale },
        groups: [ceilDiv(size, LANES * PER), 1, 1],
        takesEpilogue: true,
      },
    ],
  };
}
