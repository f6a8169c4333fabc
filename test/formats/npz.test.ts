import { deflateSync, zipSync } from "fflate";
import { expect, test } from "vitest";
import { crc32 } from "../../src/formats/crc32.ts";
import { writeNpy, type NpyInput } from "../../src/formats/npy.ts";
import { parseNpz, writeNpz } from "../../src/formats/npz.ts";
import { refusalOf, refuses } from "./refusal.ts";
import { type Part, zip } from "./zip.ts";

const mu = { shape: [3], values: Float64Array.of(1, 2, 3) };
const npy = writeNpy(mu);

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
