import { expect, test } from "vitest";
import { parseIdx } from "../../src/formats/idx.ts";
import { refuses } from "./refusal.ts";

/** An IDX file: magic with this type and rank, sizes as big-endian u32, then the bytes given. */
function idx(type: number, shape: number[], payload: number[]): Uint8Array {
  const sizes = shape.flatMap((size) => [size >>> 24, (size >>> 16) & 255, (size >>> 8) & 255, size & 255]);
  return Uint8Array.of(0, 0, type, shape.length, ...sizes, ...payload);
}

test("bytes come as a view of the file", () => {
  const file = idx(0x08, [2, 3], [1, 2, 3, 4, 5, 255]);
  const { dtype, shape, values } = parseIdx(file);
  expect({ dtype, shape, values }).toEqual({ dtype: "u8", shape: [2, 3], values: Uint8Array.of(1, 2, 3, 4, 5, 255) });
  expect(values.buffer).toBe(file.buffer);
});

test("a file inside a larger buffer is read at its place", () => {
  const file = idx(0x0c, [1], [0xff, 0xff, 0xff, 0xfe]);
  const larger = new Uint8Array(file.length + 3);
  larger.set(file, 3);
  expect(parseIdx(larger.subarray(3)).values).toEqual(Int32Array.of(-2));
});

test.each([
  ["i8", 0x09, [0x80, 0x7f], Int8Array.of(-128, 127)],
  ["i16", 0x0b, [0x80, 0x00, 0x01, 0x02], Int16Array.of(-32768, 258)],
  ["i32", 0x0c, [0, 0, 1, 0, 0x80, 0, 0, 0], Int32Array.of(256, -2147483648)],
  ["f32", 0x0d, [0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0], Float32Array.of(1, -2.5)],
  ["f64", 0x0e, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 4, 0, 0, 0, 0, 0, 0], Float64Array.of(1, -2.5)],
] as const)("%s values are read big-endian", (dtype, type, payload, values) => {
  expect(parseIdx(idx(type, [2], [...payload]))).toEqual({ dtype, shape: [2], values });
});

test("four axes are read", () => {
  expect(parseIdx(idx(0x08, [1, 1, 2, 1], [7, 8])).shape).toEqual([1, 1, 2, 1]);
});

const huge = 0xffffffff;
refuses([
  [
    "an empty file",
    () => parseIdx(new Uint8Array(0)),
    "format",
    "parseIdx: no IDX magic. Expected at least 4 bytes; got 0.",
  ],
  [
    "a bad magic",
    () => parseIdx(Uint8Array.of(1, 0, 8, 1, 0, 0, 0, 0), "labels"),
    "format",
    "labels: not an IDX file. Expected 00 00, a type of 08 09 0b 0c 0d 0e, and a rank; got 01 00 08 01.",
  ],
  [
    "an unknown type",
    () => parseIdx(Uint8Array.of(0, 0, 0x0a, 1, 0, 0, 0, 0)),
    "format",
    "parseIdx: not an IDX file. Expected 00 00, a type of 08 09 0b 0c 0d 0e, and a rank; got 00 00 0a 01.",
  ],
  [
    "a gzip file",
    () => parseIdx(Uint8Array.of(0x1f, 0x8b, 8, 0, 0)),
    "format",
    "parseIdx: not an IDX file. Expected 00 00, a type of 08 09 0b 0c 0d 0e, and a rank; got 1f 8b 08 00. " +
      "These bytes are gzip: decompress them first.",
  ],
  [
    "rank 0",
    () => parseIdx(Uint8Array.of(0, 0, 8, 0, 1)),
    "format",
    "parseIdx: unusable rank. Expected 1 to 4; got 0.",
  ],
  [
    "rank 5",
    () => parseIdx(idx(8, [1, 1, 1, 1, 1], [1])),
    "format",
    "parseIdx: unusable rank. Expected 1 to 4; got 5.",
  ],
  [
    "a header cut short",
    () => parseIdx(idx(8, [1, 1, 1], [1]).subarray(0, 15)),
    "format",
    "parseIdx: header is cut short. Expected 16 bytes for rank 3; got 15.",
  ],
  [
    "an empty axis",
    () => parseIdx(idx(8, [60000, 0, 0], [])),
    "format",
    "parseIdx: an axis is empty. Expected sizes of at least 1; got [60000, 0, 0].",
  ],
  [
    "a short payload",
    () => parseIdx(idx(8, [2, 28, 28], new Array<number>(1567).fill(0))),
    "format",
    "parseIdx: length and header differ. Expected 1584 bytes for u8 [2, 28, 28]; got 1583.",
  ],
  [
    "a long payload",
    () => parseIdx(idx(0x0d, [1], [0, 0, 0, 0, 0])),
    "format",
    "parseIdx: length and header differ. Expected 12 bytes for f32 [1]; got 13.",
  ],
  [
    "a size far beyond the file",
    () => parseIdx(idx(8, [30000, 30000], [1])),
    "format",
    "parseIdx: length and header differ. Expected 900000012 bytes for u8 [30000, 30000]; got 13.",
  ],
  [
    "a shape that overflows",
    () => parseIdx(idx(8, [huge, huge, huge, huge], [1])),
    "format",
    "parseIdx: length and header differ. Expected Infinity bytes for u8 [4294967295, 4294967295, 4294967295, 4294967295]; got 21.",
  ],
  [
    "an ArrayBuffer",
    () => parseIdx(new ArrayBuffer(8) as unknown as Uint8Array),
    "argument",
    "parseIdx: bytes are missing. Expected a Uint8Array; got ArrayBuffer. Wrap it: new Uint8Array(buffer).",
  ],
]);
