import type { TrainSettings } from "./settings.ts";

/** Canvases of the page, given to the worker once. */
export interface Canvases {
  readonly samples: OffscreenCanvas;
  readonly originals: OffscreenCanvas;
  readonly reconstructions: OffscreenCanvas;
}

/** How codes become points of a plane: the first two latents, or the two directions in which they vary most. */
export type Plane = "latents" | "principal";

/** Images of one's own: files, and the size and channels that they become. */
export interface OwnImages {
  readonly files: readonly File[];
  readonly image: readonly [channels: number, height: number, width: number];
}

export interface StartRequest {
  readonly kind: "start";
  readonly settings: TrainSettings;
  /** Null for MNIST, which lies at `mnist`. */
  readonly own: OwnImages | null;
  readonly mnist: string;
  /** A model's file or a checkpoint to go on from. */
  readonly from: Uint8Array | null;
  readonly plane: Plane;
}

/** What the page asks of the worker. */
export type Request =
  | { readonly kind: "canvases"; readonly canvases: Canvases }
  | StartRequest
  | { readonly kind: "pause" | "resume" | "step" | "stop" | "save" }
  | { readonly kind: "steer"; readonly beta?: number; readonly learningRate?: number }
  | { readonly kind: "plane"; readonly plane: Plane };

/** A model is made, and can be steered. */
export interface Began {
  readonly kind: "began";
  /** What the reconstructed images are: of a test set, or of the training images where these are few. */
  readonly heldOut: boolean;
}

/** Where training is. */
export interface Progressed {
  readonly kind: "progress";
  readonly step: number;
  readonly total: number;
  readonly eta: number;
  /** Means over the steps since the last report, by name. */
  readonly terms: { readonly [term: string]: number };
}

/** Codes of test images on a plane. */
export interface Codes {
  readonly kind: "codes";
  /** x and y, one point after the other. */
  readonly points: Float32Array;
  readonly labels: Uint8Array | null;
}

/** What the worker answers. */
export type Answer =
  | { readonly kind: "status"; readonly text: string }
  | Began
  | Progressed
  | Codes
  | { readonly kind: "pictures"; readonly step: number }
  | { readonly kind: "paused"; readonly step: number }
  | { readonly kind: "checkpoint"; readonly bytes: Uint8Array<ArrayBuffer>; readonly step: number }
  | { readonly kind: "saved"; readonly bytes: Uint8Array<ArrayBuffer>; readonly step: number }
  | { readonly kind: "ended"; readonly step: number; readonly stopped: boolean }
  | { readonly kind: "lost"; readonly message: string }
  | { readonly kind: "error"; readonly message: string };
