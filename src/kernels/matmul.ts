import { ceilDiv, type DeviceTraits, type Launches } from "./launch.ts";
import { matmul_plain as plain } from "./shaders.gen.ts";

export interface MatmulShape {
  readonly stacks: number;
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  readonly aStack: number;
  readonly bStack: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly rowSums?: boolean;
}

export function matmul(shape: MatmulShape, _traits: DeviceTraits): Launches {
  const { stacks, rows, columns, inner, aStack, bStack, transposeA, transposeB, rowSums } = shape;
  const constants = { TRANSPOSE_A: Number(transposeA), TRANSPOSE_B: Number(transposeB) };
  const params = { rows, columns, inner, a_stack: aStack, b_stack: bStack };
  const bind = { a: { input: 0 }, b: { input: 1 }, c: { output: 0 } };
  return {
    flops: 2 * stacks * rows * columns * inner,
    launches: [
      { kernel: plain.product, constants, params, bind, groups: [ceilDiv(columns, 8), ceilDiv(rows, 8), stacks], takesEpilogue: true },
      ...(rowSums ? [{ kernel: plain.row_sums, constants, params, bind: { a: { input: 0 }, sums: { output: 1 } }, groups: [ceilDiv(rows, 64), 1, 1] as const }] : []),
    ],
  };
}
