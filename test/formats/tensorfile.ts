/** A file with this header text and a payload of so many zero bytes. */
export function file(header: string, payload = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + payload);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

/** The header's entry of a tensor at these bytes of the payload. */
export const tensor = (begin: number, end: number, shape = `[${end - begin}]`, dtype = "U8"): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
