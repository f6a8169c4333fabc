import { expect, test } from "vitest";
import { float32OfBfloat, float32OfHalf } from "../../src/formats/elements.ts";
import { parseSafetensors, widened, writeSafetensors, type Safetensor } from "../../src/formats/safetensors.ts";
import { refusalOf, refuses, thrown } from "./refusal.ts";

/** A file with this header text and a payload of so many zero bytes. */
function file(header: string, payload = 0, length?: bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + payload);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const tensor = (begin: number, end: number, shape = `[${end - begin}]`, dtype = "U8"): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

const all: [string, Safetensor][] = [
  ["F64", { dtype: "F64", shape: [2], data: Float64Array.of(Math.PI, NaN) }],
  ["F32", { dtype: "F32", shape: [2, 1], data: Float32Array.of(-0, 1e-45) }],
  ["F16", { dtype: "F16", shape: [3], data: Uint16Array.of(0x3c00, 0x0001, 0x7c00) }],
  ["BF16", { dtype: "BF16", shape: [1, 1, 2], data: Uint16Array.of(0x3f80, 0xff80) }],
  ["I64", { dtype: "I64", shape: [], data: BigInt64Array.of(-(2n ** 63n)) }],
  ["I32", { dtype: "I32", shape: [1], data: Int32Array.of(-5) }],
  ["I16", { dtype: "I16", shape: [1], data: Int16Array.of(-5) }],
  ["I8", { dtype: "I8", shape: [3], data: Int8Array.of(-128, 0, 127) }],
  ["U64", { dtype: "U64", shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) }],
  ["U32", { dtype: "U32", shape: [1], data: Uint32Array.of(2 ** 32 - 1) }],
  ["U16", { dtype: "U16", shape: [1], data: Uint16Array.of(65535) }],
  ["U8", { dtype: "U8", shape: [0, 5], data: new Uint8Array(0) }],
  ["BOOL", { dtype: "BOOL", shape: [2], data: Uint8Array.of(1, 0) }],
];

test("every type survives a round trip", () => {
  const { tensors, metadata } = parseSafetensors(writeSafetensors(all));
  expect(tensors).toEqual(new Map(all));
  expect(metadata.size).toBe(0);
});

test("tensors lie aligned, widest first, after a header padded to a multiple of 8", () => {
  const bytes = writeSafetensors(all, { format: "pt" });
  const { tensors } = parseSafetensors(bytes);
  const sizes = [...tensors.values()].map(({ data }) => data.BYTES_PER_ELEMENT);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
  for (const { data } of tensors.values()) expect(data.buffer).toBe(bytes.buffer);
});

test("equal types keep their order, so that a model's names read as they were written", () => {
  const names = ["2.weight", "2.bias", "10.weight", "1"];
  const layers = names.map((name): [string, Safetensor] => [
    name,
    { dtype: "F32", shape: [1], data: new Float32Array(1) },
  ]);
  expect([...parseSafetensors(writeSafetensors(layers)).tensors.keys()]).toEqual(names);
});

test("metadata of any text survive", () => {
  const metadata = new Map([
    ["__proto__", 'é\n"\u0000'],
    ["", "{}"],
    ["step", "12"],
    ["\ud800", "lone"],
  ]);
  expect(parseSafetensors(writeSafetensors([], metadata)).metadata).toEqual(metadata);
});

test("a tensor named __proto__ is only a name", () => {
  const { tensors } = parseSafetensors(file(`{"__proto__":${tensor(0, 4)},"constructor":${tensor(4, 5)}}`, 5));
  expect([...tensors.keys()]).toEqual(["__proto__", "constructor"]);
  expect(({} as Record<string, unknown>)["dtype"]).toBeUndefined();
});

test("any order, white space and escapes in the header are read", () => {
  const header = `{ "b" : ${tensor(3, 4)} ,\n\t"\\u0061\\"" : { "shape" : [ 3 ] , "data_offsets" : [ 0 , 3 ] , "dtype" : "U8" } } \n`;
  expect([...parseSafetensors(file(header, 4)).tensors.keys()]).toEqual(["b", 'a"']);
});

test("an empty file of tensors is read", () => {
  expect(parseSafetensors(file("{}")).tensors.size).toBe(0);
});

test("unaligned tensors are copied", () => {
  const bytes = file(`{"a":${tensor(0, 1)},"b":${tensor(1, 5, "[1]", "F32")}}`, 5);
  bytes.set([0, 0, 0x80, 0x3f], bytes.length - 4);
  expect(parseSafetensors(bytes).tensors.get("b")?.data).toEqual(Float32Array.of(1));
});

test("half precision widens exactly, all 65536 of each kind", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const expected = Array.from(bits, (half) => {
    const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
  });
  expect(float32OfHalf(bits)).toEqual(Float32Array.from(expected));
  const upper = new Uint16Array(float32OfBfloat(bits).buffer).filter((_, i) => i % 2 === 1);
  expect(upper).toEqual(bits);
});

test("widen gives F16 and BF16 as F32, and leaves the rest", () => {
  const { tensors } = parseSafetensors(writeSafetensors(all), { widen: true });
  expect(tensors.get("F16")).toEqual({ dtype: "F32", shape: [3], data: Float32Array.of(1, 2 ** -24, Infinity) });
  expect(tensors.get("BF16")).toEqual({ dtype: "F32", shape: [1, 1, 2], data: Float32Array.of(1, -Infinity) });
  expect(tensors.get("I8")).toEqual(all[7]![1]);
  expect(widened(all[5]![1])).toBe(all[5]![1]);
});

test("finite accepts every finite value of every type", () => {
  const finite = all.filter(([name]) => !["F64", "F16", "BF16"].includes(name));
  const halves: [string, Safetensor] = ["h", { dtype: "F16", shape: [2], data: Uint16Array.of(0x7bff, 0xfbff) }];
  const bfloats: [string, Safetensor] = ["b", { dtype: "BF16", shape: [2], data: Uint16Array.of(0x7f7f, 0xff7f) }];
  expect(parseSafetensors(writeSafetensors([...finite, halves, bfloats]), { finite: true }).tensors.size).toBe(12);
});

test("a hostile header of the full 8 MiB costs less than 100 ms", () => {
  const size = 8 * 2 ** 20;
  const many = (item: (i: number) => string): string => {
    const items: string[] = [];
    for (let i = 0, length = 2; length < size - 200; i++) length += items[items.push(item(i)) - 1]!.length + 1;
    return items.join(",");
  };
  const headers = {
    "100 000 tensors": `{${many((i) => `"${i}":${tensor(0, 0)}`)}}`,
    metadata: `{"__metadata__":{${many((i) => `"${i}":""`)}}}`,
    axes: `{"a":{"shape":[${many(() => "1")}]}}`,
    "one name": `{"${"x".repeat(size - 100)}`,
    escapes: `{"${"\\".repeat(size - 100)}`,
    digits: `{"a":{"shape":[${"9".repeat(size - 100)}]}}`,
    spaces: `{${" ".repeat(size - 100)}}`,
    brackets: `{"a":${"[".repeat(size - 100)}`,
    "long names": `{${Array.from({ length: 9000 }, (_, i) => `"${"é".repeat(400)}${i}":${tensor(0, 0)}`).join(",")}}`,
  };
  for (const [name, header] of Object.entries(headers)) {
    const bytes = file(header);
    // the best of three: this asks what it costs, not what else the machine does
    const milliseconds = [1, 2, 3].map(() => {
      const begin = performance.now();
      refusalOf(() => parseSafetensors(bytes));
      return performance.now() - begin;
    });
    expect(Math.min(...milliseconds), name).toBeLessThan(100);
  }
});

test("refused bytes leave no allocation behind, whatever sizes they claim", () => {
  const claims = [
    file("{}", 0, 2n ** 33n),
    file(`{"a":${tensor(0, 2 ** 40)}}`),
    file(`{"a":${tensor(0, 8, "[1,1099511627776]", "F64")}}`, 8),
  ];
  const before = process.memoryUsage().arrayBuffers;
  for (const bytes of claims) expect(thrown(() => parseSafetensors(bytes))).toBeDefined();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
});

const grammar = (at: number, expected: string, found: string): string =>
  `parseSafetensors: header breaks its grammar at character ${at}. Expected ${expected}; got ${found}.`;
const types = "F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 BOOL";
const one: Safetensor = { dtype: "F32", shape: [1], data: Float32Array.of(1) };

refuses([
  [
    "a file without header length",
    () => parseSafetensors(new Uint8Array(7)),
    "format",
    "parseSafetensors: no header length. Expected at least 8 bytes; got 7.",
  ],
  [
    "a header longer than the file",
    () => parseSafetensors(file("{}", 0, 3n), { where: "loadVae" }),
    "format",
    "loadVae: header is cut short. Expected 3 bytes; got 2.",
  ],
  [
    "a header of 2^64 - 1 bytes",
    () => parseSafetensors(file("{}", 0, 2n ** 64n - 1n)),
    "limit",
    "parseSafetensors: no safetensors file, or its header is too long. Expected at most 8388608 bytes; got 18446744073709551615.",
  ],
  [
    "a header over 8 MiB",
    () => parseSafetensors(file(`{}${" ".repeat(8 * 2 ** 20)}`)),
    "limit",
    "parseSafetensors: no safetensors file, or its header is too long. Expected at most 8388608 bytes; got 8388610.",
  ],
  [
    "a header that is not UTF-8",
    () => parseSafetensors(Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0x28)),
    "format",
    "parseSafetensors: header is not text. Expected UTF-8; got other bytes.",
  ],
  [
    "a header that does not start with a brace",
    () => parseSafetensors(file(" {}")),
    "format",
    'parseSafetensors: header is not JSON. Expected it to start with "{"; got " {}".',
  ],
  [
    "an empty header",
    () => parseSafetensors(file("")),
    "format",
    'parseSafetensors: header is not JSON. Expected it to start with "{"; got "".',
  ],
  [
    "a header that ends early",
    () => parseSafetensors(file('{"a":')),
    "format",
    grammar(5, '"{"', "the end of the header"),
  ],
  ["a comma too many", () => parseSafetensors(file(`{"a":${tensor(0, 0)},}`)), "format", grammar(53, '"\\""', '"}"')],
  [
    "text after the header",
    () => parseSafetensors(file("{}{}")),
    "format",
    grammar(2, "nothing but spaces after the header", '"{}"'),
  ],
  ["a name without its end", () => parseSafetensors(file('{"a')), "format", grammar(1, "a string that ends", '"\\"a"')],
  [
    "a raw control character in a name",
    () => parseSafetensors(file('{"a\n":1}')),
    "format",
    grammar(1, "a JSON string", '"\\"a\\n\\":1}"'),
  ],
  ["a tensor that is a list", () => parseSafetensors(file('{"a":[]}')), "format", grammar(5, '"{"', '"[]}"')],
  [
    "metadata that are numbers",
    () => parseSafetensors(file('{"__metadata__":{"a":1}}')),
    "format",
    grammar(21, '"\\""', '"1}}"'),
  ],
  [
    "a tensor given twice",
    () => parseSafetensors(file(`{"a":${tensor(0, 1)},"\\u0061":${tensor(1, 2)}}`, 2)),
    "format",
    'parseSafetensors: a tensor comes twice. Expected one "a"; got two.',
  ],
  [
    "metadata given twice",
    () => parseSafetensors(file('{"__metadata__":{},"__metadata__":{}}')),
    "format",
    "parseSafetensors: __metadata__ comes twice. Expected it once; got two.",
  ],
  [
    "a metadata key given twice",
    () => parseSafetensors(file('{"__metadata__":{"a":"","a":""}}')),
    "format",
    'parseSafetensors: metadata repeats a key. Expected one "a"; got two.',
  ],
  [
    "a key of a tensor given twice",
    () => parseSafetensors(file('{"a":{"dtype":"U8","dtype":"F64"}}')),
    "format",
    'parseSafetensors "a": a key comes twice. Expected one dtype; got two.',
  ],
  [
    "an unknown key of a tensor",
    () => parseSafetensors(file('{"a":{"__proto__":{}}}')),
    "format",
    'parseSafetensors "a": unknown key. Expected only dtype, shape, data_offsets; got "__proto__".',
  ],
  [
    "a tensor without shape",
    () => parseSafetensors(file('{"a":{"dtype":"U8","data_offsets":[0]}}')),
    "format",
    'parseSafetensors "a": description is incomplete. Expected dtype, shape and two data_offsets; got dtype, data_offsets, 1 offsets.',
  ],
  [
    "a negative size",
    () => parseSafetensors(file(`{"a":${tensor(0, 1, "[-1]")}}`, 1)),
    "format",
    grammar(28, "a whole number from 0 to 2^53 - 1", '"-1],\\"data_offsets\\":[0,1]"'),
  ],
  [
    "a size with a fraction",
    () => parseSafetensors(file(`{"a":${tensor(0, 1, "[1.0]")}}`, 1)),
    "format",
    grammar(28, "a whole number from 0 to 2^53 - 1", '"1.0],\\"data_offsets\\":[0,1"'),
  ],
  [
    "a size with an exponent",
    () => parseSafetensors(file('{"a":{"shape":[1e3]}}')),
    "format",
    grammar(15, "a whole number from 0 to 2^53 - 1", '"1e3]}}"'),
  ],
  [
    "a size of 2^53",
    () => parseSafetensors(file('{"a":{"shape":[9007199254740992]}}')),
    "format",
    grammar(15, "a whole number from 0 to 2^53 - 1", '"9007199254740992]}}"'),
  ],
  [
    "a shape that overflows",
    () => parseSafetensors(file(`{"a":${tensor(0, 0, "[4294967296,4294967296,0]")}}`)),
    "format",
    'parseSafetensors "a": shape overflows. Expected a product below 2^53; got [4294967296, 4294967296, 0].',
  ],
  [
    "a size in bytes that overflows",
    () => parseSafetensors(file(`{"a":${tensor(0, 0, "[9007199254740991]", "F64")}}`)),
    "format",
    'parseSafetensors "a": shape overflows. Expected a product below 2^53; got [9007199254740991].',
  ],
  [
    "9 axes",
    () => parseSafetensors(file(`{"a":${tensor(0, 1, "[1,1,1,1,1,1,1,1,1]")}}`, 1)),
    "limit",
    'parseSafetensors "a": too many axes. Expected at most 8; got more.',
  ],
  [
    "three offsets",
    () => parseSafetensors(file('{"a":{"data_offsets":[0,1,2]}}')),
    "limit",
    'parseSafetensors "a": too many data_offsets. Expected at most 2; got more.',
  ],
  [
    "10 001 tensors",
    () => parseSafetensors(file(`{${Array.from({ length: 10_001 }, (_, i) => `"${i}":${tensor(0, 0)}`).join(",")}}`)),
    "limit",
    "parseSafetensors: too many tensors. Expected at most 10000; got more.",
  ],
  [
    "an unknown dtype",
    () => parseSafetensors(file(`{"a":${tensor(0, 1, "[1]", "F8_E4M3")}}`, 1)),
    "unsupported",
    `parseSafetensors "a": this dtype is not read. Expected one of ${types}; got "F8_E4M3".`,
  ],
  [
    "a dtype that every object has",
    () => parseSafetensors(file(`{"a":${tensor(0, 1, "[1]", "constructor")}}`, 1)),
    "unsupported",
    `parseSafetensors "a": this dtype is not read. Expected one of ${types}; got "constructor".`,
  ],
  [
    "a shape that does not fill its bytes",
    () => parseSafetensors(file(`{"a":${tensor(0, 8, "[3]", "F32")}}`, 8)),
    "format",
    'parseSafetensors "a": shape and offsets differ. Expected 12 bytes for F32 [3]; got 8.',
  ],
  [
    "offsets that run backwards",
    () => parseSafetensors(file(`{"a":${tensor(4, 0, "[1]")}}`, 4)),
    "format",
    'parseSafetensors "a": offsets run backwards. Expected begin ≤ end; got [4, 0].',
  ],
  [
    "tensors that overlap",
    () => parseSafetensors(file(`{"a":${tensor(0, 4)},"b":${tensor(3, 6)}}`, 6)),
    "format",
    'parseSafetensors: tensor "b" overlaps the one before it. Expected it at byte 4; got 3.',
  ],
  [
    "a hole between tensors",
    () => parseSafetensors(file(`{"b":${tensor(5, 6)},"a":${tensor(0, 4)}}`, 6)),
    "format",
    'parseSafetensors: tensor "b" leaves a hole before it. Expected it at byte 4; got 5.',
  ],
  [
    "a hole at the start",
    () => parseSafetensors(file(`{"a":${tensor(1, 4)}}`, 4)),
    "format",
    'parseSafetensors: tensor "a" leaves a hole before it. Expected it at byte 0; got 1.',
  ],
  [
    "a payload cut short",
    () => parseSafetensors(file(`{"a":${tensor(0, 4)}}`, 3)),
    "format",
    "parseSafetensors: payload is cut short. Expected 4 bytes; got 3.",
  ],
  [
    "bytes that no tensor owns",
    () => parseSafetensors(file(`{"a":${tensor(0, 4)}}`, 5)),
    "format",
    "parseSafetensors: payload has bytes that no tensor owns. Expected 4 bytes; got 5.",
  ],
  [
    "NaN where finite values are asked for",
    () =>
      parseSafetensors(writeSafetensors([["w", { dtype: "F32", shape: [2], data: Float32Array.of(1, NaN) }]]), {
        finite: true,
      }),
    "data",
    'parseSafetensors "w": a value is not finite. Expected finite F32; got NaN at index 1.',
  ],
  [
    "an infinite half where finite values are asked for",
    () =>
      parseSafetensors(writeSafetensors([["w", { dtype: "F16", shape: [1], data: Uint16Array.of(0xfc00) }]]), {
        finite: true,
      }),
    "data",
    'parseSafetensors "w": a value is not finite. Expected finite F16; got bits fc00 at index 0.',
  ],
  [
    "an unknown option",
    () => parseSafetensors(file("{}"), { mmap: true } as object),
    "argument",
    'parseSafetensors: unknown option. Expected only widen, finite, where; got "mmap".',
  ],
  [
    "a name written twice",
    () =>
      writeSafetensors([
        ["a", one],
        ["a", one],
      ]),
    "argument",
    'writeSafetensors: a name cannot be used. Expected each once, and not __metadata__; got "a".',
  ],
  [
    "the metadata's key as a name",
    () => writeSafetensors([["__metadata__", one]]),
    "argument",
    'writeSafetensors: a name cannot be used. Expected each once, and not __metadata__; got "__metadata__".',
  ],
  [
    "data of another class",
    () => writeSafetensors([["a", { dtype: "F16", shape: [1], data: Float32Array.of(1) }]], {}, "save"),
    "argument",
    'save "a": dtype and data differ. Expected a Uint16Array for F16; got a Float32Array.',
  ],
  [
    "a dtype that cannot be written",
    () => writeSafetensors([["a", { ...one, dtype: "f32" as "F32" }]]),
    "argument",
    `writeSafetensors "a": this dtype is not written. Expected one of ${types}; got "f32".`,
  ],
  [
    "data that do not fill their shape",
    () => writeSafetensors([["a", { ...one, shape: [2] }]]),
    "shape",
    'writeSafetensors "a": shape and values differ in size. Expected 2 values for [2]; got 1.',
  ],
  [
    "metadata that are no text",
    () => writeSafetensors([], { step: 3 as unknown as string }),
    "argument",
    'writeSafetensors: metadata are not text. Expected strings; got number for "step".',
  ],
  [
    "a header too long to be read back",
    () => writeSafetensors([["x".repeat(8 * 2 ** 20), one]]),
    "limit",
    "writeSafetensors: header is too long. Expected at most 8388608 bytes and 10000 metadata keys; got 8388664 and 0.",
  ],
]);
