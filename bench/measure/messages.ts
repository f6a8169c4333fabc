// What the page and the worker that measures say to each other.

import type { Failure } from "../../src/app/job/serve.ts";
import type { Report } from "../report.ts";

/** The browser by name and version, which the report names. */
export interface SpeedRequest {
  readonly browser: string;
}

/** "cases" comes first; "kept" is the report so far, after each case. */
export type SpeedAnswer =
  | { readonly kind: "cases"; readonly names: readonly string[] }
  | { readonly kind: "progress"; readonly done: number; readonly total: number; readonly name: string }
  | { readonly kind: "kept"; readonly report: Report }
  | { readonly kind: "report"; readonly report: Report }
  | Failure;
