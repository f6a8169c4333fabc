import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { run } from "../../../src/app/command/run.ts";
import { encodePng } from "../../../src/formats.ts";
import { openShared } from "../../helpers.ts";

/** Runs a command on the device of the worker: exit code, and what it printed. */
export async function latentgpu(words: readonly string[], signal = new AbortController().signal) {
  const [out, err]: string[][] = [[], []];
  const stream = (lines: string[]) => ({ write: (text: string) => lines.push(text) });
  const code = await run(words, { out: stream(out!), err: stream(err!), signal, open: openShared });
  return { code, out: out!.join(""), err: err!.join("") };
}

export const json = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Report;
export interface Report {
  complete: boolean;
  adapter: { description: string; software: boolean };
  features: { name: string; checksum?: string };
  conditions: { [condition: string]: unknown };
  sets: { [set: string]: { n: number; kind: string; skipped: { file: string; reason: string }[]; warnings: string[] } };
  scores: ({ key: string; title: string; value: number; interval?: number[] } & { [part: string]: number })[];
}

/** Pixels of `count` pictures, channels last, as PNG has them. */
export function pictures(count: number, seed: number, channels: 1 | 3 = 3, side = 4): Uint8Array[] {
  let state = seed;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from({ length: count }, () => {
    const level = 60 + 120 * next();
    return Uint8Array.from({ length: side * side * channels }, () => level + 60 * (next() - 0.5) * (1 + (seed % 5)));
  });
}

/** The same as rows [n, c·h·w] from 0 to 1. */
export const rows = (images: readonly Uint8Array[], channels = 3): number[][] =>
  images.map((pixels) => {
    const area = pixels.length / channels;
    return Array.from({ length: pixels.length }, (_, i) =>
      Math.fround(pixels[(i % area) * channels + Math.floor(i / area)]! / 255),
    );
  });

/** Two sets of 50 pictures. */
export const [realImages, generatedImages] = [pictures(50, 12), pictures(50, 34)];

/** A folder for the tests of a file, with the two sets in it, which goes after them; once a file. */
export function commandFolder() {
  const place = mkdtempSync(join(tmpdir(), "latentgpu-command-"));
  afterAll(() => rmSync(place, { recursive: true, force: true }));
  const at = (...names: string[]): string => join(place, ...names);
  const folder = (name: string, images: readonly Uint8Array[], channels: 1 | 3 = 3, side = 4): string => {
    mkdirSync(at(name), { recursive: true });
    for (const [i, pixels] of images.entries())
      writeFileSync(
        at(name, `${String(i).padStart(4, "0")}.png`),
        encodePng({ width: side, height: side, channels, pixels }),
      );
    return at(name);
  };
  return { at, folder, real: folder("real", realImages), generated: folder("generated", generatedImages) };
}

/** A signal that aborts once a line on `what` would be shown. */
export const during = (write: (text: string) => boolean) => {
  const controller = new AbortController();
  const stream = {
    isTTY: true,
    write: (text: string) => {
      if (write(text)) controller.abort(new Error("interrupted"));
    },
  };
  return { stream, signal: controller.signal };
};
