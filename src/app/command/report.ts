import type { DeviceInfo } from "../../index.ts";
import type { Skipped } from "./source.ts";

/** A measure's number as a report has it: its title, and all parts of its Score but long arrays. */
export interface Line {
  readonly key: string;
  readonly title: string;
  readonly value: number;
  readonly interval?: readonly [number, number];
  readonly warnings: readonly string[];
  readonly [part: string]: unknown;
}

/** All numbers of a run with their conditions. */
export interface ScoreReport {
  readonly command: "score";
  readonly version: string;
  /** Whether every measure that was asked for is there. */
  readonly complete: boolean;
  readonly adapter: Pick<DeviceInfo, "vendor" | "architecture" | "family" | "description" | "software">;
  readonly features: { readonly name: string; readonly checksum?: string };
  /** Under which conditions images were read and random choices made. */
  readonly conditions: {
    readonly pixels: string;
    readonly channels: string;
    readonly resize: string;
    readonly seed: number;
  };
  readonly sets: {
    readonly [set: string]: {
      readonly path: string;
      readonly kind: string;
      readonly n: number;
      readonly skipped: readonly Skipped[];
      readonly warnings: readonly string[];
    };
  };
  readonly scores: readonly Line[];
}
