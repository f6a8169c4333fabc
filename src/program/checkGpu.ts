import { check } from "../device/errors.ts";
import { Gpu } from "./gpu.ts";

/** Throws LatentError("argument") unless `gpu` is an opened engine, with the remedy where it is a promise of one. */
export function checkGpu(where: string, gpu: unknown): asserts gpu is Gpu {
  const remedy = gpu instanceof Promise ? " Await it: await openGpu()." : "";
  check(
    gpu instanceof Gpu,
    "argument",
    where,
    () =>
      `expected a gpu opened by openGpu or openNodeGpu; got ${gpu instanceof Promise ? "a promise" : typeof gpu}.${remedy}`,
  );
}
