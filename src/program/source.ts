import type { ShaderSource } from "../device/pipelines.ts";
import type { DeviceTraits, Kernel } from "../kernels/launch.ts";

const UNIFORM = "@group(0) @binding(0) var<uniform> params: Params;";
const IMMEDIATE = "var<immediate> params: Params;";

/** What a dispatch binds beside its parameters. */
export interface Bound {
  readonly buffers: readonly { readonly binding: number; readonly writes: boolean }[];
  /** Whether its hooks read scalars (shaders/lib/extras.wgsl). */
  readonly scalars: boolean;
}

/**
 * What WebGPU compiles of a kernel whose text is `code`. Parameters travel as immediates where the device has room for them: no
 * buffer to make, write and bind, and a read of them costs nothing.
 */
export function sourceOf(
  label: string,
  kernel: Kernel,
  code: string,
  { buffers, scalars }: Bound,
  { maxImmediateBytes }: DeviceTraits,
): ShaderSource {
  const immediates = kernel.paramsBytes <= maxImmediateBytes ? kernel.paramsBytes : 0;
  const uniforms = [...(kernel.paramsBytes > immediates ? [0] : []), ...(scalars ? [9] : [])];
  return {
    label,
    code: immediates ? code.replace(UNIFORM, IMMEDIATE) : code,
    entry: kernel.entry,
    bindings: [
      ...uniforms.map((binding) => ({ binding, type: "uniform" as const })),
      ...buffers.map(({ binding, writes }) => ({
        binding,
        type: writes ? ("storage" as const) : ("read-only-storage" as const),
      })),
    ],
    immediates,
  };
}
