// Files made by NumPy and by the safetensors package (oracle.py), read here; and ours, byte for byte beside them.
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { Elements } from "../../src/formats/elements.ts";
import { parseNpy, writeNpy, type NpyValues } from "../../src/formats/npy.ts";
import { parseNpz, writeNpz } from "../../src/formats/npz.ts";
import { parseSafetensors, widened, writeSafetensors } from "../../src/formats/safetensors.ts";
import oracle from "./oracle.json" with { type: "json" };
import { refusalOf } from "./refusal.ts";

interface Content {
  dtype: string;
  shape: number[];
  values: number[];
}

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));
const numbers = (values: Elements): number[] => Array.from<number | bigint, number>(values, Number);

function expectContent(
  array: { shape: readonly number[]; data: Elements } | undefined,
  { shape, values }: Content,
): void {
  expect(array?.shape).toEqual(shape);
  expect(array && numbers(array.data)).toEqual(values);
}

describe("NumPy's files", () => {
  test.each(Object.entries(oracle.npy))("%s is read as NumPy has it", (_name, { file, ...content }) => {
    const { dtype, shape, values } = parseNpy(bytes(file));
    expect(dtype).toBe(content.dtype);
    expectContent({ shape, data: values }, content);
  });

  const sameClass = ["f4", "f8", "scalar", "empty", "i1", "i2", "i4", "u1", "u2", "u4"] as const;
  test.each(sameClass)("%s is written with the very bytes of numpy.save", (name) => {
    const file = bytes(oracle.npy[name].file);
    expect(writeNpy(parseNpy(file))).toEqual(file);
  });

  test("64-bit integers are written with the very bytes of numpy.save", () => {
    for (const [name, type] of [
      ["i8", BigInt64Array],
      ["u8", BigUint64Array],
    ] as const) {
      const { file, shape } = oracle.npy[name];
      const { values } = parseNpy(bytes(file));
      expect(writeNpy({ shape, values: type.from(Array.from(values, BigInt)) })).toEqual(bytes(file));
    }
  });

  test.each(Object.entries(oracle.refused))("%s arrays are refused", (name, file) => {
    expect(refusalOf(() => parseNpy(bytes(file)))?.code).toBe(name.startsWith("beyond") ? "data" : "unsupported");
  });

  test.each(["stored", "deflated"] as const)("an npz file with %s arrays is read", (kind) => {
    const arrays = parseNpz(bytes(oracle.npz[kind]));
    expect([...arrays.keys()]).toEqual(["mu", "sigma", "n"]);
    for (const [name, content] of Object.entries(oracle.npz.arrays)) {
      const { shape, values } = arrays.get(name)!;
      expectContent({ shape, data: values }, content);
    }
  });
});

describe("files of the safetensors package", () => {
  test.each(Object.entries(oracle.safetensors))(
    "%s tensors are read, and written with the same bytes",
    (_kind, { file, tensors }) => {
      const read = parseSafetensors(bytes(file));
      expect(read.tensors.size).toBe(tensors.length);
      for (const { name, ...content } of tensors) expectContent(widened(read.tensors.get(name)!), content);
      expect(writeSafetensors(read.tensors, read.metadata)).toEqual(bytes(file));
    },
  );
});

const hasNumpy = spawnSync("python3", ["-c", "import numpy"]).status === 0;
const script = `
import io, json, sys, numpy as np
arrays = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
print(json.dumps({k: [v.dtype.str, v.shape, v.astype(float).ravel().tolist()] for k, v in arrays.items()}))
`;

test.runIf(hasNumpy).each([false, true])("NumPy here reads our npz (compressed: %s)", (compressed) => {
  const mu = Float32Array.from({ length: 5000 }, (_, i) => Math.sin(i));
  const arrays: Record<string, { shape: number[]; values: NpyValues }> = {
    mu: { shape: [50, 100], values: mu },
    n: { shape: [], values: Int32Array.of(7) },
    Größe: { shape: [0, 2], values: new Float64Array(0) },
  };
  const { status, stdout, stderr } = spawnSync("python3", ["-c", script], { input: writeNpz(arrays, { compressed }) });
  expect(status, String(stderr)).toBe(0);
  expect(JSON.parse(String(stdout))).toEqual({
    mu: ["<f4", [50, 100], [...mu]],
    n: ["<i4", [], [7]],
    Größe: ["<f8", [0, 2], []],
  });
});
