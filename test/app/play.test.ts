import { describe, expect, it } from "vitest";
import { addressOf, parseAddress } from "../../src/app/page/play/address.ts";
import { latest } from "../../src/app/page/play/latest.ts";
import {
  cells,
  coordinates,
  codeAt,
  planeOfLatents,
  planeOfRows,
  HALF_WIDTH,
  rest,
} from "../../src/app/page/play/plane.ts";
import { asDigit, bounds, type Grey } from "../../src/app/page/play/sketch.ts";
import { halfPrecision } from "../../src/app/studio/half.ts";
import { compact } from "../../src/app/studio/compact.ts";
import { float32OfHalf } from "../../src/formats/elements.ts";
import { parseSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";

describe("half precision", () => {
  it("gives every half back as it was", () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((half) => (half & 0x7fff) <= 0x7c00);
    expect(halfPrecision(float32OfHalf(all))).toEqual(all);
  });

  it("rounds to the nearest half, ties to even, and beyond the largest to infinity", () => {
    const unit = 2 ** -10;
    const values = [1 + 0.49 * unit, 1 + 0.5 * unit, 1 + 0.51 * unit, 1 + 1.5 * unit, 2 - 0.4 * unit, 65519, 65520, 2 ** -25, 1.5 * 2 ** -25]; // prettier-ignore
    const rounded = [1, 1, 1 + unit, 1 + 2 * unit, 2, 65504, Infinity, 0, 2 ** -24];
    expect([...float32OfHalf(halfPrecision(values))]).toEqual(rounded);
    expect([...float32OfHalf(halfPrecision(values.map((value) => -value)))]).toEqual(rounded.map((value) => -value));
    expect(float32OfHalf(halfPrecision([NaN]))).toEqual(Float32Array.of(NaN));
  });

  it("halves large tensors of a file, leaves small ones, and adds notes", () => {
    const data = Float32Array.from({ length: 1000 }, (_, i) => i / 64);
    const small = { dtype: "F32", shape: [2], data: Float32Array.of(0.1, 0.2) } as const;
    const file = writeSafetensors(
      [
        ["large", { dtype: "F32", shape: [10, 100], data }],
        ["small", small],
      ],
      { a: "1" },
    );
    const { tensors, metadata } = parseSafetensors(compact(file, { b: "2" }), { widen: true });
    expect(tensors.get("large")).toEqual({ dtype: "F32", shape: [10, 100], data });
    expect(tensors.get("small")).toEqual(small);
    expect(Object.fromEntries(metadata)).toEqual({ a: "1", b: "2" });
  });
});

describe("the plane of codes", () => {
  const plane = planeOfRows(Float32Array.of(0.6, 0.8, 0, -0.8, 0.6, 0));
  const z = Float32Array.of(1, 2, 3);

  it("moves a code to coordinates and leaves the rest of it", () => {
    const to = codeAt(plane, z, -1.5, 0.5);
    expect(coordinates(plane, to)[0]).toBeCloseTo(-1.5, 6);
    expect(coordinates(plane, to)[1]).toBeCloseTo(0.5, 6);
    expect(to[2]).toBe(3);
    expect([...rest(plane, to)]).toEqual([...rest(plane, z)].map((value) => expect.closeTo(value, 6) as number));
  });

  it("of two latents moves these two alone", () => {
    expect([...codeAt(planeOfLatents(3, 2, 0), z, 7, 8)]).toEqual([8, 2, 7]);
  });

  it("has cells from the top left on, their centres half a cell inside", () => {
    const all = cells(planeOfLatents(2, 0, 1), Float32Array.of(9, 9), 3);
    const end = (HALF_WIDTH * 2) / 3;
    expect([...all].map((value) => Math.round(value * 1e5) / 1e5)).toEqual([-end, end, 0, end, end, end, -end, 0, 0, 0, end, 0, -end, -end, 0, -end, end, -end]); // prettier-ignore
  });
});

describe("the address", () => {
  it("gives back the code and the plane that it was made of", () => {
    const { code, plane } = parseAddress(addressOf([0.123, -1.5, 3], "0,2"), 3);
    expect([...code!]).toEqual([...Float32Array.of(0.12, -1.5, 3)]);
    expect(plane).toBe("0,2");
  });

  it.each([
    "",
    "#play",
    "#play?z=1,2",
    "#play?z=1,2,x&plane=7,8",
    "#play?z=1,2,99&plane=1,1",
    "#play?z=1,2,&plane=<b>",
  ])("leaves out what fits no code of three numbers: %s", (hash) => {
    const { code, plane } = parseAddress(hash, 3);
    expect(plane).toBeNull();
    if (!hash.endsWith("<b>")) expect(code).toBeNull();
  });
});

describe("a drawing as a digit", () => {
  /** A box of ink on an empty pad. */
  const drawing = (size: number, x: number, y: number, width: number, height: number): Grey => {
    const pixels = new Float32Array(size * size);
    for (let row = y; row < y + height; row++) pixels.fill(1, row * size + x, row * size + x + width);
    return { width: size, height: size, pixels };
  };

  it("is scaled to 20 pixels and centred by mass, wherever it was drawn", () => {
    for (const corner of [10, 60]) {
      const digit = asDigit(drawing(280, corner, corner + 5, 40, 100));
      const box = bounds({ width: 28, height: 28, pixels: digit });
      expect(box).toEqual({ x: 10, y: 4, width: 8, height: 20 });
      expect(digit.reduce((a, b) => a + b, 0)).toBeCloseTo(160, 3);
    }
  });

  it("of nothing is empty", () => {
    expect(asDigit(drawing(280, 0, 0, 0, 0)).every((value) => value === 0)).toBe(true);
  });

  it("smaller than the box is enlarged", () => {
    const digit = asDigit(drawing(10, 2, 2, 5, 5));
    expect(bounds({ width: 28, height: 28, pixels: digit })).toEqual({ x: 4, y: 4, width: 20, height: 20 });
  });
});

describe("the latest value", () => {
  it("is worked on, those that it overtook are not", async () => {
    const done: number[] = [];
    let release = (): void => {};
    const run = latest(
      (value: number) =>
        new Promise<void>((accept) => {
          done.push(value);
          release = accept;
        }),
      () => {},
    );
    for (const value of [1, 2, 3]) run(value);
    release();
    await new Promise((turn) => setTimeout(turn));
    expect(done).toEqual([1, 3]);
  });

  it("goes on after a failure, which is told", async () => {
    const errors: unknown[] = [];
    const run = latest(
      (value: number) => (value === 1 ? Promise.reject(new Error("one")) : Promise.resolve()),
      (error) => errors.push(error),
    );
    run(1);
    await new Promise((turn) => setTimeout(turn));
    run(2);
    await new Promise((turn) => setTimeout(turn));
    expect(errors).toEqual([new Error("one")]);
  });
});
