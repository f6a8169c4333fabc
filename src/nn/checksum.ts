import { crc32 } from "../formats/crc32.ts";
import { littleEndianBytes } from "../formats/elements.ts";
import { check } from "../formats/errors.ts";
import type { Safetensor } from "../formats/safetensors.ts";

export const CHECKSUM = "latentgpu.checksum";

/**
 * CRC-32, in hex, over all that a checkpoint says: names, dtypes, shapes and values of its tensors, and its metadata but for the checksum
 * itself; in the order of their names, so that a file that was only rewritten keeps it.
 */
export function checksumOf(
  tensors: Iterable<readonly [string, Safetensor]>,
  metadata: Iterable<readonly [string, string]>,
): string {
  const encoder = new TextEncoder();
  const byName = <T>(pairs: Iterable<readonly [string, T]>) => [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  let sum = 0;
  for (const [name, { dtype, shape, data }] of byName(tensors)) {
    sum = crc32(encoder.encode(JSON.stringify([name, dtype, shape])), sum);
    sum = crc32(littleEndianBytes(data), sum);
  }
  for (const pair of byName(metadata)) if (pair[0] !== CHECKSUM) sum = crc32(encoder.encode(JSON.stringify(pair)), sum);
  return sum.toString(16).padStart(8, "0");
}

/** Throws LatentError("format") where a file's checksum is not that of its contents, or is missing and `required`. */
export function checkChecksum(
  where: string,
  tensors: ReadonlyMap<string, Safetensor>,
  metadata: ReadonlyMap<string, string>,
  required: boolean,
): void {
  const stated = metadata.get(CHECKSUM);
  if (stated === undefined && !required) return;
  const found = checksumOf(tensors, metadata);
  check(
    stated === found,
    "format",
    where,
    () =>
      `this checkpoint is damaged, or was changed. Expected checksum ${stated ?? `(metadata ${CHECKSUM})`}; got ${found}. Take the checkpoint before it.`,
  );
}
