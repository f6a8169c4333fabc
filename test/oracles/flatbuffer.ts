/** What a field of a table may be, as src/features/flatbuffer.ts reads it. */
export type Field =
  | undefined
  | { readonly int: number }
  | { readonly byte: number }
  | { readonly ints: readonly number[] }
  | { readonly bytes: Uint8Array }
  | { readonly table: readonly Field[] }
  | { readonly tables: readonly (readonly Field[])[] };

/** A FlatBuffers file of one root table, written front to back. Source: the format's internals page of google/flatbuffers. */
export function flatbuffer(identifier: string, root: readonly Field[]): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [0, 0, 0, 0, ...new TextEncoder().encode(identifier)];
  const int = (at: number, value: number, size = 4): void => {
    for (let i = 0; i < size; i++) bytes[at + i] = (value >> (8 * i)) & 255;
  };
  const room = (size: number): number => {
    while (bytes.length % 4) bytes.push(0);
    const at = bytes.length;
    for (let i = 0; i < size; i++) bytes.push(0);
    return at;
  };
  /** Offsets are from the place where they stand. */
  const point = (from: number, to: number): void => int(from, to - from);
  const table = (fields: readonly Field[]): number => {
    const places = room(4 + 2 * fields.length);
    int(places, 4 + 2 * fields.length, 2);
    const at = room(4 + 4 * fields.length);
    int(at, at - places);
    int(places + 2, 4 + 4 * fields.length, 2);
    for (const [i, field] of fields.entries()) {
      if (!field) continue;
      const place = at + 4 + 4 * i;
      int(places + 4 + 2 * i, place - at, 2);
      if ("int" in field) int(place, field.int);
      else if ("byte" in field) int(place, field.byte, 1);
      else point(place, child(field));
    }
    return at;
  };
  const vector = (count: number, size: number): number => {
    const at = room(4 + count * size);
    int(at, count);
    return at;
  };
  const child = (field: Exclude<Field, undefined | { int: number } | { byte: number }>): number => {
    if ("table" in field) return table(field.table);
    if ("tables" in field) {
      const at = vector(field.tables.length, 4);
      for (const [i, one] of field.tables.entries()) point(at + 4 + 4 * i, table(one));
      return at;
    }
    if ("ints" in field) {
      const at = vector(field.ints.length, 4);
      for (const [i, value] of field.ints.entries()) int(at + 4 + 4 * i, value);
      return at;
    }
    const at = vector(field.bytes.length, 1);
    for (const [i, value] of field.bytes.entries()) bytes[at + 4 + i] = value;
    return at;
  };
  point(0, table(root));
  return Uint8Array.from(bytes);
}
