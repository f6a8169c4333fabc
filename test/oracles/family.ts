import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Gpu, Tensor } from "../../src/index.ts";

// Tiny networks of the family of auto-encoders with their losses and gradients: what family.json says of itself.

interface Values {
  readonly shape: readonly number[];
  readonly of64?: readonly number[];
  readonly values?: readonly number[];
}

export interface FamilyCase {
  readonly id: string;
  readonly model: string;
  readonly image: readonly [number, number, number];
  readonly hidden: readonly number[];
  readonly latent: number | readonly number[];
  readonly options: { readonly [name: string]: unknown };
  readonly parameters: { readonly [name: string]: Values };
  readonly buffers?: { readonly [name: string]: Values };
  readonly count?: number;
  readonly input: {
    readonly x: Values;
    readonly noise?: { readonly [name: string]: Values };
    readonly labels?: readonly number[];
    readonly step?: number;
  };
  readonly terms: { readonly [name: string]: number };
  readonly gradients?: { readonly [loss: string]: { readonly [name: string]: { norm: number; dot: number } } };
  readonly extra?: { readonly [name: string]: readonly number[] | { readonly [name: string]: readonly number[] } };
}

const file = JSON.parse(readFileSync(new URL("family.json", import.meta.url), "utf8")) as {
  readonly cases: readonly FamilyCase[];
  readonly functions: { readonly [name: string]: { readonly [part: string]: readonly number[] } };
};

export const { functions } = file;

/** The oracle has another spelling of one name. */
export const cases: readonly FamilyCase[] = file.cases.map((one) =>
  one.model === "MSSSIMVAE" ? { ...one, model: "MSSIMVAE" } : one,
);

export const caseOf = (id: string): FamilyCase => cases.find((c) => c.id === id)!;

export const valuesOf = ({ of64, values }: Values): Float32Array<ArrayBuffer> =>
  Float32Array.from(of64 ? of64.map((n) => n / 64) : values!);

export const tensorOf = (gpu: Gpu, values: Values): Tensor => gpu.tensor(valuesOf(values), values.shape);

/** Norm of a gradient, and its sum weighted with cos(i + 1), which catches signs and transposes. */
export function projection(gradient: ArrayLike<number>): { norm: number; dot: number } {
  let [squares, dot] = [0, 0];
  for (let i = 0; i < gradient.length; i++) {
    squares += gradient[i]! ** 2;
    dot += gradient[i]! * Math.cos(i + 1);
  }
  return { norm: Math.sqrt(squares), dot };
}

/** Every difference is within 1e-5 of its value, or 1e-5. */
export function near(found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-5): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries())
    expect(
      Math.abs(found[i]! - value) <= tolerance * Math.max(1, Math.abs(value)),
      `${found[i]} for ${value} at ${i}`,
    ).toBe(true);
}
