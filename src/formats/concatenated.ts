/** Arrays of one kind one after the other: `concatenated(Float32Array, parts)`. */
export function concatenated<T extends Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>>(
  Kind: new (length: number) => T,
  parts: readonly ArrayLike<number>[],
): T {
  const all = new Kind(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
