import type { Tensor } from "../../index.ts";
import type { Engine } from "./engine.ts";

/** A step compiled once: numbers in, pictures and numbers out. */
export type Step<Out extends string> = (
  values: Float32Array<ArrayBuffer>,
) => Promise<{ readonly [name in Out]: Float32Array }>;

/** Compiles `body` of one state of this shape; each call writes the state, runs and reads. Calls must not overlap. */
export async function step<Out extends string>(
  { gpu, own }: Pick<Engine, "gpu" | "own">,
  shape: readonly number[],
  body: (x: Tensor) => { readonly [name in Out]: Tensor },
): Promise<Step<Out>> {
  const input = own(gpu.state(new Float32Array(shape.reduce((a, b) => a * b, 1)), [...shape]));
  const program = own(await gpu.compile(() => body(input)));
  return async (values) => {
    input.write(values);
    const found = Object.entries<Tensor>(await program.run());
    const read = found.map(async ([name, tensor]) => [name, await tensor.read()]);
    return Object.fromEntries(await Promise.all(read)) as { [name in Out]: Float32Array };
  };
}
