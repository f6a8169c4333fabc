import type { Spec } from "./dtype.ts";
import type { Attributes, KernelOp } from "./kernelOp.ts";
import type { MapName } from "./maps.ts";
import type { Storage } from "./storage.ts";

/** How a tensor's value comes about from tensors, which are T. `stored` values exist; all others are recorded and run when they are needed. */
export type SourceOf<T> =
  | { readonly kind: "stored"; readonly storage: Storage; readonly state: boolean }
  | { readonly kind: "input"; readonly position: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "map"; readonly fn: MapName; readonly inputs: readonly T[] }
  | {
      readonly kind: "view";
      readonly inputs: readonly [T];
      readonly offset: number;
      readonly strides: readonly number[];
    }
  | {
      readonly kind: "reduce";
      readonly operation: "sum" | "max" | "min";
      readonly inputs: readonly [T];
      readonly axes: readonly number[];
    }
  | {
      readonly kind: "kernel";
      readonly op: KernelOp;
      readonly inputs: readonly T[];
      readonly attributes: Attributes;
      readonly outputs: readonly Spec[];
    }
  | { readonly kind: "pick"; readonly inputs: readonly [T]; readonly index: number }
  | { readonly kind: "concat"; readonly inputs: readonly T[]; readonly axis: number };
