import type { Refusal } from "./device.ts";
import { LatentError, quote } from "./errors.ts";

/** What the device refused of a buffer or texture of the app's own, by its name: it is destroyed, or else another device's. */
export function refusalOf(where: string, what: string, { label }: GPUObjectBase, cause: Refusal): Refusal {
  if (cause?.code !== "argument") return cause;
  const [code, is] = /destroyed/i.test(cause.message)
    ? (["disposed", "is destroyed"] as const)
    : (["wrong-device", "belongs to another device"] as const);
  return new LatentError(code, `${where}: the ${what} ${quote(label)} ${is}.`, { cause });
}
