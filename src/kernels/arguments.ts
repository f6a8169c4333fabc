import { check } from "../device/errors.ts";
import type { DeviceTraits, Kernel, Launch } from "./launch.ts";

/** Bindings start at multiples of this many bytes on every device. */
export const ALIGNMENT = 256;

/** The bytes of `params`. */
export function packParams(kernel: Kernel, values: { readonly [name: string]: number }): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(kernel.paramsBytes));
  for (const [name, { offset, type }] of Object.entries(kernel.params)) {
    const value = values[name];
    if (value === undefined) throw new Error(`${kernel.name}: no value for params.${name}`);
    if (type === "f32") view.setFloat32(offset, value, true);
    else view.setUint32(offset, value, true);
  }
  return view.buffer;
}

/**
 * Folds a one-dimensional grid that is longer than the device allows into rows along y; lib/grid.wgsl finds a workgroup's number again.
 *
 * Throws LatentError("limit") where the kernel does not use lib/grid.wgsl, or the rows are too many as well.
 */
export function fold(
  { kernel, groups }: Pick<Launch, "kernel" | "groups">,
  { maxGroups }: DeviceTraits,
): Launch["groups"] {
  // undefined for users' kernels; a kernel of ours that never asks for its workgroup's number must be a single workgroup
  const most = kernel.folds ? Infinity : 1;
  if (kernel.folds !== undefined && (groups[0] > most || groups[1] !== 1 || groups[2] !== 1))
    throw new Error(
      `${kernel.name}: expected ${kernel.folds ? "a line of workgroups" : "one workgroup"}; got ${groups.join(" × ")}`,
    );
  if (groups.every((n) => n <= maxGroups)) return groups;
  const rows = Math.ceil(groups[0] / maxGroups);
  check(
    kernel.folds === true && rows <= 65_535,
    "limit",
    kernel.name,
    () => `a grid of ${groups.join(" × ")} workgroups. Expected at most ${maxGroups} along each dimension.`,
  );
  return [Math.ceil(groups[0] / rows), rows, 1];
}
