import type { CallProgress } from "../../../index.ts";
import type { Failure } from "../../job/serve.ts";
import type { Line, ScoreReport } from "../../command/report.ts";
import type { Gallery } from "./gallery.ts";

/** What the page asks of the worker. */
export interface ScoreRequest {
  /** As they would stand on the command line after `npx latentgpu score`. */
  readonly words: readonly string[];
  /** Files by the paths that the words name. */
  readonly files: ReadonlyMap<string, File>;
}

/** What the worker answers; "done" or "error" comes last. */
export type ScoreAnswer =
  | { readonly kind: "progress"; readonly what: string; readonly progress: CallProgress }
  | { readonly kind: "stage"; readonly what: string }
  | { readonly kind: "said"; readonly line: string }
  | { readonly kind: "found"; readonly line: Line }
  | { readonly kind: "ended"; readonly report: ScoreReport }
  | { readonly kind: "pictures"; readonly gallery: Gallery }
  | { readonly kind: "done" }
  | Failure;
