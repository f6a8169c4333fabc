import { parseSafetensors, writeSafetensors, type Safetensor } from "../../src/formats/safetensors.ts";
import { refuses } from "./refusal.ts";
import { file, tensor } from "./tensorfile.ts";

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
    'parseSafetensors: tensor "a" repeats a key. Expected one dtype; got two.',
  ],
  [
    "an unknown key of a tensor",
    () => parseSafetensors(file('{"a":{"__proto__":{}}}')),
    "format",
    'parseSafetensors: tensor "a" has an unknown key. Expected only dtype, shape, data_offsets; got "__proto__".',
  ],
  [
    "a tensor without shape",
    () => parseSafetensors(file('{"a":{"dtype":"U8","data_offsets":[0]}}')),
    "format",
    'parseSafetensors: tensor "a" is incomplete. Expected dtype, shape and two data_offsets; got dtype, data_offsets, 1 offsets.',
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
    'parseSafetensors: tensor "a" has a shape that overflows. Expected below 2^53 bytes; got U8 [4294967296, 4294967296, 0].',
  ],
  [
    "a size in bytes that overflows",
    () => parseSafetensors(file(`{"a":${tensor(0, 0, "[9007199254740991]", "F64")}}`)),
    "format",
    'parseSafetensors: tensor "a" has a shape that overflows. Expected below 2^53 bytes; got F64 [9007199254740991].',
  ],
  [
    "9 axes",
    () => parseSafetensors(file(`{"a":${tensor(0, 1, "[1,1,1,1,1,1,1,1,1]")}}`, 1)),
    "limit",
    'parseSafetensors: tensor "a" has too many axes. Expected at most 8; got more.',
  ],
  [
    "three offsets",
    () => parseSafetensors(file('{"a":{"data_offsets":[0,1,2]}}')),
    "limit",
    'parseSafetensors: tensor "a" has too many data_offsets. Expected at most 2; got more.',
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
    `parseSafetensors: tensor "a" has a dtype that is not read. Expected one of ${types}; got "F8_E4M3".`,
  ],
  [
    "a dtype that every object has",
    () => parseSafetensors(file(`{"a":${tensor(0, 1, "[1]", "constructor")}}`, 1)),
    "unsupported",
    `parseSafetensors: tensor "a" has a dtype that is not read. Expected one of ${types}; got "constructor".`,
  ],
  [
    "a shape that does not fill its bytes",
    () => parseSafetensors(file(`{"a":${tensor(0, 8, "[3]", "F32")}}`, 8)),
    "format",
    'parseSafetensors: tensor "a" has a shape that its offsets do not fit. Expected 12; got 8 bytes for F32 [3].',
  ],
  [
    "offsets that run backwards",
    () => parseSafetensors(file(`{"a":${tensor(4, 0, "[1]")}}`, 4)),
    "format",
    'parseSafetensors: tensor "a" has offsets that run backwards. Expected begin ≤ end; got [4, 0].',
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
