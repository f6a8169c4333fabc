import { expect, test } from "vitest";
import { float32OfBfloat, float32OfHalf } from "../../src/formats/elements.ts";
import { parseSafetensors, widened, writeSafetensors, type Safetensor } from "../../src/formats/safetensors.ts";
import { refusalOf, thrown } from "./refusal.ts";
import { file, tensor } from "./tensorfile.ts";

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
  expect(float32OfHalf(bits).findIndex((value, half) => !Object.is(value, expected[half]))).toBe(-1);
  const upper = new Uint16Array(float32OfBfloat(bits).buffer).filter((_, i) => i % 2 === 1);
  expect(upper.findIndex((value, i) => value !== bits[i])).toBe(-1);
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

/** Milliseconds of processor time of the fastest of three calls: other work on the machine does not count. */
function best(call: () => unknown): number {
  const times = [1, 2, 3].map(() => {
    const begin = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

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
    const milliseconds = best(() => refusalOf(() => parseSafetensors(bytes)));
    // on a slow machine decoding alone passes the limit; work that grows with the square would take hundreds of times as long
    const limit = milliseconds < 100 ? 100 : 25 * best(() => new TextDecoder().decode(bytes));
    expect(milliseconds, name).toBeLessThan(limit);
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
