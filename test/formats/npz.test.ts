import { deflateSync, zipSync } from "fflate";
import { expect, test } from "vitest";
import { crc32 } from "../../src/formats/crc32.ts";
import { writeNpy, type NpyInput } from "../../src/formats/npy.ts";
import { parseNpz, writeNpz } from "../../src/formats/npz.ts";
import { refusalOf, refuses } from "./refusal.ts";

const mu = { shape: [3], values: Float64Array.of(1, 2, 3) };
const npy = writeNpy(mu);

/** An entry of a hand-made archive; what is not given is right. */
interface Part {
  name: string;
  body: Uint8Array;
  method?: number;
  flags?: number;
  checksum?: number;
  bytes?: number;
  localName?: string;
  /** where the directory says it starts */
  offset?: number;
}

/** A zip of these entries, with any lie that they ask for. */
function zip(
  parts: Part[],
  { comment = "", count = parts.length }: { comment?: string; count?: number } = {},
): Uint8Array {
  const encoder = new TextEncoder();
  const local: number[] = [];
  const directory: number[] = [];
  const u16 = (value: number): number[] => [value & 255, value >> 8];
  const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];
  for (const part of parts) {
    const { name, body, method = 0, flags = 0, checksum = crc32(body), bytes = body.length, localName = name } = part;
    const offset = part.offset ?? local.length;
    const sizes = [...u32(checksum), ...u32(body.length), ...u32(bytes)];
    const fields = [...u16(20), ...u16(flags), ...u16(method), ...u32(0x210000), ...sizes];
    const [inside, listed] = [encoder.encode(localName), encoder.encode(name)];
    local.push(...u32(0x04034b50), ...fields, ...u16(inside.length), 0, 0, ...inside, ...body);
    directory.push(...u32(0x02014b50), ...u16(20), ...fields, ...u16(listed.length), ...u16(0), ...u16(0));
    directory.push(...u16(0), ...u16(0), ...u32(0), ...u32(offset), ...listed);
  }
  const end = [
    ...u32(0x06054b50),
    0,
    0,
    0,
    0,
    ...u16(count),
    ...u16(count),
    ...u32(directory.length),
    ...u32(local.length),
  ];
  return Uint8Array.of(...local, ...directory, ...end, ...u16(comment.length), ...encoder.encode(comment));
}

const stored: Part = { name: "mu.npy", body: npy };
const zeros = new Uint8Array(2 ** 26);
const bomb = { body: deflateSync(zeros, { level: 9 }), method: 8, checksum: crc32(zeros) };

test.each([false, true])("arrays survive a round trip, in their order (compressed: %s)", (compressed) => {
  const arrays = new Map<string, NpyInput>([
    ["sigma", { shape: [2, 2], values: Float32Array.of(1, 0, 0, 1) }],
    ["mu", mu],
    ["n", { shape: [], values: Int32Array.of(5) }],
    ["__proto__", { shape: [1], values: Uint8Array.of(1) }],
    ["1", { shape: [0], values: new Uint8Array(0) }],
  ]);
  const read = parseNpz(writeNpz(arrays, { compressed }));
  expect([...read.keys()]).toEqual(["sigma", "mu", "n", "__proto__", "1"]);
  for (const [name, { shape, values }] of arrays) expect(read.get(name)).toMatchObject({ shape, values });
});

test("a plain object of arrays is written like a map of them", () => {
  expect(writeNpz({ mu })).toEqual(writeNpz([["mu", mu]]));
});

test("the same arrays give the same bytes, whenever and wherever", () => {
  const zone = process.env.TZ;
  const files = ["UTC", "Asia/Tokyo", "America/New_York"].map((name) => {
    process.env.TZ = name;
    return writeNpz({ mu }, { compressed: true });
  });
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
  expect(files[1]).toEqual(files[0]);
  expect(files[2]).toEqual(files[0]);
});

test("a hand-made archive with a comment is read: the cases below differ from it in their fault only", () => {
  expect(parseNpz(zip([stored], { comment: "made by hand" })).get("mu")).toMatchObject(mu);
});

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

test("many matrices of zeros are no bomb while they stay small", () => {
  const eye = { shape: [500, 500], values: new Float64Array(250_000) };
  expect(parseNpz(writeNpz({ eye }, { compressed: true })).get("eye")?.values).toHaveLength(250_000);
});

test("an entry that lies about its size stops at the lie, not at its end", () => {
  const file = zip([{ name: "mu.npy", ...bomb, bytes: 100 }]);
  const before = process.memoryUsage().arrayBuffers;
  expect(refusalOf(() => parseNpz(file))?.code).toBe("format");
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(zeros.length);
});

test("packed data that go on after their end are refused soon", () => {
  const body = new Uint8Array(2 ** 20);
  body.set(deflateSync(npy));
  const file = zipSync({ "mu.npy": [body, { level: 0 }] });
  const view = new DataView(file.buffer);
  const [local, listed] = [0, file.length - 22 - 46 - 6];
  for (const [at, method, checksum, bytes] of [
    [local, 8, 14, 22],
    [listed, 10, 16, 24],
  ] as const) {
    view.setUint16(at + method, 8, true);
    view.setUint32(at + checksum, crc32(npy), true);
    view.setUint32(at + bytes, npy.length, true);
  }
  expect(refusalOf(() => parseNpz(file))?.message).toMatch(
    /^parseNpz: entry "mu.npy" goes on after its end\. Expected about/,
  );
});

const damaged = npy.slice();
damaged[npy.length - 1]! ^= 1;
const hex = (body: Uint8Array): string => crc32(body).toString(16).padStart(8, "0");
const wide = zip([stored]);
new DataView(wide.buffer).setUint32(wide.length - 6, 0xffffffff, true);

refuses([
  [
    "a file that is no archive",
    () => parseNpz(npy),
    "format",
    `parseNpz: not a zip archive. Expected an end record; got ${npy.length} bytes without one.`,
  ],
  [
    "an empty file",
    () => parseNpz(new Uint8Array(0)),
    "format",
    "parseNpz: not a zip archive. Expected an end record; got 0 bytes without one.",
  ],
  [
    "an archive cut short",
    () => parseNpz(zip([stored]).subarray(0, -1)),
    "format",
    `parseNpz: not a zip archive. Expected an end record; got ${zip([stored]).length - 1} bytes without one.`,
  ],
  [
    "a bomb of 1000 : 1",
    () => parseNpz(zip([{ name: "mu.npy", ...bomb, bytes: zeros.length }])),
    "limit",
    `parseNpz: entry "mu.npy" unpacks too far. Expected at most 200 bytes a packed byte; got 67108864 from ${bomb.body.length}. ` +
      "Raise maxRatio if you trust it.",
  ],
  [
    "more bytes than allowed",
    () => parseNpz(zip([stored]), { maxBytes: 100 }),
    "limit",
    `parseNpz: archive is too large. Expected at most 100 bytes unpacked; got ${npy.length}. Raise maxBytes if you trust it.`,
  ],
  [
    "a size that deflate cannot reach",
    () => parseNpz(zip([{ name: "mu.npy", body: deflateSync(npy).subarray(0, 10), method: 8, bytes: 20000 }])),
    "format",
    'parseNpz: entry "mu.npy" has another size. Expected 20000 bytes; got 10 packed bytes.',
  ],
  [
    "an entry with more bytes than it states",
    () => parseNpz(zip([{ name: "mu.npy", body: deflateSync(npy), method: 8, bytes: npy.length - 1 }])),
    "format",
    `parseNpz: entry "mu.npy" has another size. Expected ${npy.length - 1} bytes; got more.`,
  ],
  [
    "an entry with fewer bytes than it states",
    () => parseNpz(zip([{ name: "mu.npy", body: deflateSync(npy), method: 8, bytes: npy.length + 1 }])),
    "format",
    `parseNpz: entry "mu.npy" has another size. Expected ${npy.length + 1} bytes; got ${npy.length}.`,
  ],
  [
    "a stored entry of two sizes",
    () => parseNpz(zip([{ ...stored, bytes: npy.length - 1 }])),
    "format",
    `parseNpz: entry "mu.npy" has another size. Expected ${npy.length - 1} bytes; got ${npy.length}.`,
  ],
  [
    "a damaged entry",
    () => parseNpz(zip([{ ...stored, body: damaged, checksum: crc32(npy) }])),
    "format",
    `parseNpz: entry "mu.npy" is damaged. Expected CRC-32 ${hex(npy)}; got ${hex(damaged)}.`,
  ],
  [
    "packed data that are cut short",
    () => parseNpz(zip([{ ...stored, body: deflateSync(npy).subarray(0, 20), method: 8, bytes: npy.length }])),
    "format",
    'parseNpz: entry "mu.npy" cannot be inflated. Expected deflate data; got Error: unexpected EOF.',
  ],
  [
    "packed data that are no deflate",
    () => parseNpz(zip([{ ...stored, body: new Uint8Array(20).fill(255), method: 8 }])),
    "format",
    'parseNpz: entry "mu.npy" cannot be inflated. Expected deflate data; got Error: invalid block type.',
  ],
  [
    "an encrypted entry",
    () => parseNpz(zip([{ ...stored, flags: 1 }])),
    "unsupported",
    'parseNpz: entry "mu.npy" is encrypted. Expected plain data; got flags 1.',
  ],
  [
    "another compression",
    () => parseNpz(zip([{ ...stored, method: 14 }])),
    "unsupported",
    'parseNpz: entry "mu.npy" is packed otherwise. Expected method 0 (stored) or 8 (deflate); got 14.',
  ],
  [
    "zip64",
    () => parseNpz(wide),
    "unsupported",
    "parseNpz: zip64 or split archive. Expected one plain zip; got another.",
  ],
  [
    "a wrong count of entries",
    () => parseNpz(zip([stored], { count: 2 })),
    "format",
    "parseNpz: entries are missing. Expected 2; got 1.",
  ],
  [
    "more than 1000 entries",
    () => parseNpz(zip([stored], { count: 1001 })),
    "limit",
    "parseNpz: too many entries. Expected at most 1000; got 1001.",
  ],
  [
    "an entry given twice",
    () => parseNpz(zip([stored, stored])),
    "format",
    'parseNpz: an entry comes twice. Expected one "mu.npy"; got two.',
  ],
  [
    "entries that share their bytes",
    () =>
      parseNpz(
        zip([
          { ...stored, localName: "a.npy", name: "a.npy" },
          { ...stored, name: "a.npyb", offset: 0, localName: "b" },
        ]),
      ),
    "format",
    'parseNpz: directory and entry differ. Expected "a.npyb" with method 0; got "a.npy" with method 0.',
  ],
  [
    "an entry inside another",
    () => {
      const inner = zip([{ name: "b.npy", body: npy }]).subarray(0, 35 + npy.length);
      return parseNpz(
        zip([
          { name: "a.npy", body: inner },
          { name: "b.npy", body: npy, offset: 35 },
        ]),
      );
    },
    "format",
    `parseNpz: entries overlap. Expected "a.npy" to end by byte 35; got ${70 + npy.length}.`,
  ],
  [
    "an entry that is not where it should be",
    () => parseNpz(zip([{ ...stored, offset: 5 }])),
    "format",
    'parseNpz: entry "mu.npy" is missing. Expected its header at byte 5; got none.',
  ],
  [
    "an entry with two names",
    () => parseNpz(zip([{ ...stored, localName: "nu.npy" }])),
    "format",
    'parseNpz: directory and entry differ. Expected "mu.npy" with method 0; got "nu.npy" with method 0.',
  ],
  [
    "a broken array",
    () => parseNpz(zip([{ ...stored, body: npy.subarray(0, -1) }]), { where: "fromNpz" }),
    "format",
    'fromNpz "mu": length and header differ. Expected 24 bytes of values for <f8 [3]; got 23.',
  ],
  [
    "a cap that is no number",
    () => parseNpz(zip([stored]), { maxBytes: NaN }),
    "argument",
    "parseNpz: maxBytes is out of range. Expected a number > 0; got NaN.",
  ],
  [
    "an unknown option",
    () => parseNpz(zip([stored]), { maxbytes: 5 } as object),
    "argument",
    'parseNpz: unknown option. Expected only arrays, maxBytes, maxRatio, where; got "maxbytes".',
  ],
  [
    "a name given twice",
    () =>
      writeNpz([
        ["mu", mu],
        ["mu", mu],
      ]),
    "argument",
    'writeNpz: a name comes twice. Expected each once; got two "mu".',
  ],
  [
    "a path as a name to write",
    () => writeNpz({ "a/b": mu }),
    "argument",
    'writeNpz: an entry\'s name is a path. Expected a plain name; got "a/b.npy".',
  ],
  [
    "values that do not fill their shape",
    () => writeNpz({ mu: { shape: [4], values: mu.values } }),
    "shape",
    'writeNpz "mu": shape and values differ in size. Expected 4 values for [4]; got 3.',
  ],
]);
