import { afterAll, beforeAll, expect, it } from "vitest";
import { type DType, type Gpu, LatentError, linalg, type Tensor } from "../../src/index.ts";
import { byOp } from "./check.ts";
import { count } from "./nd.ts";
import { upload } from "./row.ts";
import { rows } from "./rows/index.ts";
import { openShared } from "../helpers.ts";

// Every op that takes floats, given integers, bytes or bools: what floats of the same values give, or a refusal in the op's own name. A kernel
// that takes the words of integers for floats fails here, and so does an op that passes on what another one has to refuse.

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openShared();
});
afterAll(() => gpu.dispose());

type Run = (...x: Tensor[]) => Tensor | Promise<Tensor>;
interface Call {
  readonly op: string;
  readonly shapes: readonly (readonly number[])[];
  readonly run: Run;
}

/** The first row of each op that takes nothing but floats. */
const ops = [...byOp(rows)].flatMap(([op, list]): Call[] => {
  const row = list.find(({ inputs }) => inputs.length > 0 && inputs.every(({ dtype }) => dtype === undefined));
  return row ? [{ op, shapes: row.inputs.map(({ shape }) => shape), run: row.run }] : [];
});
const [square, tall] = [[[3, 3]], [[4, 3]]] as const;
const matrices: readonly Call[] = [
  { op: "linalg.cholesky", shapes: square, run: (a) => linalg.cholesky(a!).factor },
  { op: "linalg.covariance", shapes: tall, run: (a) => linalg.covariance(a!) },
  { op: "linalg.det", shapes: square, run: (a) => linalg.det(a!) },
  { op: "linalg.eigh", shapes: square, run: async (a) => (await linalg.eigh(a!)).values },
  { op: "linalg.inverse", shapes: square, run: (a) => linalg.inverse(a!) },
  { op: "linalg.logdet", shapes: square, run: (a) => linalg.logdet(a!) },
  { op: "linalg.polar", shapes: square, run: (a) => linalg.polar(a!).unitary },
  { op: "linalg.qr", shapes: tall, run: (a) => linalg.qr(a!).q },
  { op: "linalg.solve", shapes: [...square, [3]], run: (a, b) => linalg.solve(a!, b!) },
  { op: "linalg.solveTriangular", shapes: [...square, [3, 1]], run: (a, b) => linalg.solveTriangular(a!, b!) },
  { op: "linalg.sqrtm", shapes: square, run: (a) => linalg.sqrtm(a!).root },
  { op: "linalg.svdvals", shapes: tall, run: (a) => linalg.svdvals(a!) },
];

/** What the call gives, or what it throws. */
async function outcome(run: Run, inputs: readonly Tensor[]): Promise<ArrayLike<number> | LatentError> {
  try {
    return await (await run(...inputs)).read();
  } catch (error) {
    if (error instanceof LatentError) return error;
    throw error;
  }
}

/** Whether both are one number, or one integer wrapped around. */
const agree = (got: number, want: number): boolean =>
  Object.is(got, want) || Math.abs(got - want) <= 1e-5 * Math.max(1, Math.abs(want)) || (got - want) % 256 === 0;

it.each(["i32", "u32", "u8", "bool"] as const)("%s gives what floats give, or is refused by name", async (dtype) => {
  const faults: string[] = [];
  for (const { op, shapes, run } of [...ops, ...matrices]) {
    const make = (as: DType) =>
      shapes.map((shape, k) => {
        const data = Float64Array.from({ length: count(shape) }, (_, i) =>
          dtype === "bool" ? Number((i + k) % 4 !== 1) : 1 + ((i * 7 + k) % 3),
        );
        return upload(gpu, { shape, data }, as);
      });
    const got = await outcome(run, make(dtype));
    if (got instanceof LatentError) {
      // an own op has the name that its maker gave it
      const name = op === "defineOp" ? "tripled" : op;
      if (got.code !== "argument" || !got.message.startsWith(`${name}: `)) faults.push(`${op}: ${got.message}`);
      continue;
    }
    const want = await outcome(run, make("f32"));
    if (want instanceof LatentError) continue;
    const at = Array.from(got).findIndex((value, i) => !agree(value, want[i]!));
    if (at >= 0) faults.push(`${op}: ${got[at]} instead of ${want[at]}`);
  }
  expect(faults).toEqual([]);
});
