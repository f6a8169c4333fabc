import { expect, test } from "vitest";
import { parseNpy, writeNpy, type NpyInput } from "../../src/formats/npy.ts";
import { refuses } from "./refusal.ts";

/** An npy file of version 1.0 with this header text. */
function npy(header: string, payload: ArrayLike<number> = [], major = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = major === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, major, 0, ...length, ...text, ...Array.from(payload));
}

const header = (descr: string, shape: string, fortran = "False"): string =>
  `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;

test.each<[string, NpyInput]>([
  ["f4", { shape: [2, 3], values: Float32Array.of(1.5, -0, NaN, Infinity, 1e-45, 3) }],
  ["f8", { shape: [], values: Float64Array.of(Math.PI) }],
  ["i1", { shape: [3], values: Int8Array.of(-128, 0, 127) }],
  ["i2", { shape: [1, 2], values: Int16Array.of(-32768, 32767) }],
  ["i4", { shape: [2], values: Int32Array.of(-2147483648, 2147483647) }],
  ["u1", { shape: [0, 7], values: new Uint8Array(0) }],
  ["u2", { shape: [1], values: Uint16Array.of(65535) }],
  ["u4", { shape: [1, 1, 1, 1], values: Uint32Array.of(4294967295) }],
])("%s survives a round trip, bit for bit", (dtype, { shape, values }) => {
  const again = parseNpy(writeNpy({ shape, values }));
  expect(again).toEqual({ dtype, shape, values });
  const bits = (array: typeof values): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  expect(bits(again.values)).toEqual(bits(values));
});

test("64-bit integers come as float64", () => {
  const large = 2n ** 53n - 1n;
  const read = parseNpy(writeNpy({ shape: [3], values: BigInt64Array.of(-large, 0n, large) }));
  expect(read).toEqual({ dtype: "i8", shape: [3], values: Float64Array.of(-Number(large), 0, Number(large)) });
  expect(parseNpy(writeNpy({ shape: [1], values: BigUint64Array.of(large) })).values).toEqual(
    Float64Array.of(2 ** 53 - 1),
  );
});

test("big-endian values are converted", () => {
  expect(parseNpy(npy(header("'>f4'", "(2,)"), [0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0])).values).toEqual(
    Float32Array.of(1, -2.5),
  );
  expect(parseNpy(npy(header("'>i8'", "(1,)"), [255, 255, 255, 255, 255, 255, 255, 0])).values).toEqual(
    Float64Array.of(-256),
  );
});

test("Fortran order is converted to rows", () => {
  const file = npy(header("'|u1'", "(2, 3, 2)", "True"), [0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  expect(parseNpy(file)).toEqual({
    dtype: "u1",
    shape: [2, 3, 2],
    values: Uint8Array.from({ length: 12 }, (_, i) => i),
  });
  expect(parseNpy(npy(header("'|u1'", "(3, 0)", "True"))).values).toHaveLength(0);
});

test("half precision widens exactly", () => {
  const halves = [0x3c00, 0xc100, 0x0001, 0x83ff, 0x7bff, 0x7c00, 0xfc00, 0x8000];
  const { values } = parseNpy(
    npy(
      header("'<f2'", "(8,)"),
      halves.flatMap((half) => [half & 255, half >> 8]),
    ),
  );
  expect(values).toEqual(Float32Array.of(1, -2.5, 2 ** -24, -1023 * 2 ** -24, 65504, Infinity, -Infinity, -0));
  expect(parseNpy(npy(header("'<f2'", "()"), [1, 0x7c])).values).toEqual(Float32Array.of(NaN));
});

test("keys in another order, double quotes and headers of versions 2 and 3 are read", () => {
  const text = `{"shape":(2,),"fortran_order":False,"descr":"|b1"}  `;
  for (const major of [2, 3]) {
    expect(parseNpy(npy(text, [1, 0], major))).toEqual({ dtype: "b1", shape: [2], values: Uint8Array.of(1, 0) });
  }
});

test("aligned values are a view of the file, others a copy", () => {
  const file = writeNpy({ shape: [2], values: Float32Array.of(1, 2) });
  expect(parseNpy(file).values.buffer).toBe(file.buffer);
  const shifted = new Uint8Array(file.length + 1);
  shifted.set(file, 1);
  expect(parseNpy(shifted.subarray(1)).values).toEqual(Float32Array.of(1, 2));
});

const f4 = header("'<f4'", "(1,)");
refuses([
  [
    "another file",
    () => parseNpy(Uint8Array.of(1, 2, 3)),
    "format",
    'parseNpy: no npy magic. Expected the bytes 93 "NUMPY"; got 3 other bytes.',
  ],
  [
    "version 4",
    () => parseNpy(npy(f4, [0, 0, 0, 0], 4)),
    "unsupported",
    "parseNpy: unknown version. Expected 1.0, 2.0 or 3.0; got 4.0.",
  ],
  [
    "a magic without header",
    () => parseNpy(npy(f4).subarray(0, 9)),
    "format",
    "parseNpy: header length is cut off. Expected at least 10 bytes; got 9.",
  ],
  [
    "a header of 4 GiB",
    () => parseNpy(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 2, 0, 255, 255, 255, 255)),
    "limit",
    "parseNpy: header is too long. Expected at most 65536 bytes; got 4294967295.",
  ],
  [
    "a header cut short",
    () => parseNpy(npy(f4).subarray(0, 40)),
    "format",
    `parseNpy: header is cut short. Expected ${f4.length} bytes; got 30.`,
  ],
  [
    "a header that is not UTF-8",
    () => parseNpy(Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 3, 0, 2, 0, 0, 0, 0xc3, 0x28)),
    "format",
    "parseNpy: header is not text. Expected UTF-8; got other bytes.",
  ],
  [
    "an object array",
    () => parseNpy(npy(header("'|O'", "(1,)"), [0x80, 4]), "statistics"),
    "unsupported",
    "statistics: object arrays hold pickled code. Expected a numeric type, such as '<f4'; got \"|O\".",
  ],
  [
    "a structured array",
    () => parseNpy(npy(header("[('a', '<f4')]", "(1,)"), [0, 0, 0, 0])),
    "unsupported",
    "parseNpy: structured arrays are not read. Expected one numeric type, such as '<f4'; got a list of fields.",
  ],
  ...["<c8", "<U3", "<f16", "=f4", "f4", "<b4", "<i3", "<M8[s]"].map(
    (descr): [string, () => unknown, "unsupported", string] => [
      `the type ${descr}`,
      () => parseNpy(npy(header(`'${descr}'`, "(1,)"), [0, 0, 0, 0])),
      "unsupported",
      `parseNpy: this type is not read. Expected < or > and one of f4 f8 i1 i2 i4 u1 u2 u4 b1 f2 i8 u8; got "${descr}".`,
    ],
  ),
  [
    "a shape that overflows",
    () => parseNpy(npy(header("'<f8'", "(4294967296, 4294967296)"), [])),
    "format",
    "parseNpy: length and header differ. Expected Infinity bytes of values for <f8 [4294967296, 4294967296]; got 0.",
  ],
  [
    "a huge shape with one empty axis",
    () => parseNpy(npy(header("'<f8'", "(9007199254740991, 9, 0)"), [])),
    "format",
    "parseNpy: length and header differ. Expected Infinity bytes of values for <f8 [9007199254740991, 9, 0]; got 0.",
  ],
  [
    "a payload cut short",
    () => parseNpy(npy(header("'<f4'", "(2, 2)"), new Uint8Array(15))),
    "format",
    "parseNpy: length and header differ. Expected 16 bytes of values for <f4 [2, 2]; got 15.",
  ],
  [
    "bytes after the values",
    () => parseNpy(npy(f4, new Uint8Array(5))),
    "format",
    "parseNpy: length and header differ. Expected 4 bytes of values for <f4 [1]; got 5.",
  ],
  [
    "33 axes",
    () => parseNpy(npy(header("'|u1'", `(${"1, ".repeat(33)})`), [1])),
    "limit",
    "parseNpy: too many axes. Expected at most 32; got 33.",
  ],
  [
    "a size beyond 2^53",
    () => parseNpy(npy(header("'|u1'", "(9007199254740992,)"))),
    "format",
    'parseNpy: header breaks its grammar at character 51. Expected a whole number from 0 to 2^53 - 1; got "9007199254740992,), }\\n".',
  ],
  [
    "a negative size",
    () => parseNpy(npy(header("'|u1'", "(-1,)"))),
    "format",
    'parseNpy: header breaks its grammar at character 51. Expected a whole number from 0 to 2^53 - 1; got "-1,), }\\n".',
  ],
  [
    "a shape that is no tuple",
    () => parseNpy(npy(header("'|u1'", "(3)"), [1, 2, 3])),
    "format",
    'parseNpy: header breaks its grammar at character 52. Expected ","; got "), }\\n".',
  ],
  [
    "a key given twice",
    () => parseNpy(npy("{'descr': '<f4', 'descr': '|u1'}")),
    "format",
    'parseNpy: header repeats a key. Expected each once; got "descr" twice.',
  ],
  [
    "a missing key",
    () => parseNpy(npy("{'descr': '<f4', 'shape': (1,), }", new Uint8Array(4))),
    "format",
    "parseNpy: header is incomplete. Expected 'descr', 'fortran_order' and 'shape'; got descr, shape.",
  ],
  [
    "an unknown key",
    () => parseNpy(npy("{'__class__': 1}")),
    "format",
    'parseNpy: unknown key. Expected only descr, fortran_order, shape; got "__class__".',
  ],
  [
    "an expression in the header",
    () => parseNpy(npy("{'descr': __import__('os')}")),
    "format",
    "parseNpy: header breaks its grammar at character 10. Expected a quoted name; got \"__import__('os')}\".",
  ],
  [
    "a fortran_order that is a number",
    () => parseNpy(npy(header("'|u1'", "(1,)", "1"), [1])),
    "format",
    "parseNpy: header breaks its grammar at character 34. Expected True or False; got \"1, 'shape': (1,), }\\n\".",
  ],
  [
    "text after the dict",
    () => parseNpy(npy(`${f4}x`)),
    "format",
    `parseNpy: header breaks its grammar at character ${f4.length}. Expected nothing but spaces after the dict; got "x".`,
  ],
  [
    "a 64-bit integer beyond 2^53",
    () => parseNpy(writeNpy({ shape: [2], values: BigInt64Array.of(1n, -(2n ** 53n)) })),
    "data",
    "parseNpy: a 64-bit integer has no exact number. Expected at most 2^53 - 1 in size; got -9007199254740992 at index 1.",
  ],
  [
    "values that do not fill their shape",
    () => writeNpy({ shape: [2, 3], values: new Float32Array(5) }),
    "shape",
    "writeNpy: shape and values differ in size. Expected 6 values for [2, 3]; got 5.",
  ],
  [
    "a shape with a fraction",
    () => writeNpy({ shape: [2.5, 2], values: new Float32Array(5) }),
    "shape",
    "writeNpy: unusable shape. Expected at most 32 whole sizes ≥ 0; got [2.5, 2].",
  ],
  [
    "values that are a plain array",
    () => writeNpy({ shape: [1], values: [1] as unknown as Float32Array }),
    "argument",
    "writeNpy: values cannot be written. Expected one of Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, " +
      "BigInt64Array, Uint8Array, Uint16Array, Uint32Array, BigUint64Array; got Array.",
  ],
]);
