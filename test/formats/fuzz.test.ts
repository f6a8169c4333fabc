// Mutated files: whatever comes, a reader returns arrays or throws a LatentError, and allocates no more than it may.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Elements } from "../../src/formats/elements.ts";
import { parseIdx } from "../../src/formats/idx.ts";
import { parseNpy, writeNpy } from "../../src/formats/npy.ts";
import { parseNpz, writeNpz } from "../../src/formats/npz.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import { refusalOf } from "./refusal.ts";

/** One change of a file: bytes written over, taken out, put in, or cut off at the end. */
type Change = { at: number; kind: "set" | "remove" | "insert" | "cut"; bytes: Uint8Array };

// what parsers trip over: signs, digits, brackets, separators, extremes
const telling = [0, 1, 0x7f, 0x80, 0xff, ...new TextEncoder().encode("-09.eE{}[](),:\"'\\ _OTF<>|")];
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(1000),
  kind: fc.constantFrom("set", "set", "set", "remove", "insert", "cut"),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }).chain((bytes) =>
    fc.oneof(
      fc.constant(bytes),
      fc.array(fc.constantFrom(...telling), { minLength: 1, maxLength: 4 }).map((few) => Uint8Array.from(few)),
    ),
  ),
});

function changed(file: Uint8Array, changes: readonly Change[], reach: number): Uint8Array {
  let bytes = [...file];
  for (const { at, kind, bytes: inserted } of changes) {
    const place = at % Math.max(1, Math.min(reach, bytes.length));
    if (kind === "cut") bytes = bytes.slice(0, bytes.length - (at % 9));
    else bytes.splice(place, kind === "insert" ? 0 : inserted.length, ...(kind === "remove" ? [] : inserted));
  }
  return Uint8Array.from(bytes);
}

/** By hand FUZZ=50: so many times the files, and other ones behind the first. */
const TIMES = Number(process.env["FUZZ"] ?? 1);
const random = { numRuns: 1000 * TIMES, seed: 20, endOnFailure: true };

/** Reads the bytes; a returned array must fill its shape, and new memory must stay within `allowed` bytes. */
function tried(
  bytes: Uint8Array,
  read: (bytes: Uint8Array) => { shape: readonly number[]; data: Elements }[],
  allowed: number,
): void {
  // small arrays get their buffer only when asked for it: not the reader's doing
  void bytes.buffer;
  const before = process.memoryUsage().arrayBuffers;
  const arrays: { shape: readonly number[]; data: Elements }[] = [];
  refusalOf(() => arrays.push(...read(bytes)));
  const allocated = process.memoryUsage().arrayBuffers - before;
  expect(allocated).toBeLessThanOrEqual(allowed);
  for (const { shape, data } of arrays) expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
}

describe("mutated files throw LatentError or nothing, and allocate no more than allowed", () => {
  test("IDX", () => {
    const file = Uint8Array.of(0, 0, 0x0d, 2, 0, 0, 0, 2, 0, 0, 0, 3, ...new Uint8Array(24));
    const read = (bytes: Uint8Array) => [parseIdx(bytes)].map(({ shape, values }) => ({ shape, data: values }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const bytes = changed(file, changes, 14);
        tried(bytes, read, bytes.length);
      }),
      random,
    );
  });

  test("npy", () => {
    const file = writeNpy({ shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) });
    const read = (bytes: Uint8Array) => [parseNpy(bytes)].map(({ shape, values }) => ({ shape, data: values }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const bytes = changed(file, changes, 80);
        tried(bytes, read, 2 * bytes.length);
      }),
      random,
    );
  });

  test("safetensors", () => {
    const file = writeSafetensors(
      [
        ["weight", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
        ["bias", { dtype: "F16", shape: [2], data: Uint16Array.of(0, 1) }],
      ],
      { format: "pt" },
    );
    const read = (bytes: Uint8Array) => [...parseSafetensors(bytes).tensors.values()];
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const bytes = changed(file, changes, file.length - 20);
        tried(bytes, read, bytes.length);
      }),
      random,
    );
  });

  test.each([false, true])("npz (compressed: %s)", (compressed) => {
    const file = writeNpz({ mu: { shape: [100], values: new Float64Array(100) } }, { compressed });
    const read = (bytes: Uint8Array) =>
      [...parseNpz(bytes, { maxBytes: 2 ** 20 }).values()].map(({ shape, values }) => ({ shape, data: values }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 2 }), (changes) => {
        const bytes = changed(file, changes, file.length);
        // the inflater's own window and step, beside the capped content
        tried(bytes, read, 2 ** 20 + 2 ** 23);
      }),
      { ...random, numRuns: 500 * TIMES },
    );
  });

  test("bytes of no format at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const read of [parseIdx, parseNpy, parseNpz, parseSafetensors]) refusalOf(() => read(bytes));
      }),
      random,
    );
  });
});

describe("whatever is written is read back", () => {
  const floats = fc.float32Array({ maxLength: 20 });

  test("npz", () => {
    const name = fc.string({ unit: "grapheme", maxLength: 12 }).filter((text) => /^[^/\\:\p{Cc}\p{Cs}]*$/u.test(text));
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, floats), { selector: ([key]) => key, maxLength: 5 }),
        fc.boolean(),
        (pairs, compressed) => {
          const arrays = pairs.map(([key, values]) => [key, { shape: [values.length, 1], values }] as const);
          const read = parseNpz(writeNpz(arrays, { compressed }));
          expect([...read]).toEqual(arrays.map(([key, array]) => [key, { dtype: "f4", ...array }]));
        },
      ),
      { ...random, numRuns: 60 },
    );
  });

  test("safetensors", () => {
    const text = fc.string({ unit: "binary", maxLength: 12 });
    const named = fc.uniqueArray(fc.tuple(text, floats), { selector: ([key]) => key, maxLength: 5 });
    fc.assert(
      fc.property(named, fc.dictionary(text, text), (pairs, metadata) => {
        const tensors = pairs.map(
          ([key, data]) => [key, { dtype: "F32" as const, shape: [1, data.length], data }] as const,
        );
        const read = parseSafetensors(writeSafetensors(tensors, metadata));
        expect([...read.tensors]).toEqual(tensors);
        expect([...read.metadata]).toEqual(Object.entries(metadata));
      }),
      { ...random, numRuns: 60 },
    );
  });
});
