import type { AdapterReport, Curve, ModelReport, PictureReport, Preset, Scores, Spectrum } from "../report.ts";

/** A part of the job that shows a bar of its own. `weight` is its expected share of the time, in any unit. */
export interface Stage {
  key: string;
  title: string;
  weight: number;
}

/** Where a stage stands; `eta` is in seconds, and missing until something can be said. */
export interface Progress {
  stage: string;
  step: number;
  total: number;
  /** What is minimised or maximised, with its name, such as "BCE + KL 112.3". */
  status?: string;
  seconds: number;
  eta?: number;
  /** Of the whole job: share done from 0 to 1, and the seconds that are left. */
  done: number;
  left?: number;
}

/** What the job tells while it runs. Later curves, pictures and models of the same key replace earlier ones. */
export type JobEvent =
  | { kind: "start"; preset: Preset; seed: number; adapter: AdapterReport; stages: Stage[] }
  | { kind: "progress"; progress: Progress }
  | { kind: "done"; stage: string; seconds: number; result: string }
  | { kind: "curve"; curve: Curve }
  | { kind: "picture"; picture: PictureReport }
  | { kind: "model"; model: ModelReport }
  | { kind: "floor"; floor: Scores }
  | { kind: "spectrum"; spectrum: Spectrum };

export type Listener = (event: JobEvent) => void;
