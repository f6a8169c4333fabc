import { deflateSync } from "fflate";
import { expect, test } from "vitest";
import { crc32 } from "../../src/formats/crc32.ts";
import { writeNpy } from "../../src/formats/npy.ts";
import { parseNpz, writeNpz } from "../../src/formats/npz.ts";
import { refusalOf } from "./refusal.ts";
import { type Part, zip } from "./zip.ts";

const mu = { shape: [3], values: Float64Array.of(1, 2, 3) };
const npy = writeNpy(mu);
const stored: Part = { name: "mu.npy", body: npy };
const zeros = new Uint8Array(2 ** 26);
const bomb = { body: deflateSync(zeros, { level: 9 }), method: 8, checksum: crc32(zeros) };

const text = new TextEncoder().encode("\x93NUMPY");
const typed = (descr: string): Uint8Array => {
  const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': (1,), }\n`;
  return Uint8Array.of(
    0x93,
    ...text.subarray(2),
    1,
    0,
    header.length,
    0,
    ...new TextEncoder().encode(header),
    1,
    2,
    3,
    4,
  );
};
/** What numpy and people put beside numbers. */
const beside: Part[] = [
  { name: "README.txt", body: new TextEncoder().encode("two files of statistics") },
  { name: "README", body: new Uint8Array(0) },
  { name: "folder/", body: new Uint8Array(0) },
  { name: "folder/inner.npy", body: npy },
  { name: "../mu.npy", body: npy },
  { name: "c:mu.npy", body: npy },
  { name: "labels.npy", body: typed("'<U1'") },
  { name: "objects.npy", body: typed("'|O'") },
  { name: "records.npy", body: typed("[('a', '<i4')]") },
  { name: "complex.npy", body: typed("'<c8'") },
  { name: "secret.txt", body: npy, flags: 1 },
];

test("what holds no numbers is passed over, with and without a list of arrays", () => {
  const file = zip([...beside.slice(0, 5), stored, ...beside.slice(5)]);
  expect([...parseNpz(file).keys()]).toEqual(["mu"]);
  expect(parseNpz(file, { arrays: ["mu"] }).get("mu")).toMatchObject(mu);
  // a path is only a name: what it asks for is given, and nothing is written anywhere
  expect(parseNpz(file, { arrays: ["folder/inner"] }).get("folder/inner")).toMatchObject(mu);
  for (const name of ["labels", "objects", "records", "complex"])
    expect(refusalOf(() => parseNpz(file, { arrays: [name] }))).toMatchObject({ code: "unsupported" });
  expect(refusalOf(() => parseNpz(file, { arrays: ["nu"] }))?.message).toMatch(
    /^parseNpz: no array "nu"\. Expected "nu.npy"; got "README.txt"/,
  );
});

test("arrays that nobody asks for, broken or huge, cost nothing", () => {
  const large = deflateSync(new Uint8Array(16 * 2 ** 20), { level: 9 });
  const bombs = Array.from({ length: 4 }, (_, i) => ({ ...bomb, body: large, name: `b${i}.npy`, bytes: 16 * 2 ** 20 }));
  const broken = { name: "broken.npy", body: npy.subarray(0, 40), method: 14 };
  const file = zip([...bombs, broken, stored]);
  const before = process.memoryUsage().arrayBuffers;
  expect(parseNpz(file, { arrays: ["mu"] }).get("mu")).toMatchObject(mu);
  // small entries that would inflate to 64 MiB are refused at the first entry that is no array of its size
  expect(refusalOf(() => parseNpz(file))?.code).toBe("format");
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 25);
});

test("an array that is large, or whose archive is, is told by its header before it is unpacked", () => {
  const big = { shape: [2 ** 20], values: new Float64Array(2 ** 20) };
  const file = writeNpz(
    Array.from({ length: 6 }, (_, i) => [`a${i}`, big] as const),
    { compressed: true },
  );
  expect(file.length).toBeLessThan(2 ** 17);
  expect(refusalOf(() => parseNpz(file))).toMatchObject({ code: "limit" });
  expect(parseNpz(file, { arrays: ["a4"] }).get("a4")?.values).toHaveLength(2 ** 20);
});

test("shapes of Python 2 are read", () => {
  const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1L, 3L), }\n";
  const body = Uint8Array.of(
    0x93,
    ...text.subarray(2),
    1,
    0,
    header.length,
    0,
    ...new TextEncoder().encode(header),
    ...npy.subarray(-24),
  );
  expect(parseNpz(zip([{ name: "mu.npy", body }])).get("mu")).toMatchObject({ shape: [1, 3], values: mu.values });
  const wrong = new TextDecoder("latin1").decode(body).replace("3L", "L3");
  expect(
    refusalOf(() => parseNpz(zip([{ name: "mu.npy", body: Uint8Array.from(wrong, (c) => c.charCodeAt(0)) }])))?.code,
  ).toBe("format");
});
