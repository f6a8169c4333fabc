import type { PresetReport } from "../presets.ts";
import type { Likelihood } from "./models.ts";
import type { FaceScores } from "./scores.ts";
import type { FaceSettings } from "./settings.ts";

/** What was found of one model. */
export interface FaceRow {
  readonly model: string;
  readonly about: string;
  readonly parameters: number;
  /** Of fitting. */
  readonly seconds: number;
  /** Bytes on the GPU after fitting, data and detectors included. */
  readonly bytes: number;
  /** In nats per image, of pixels in [0, 1] with uniform dequantisation. */
  readonly likelihood: Likelihood;
  /** −log₂ p of a grey level, each of 3·width² values alike. */
  readonly bitsPerDim: number;
  readonly scores: FaceScores;
}

/** bench/results/faces.json. */
export interface FaceReport extends PresetReport<FaceSettings> {
  readonly data: string;
  /** Detectors by name and checksum, and what counts as a face. */
  readonly detectors: readonly string[];
  readonly threshold: number;
  readonly minSize: number;
  /** Scores of real test images, and of the same in shuffled tiles. */
  readonly real: FaceScores;
  readonly shuffled: FaceScores;
  readonly rows: readonly FaceRow[];
}
