import type { PresetReport } from "../presets.ts";
import type { Measured } from "../report.ts";
import type { FamilySettings } from "./settings.ts";

/** What samples score on the features of digits-v1, against training images. */
export interface SampleScores {
  readonly frechet: Measured;
  readonly kernelDistance: Measured;
  readonly precision: number;
  readonly recall: number;
}

/** What codes are good for, without the decoder. */
export interface CodeScores {
  /** Share of the ten nearest training codes that have the test image's digit. */
  readonly retrieval: Measured;
  /** Accuracy of the vote of the ten nearest training codes. */
  readonly neighbours: Measured;
  /** Accuracy of a linear classifier of the codes. */
  readonly linear: Measured;
  /** Of all posteriors together; absent where codes are points. */
  readonly aggregate?: {
    /** KL of the aggregate posterior to the prior, in nats. */
    readonly kl: number;
    /** What a code says of its image, in nats. */
    readonly mutualInformation: number;
    /** Share of the prior's draws that fall where hardly any image has its code. */
    readonly holes: number;
  };
}

/** What was found of one model: a row of the published table. Numbers are of test images, in nats per image. */
export interface FamilyRow {
  readonly model: string;
  /** "binary" or "grey": what the pixels of its likelihood were. */
  readonly pixels: "binary" | "grey";
  /** Its options, as `new` took them. */
  readonly options: object;
  readonly parameters: number;
  /** Of fitting. */
  readonly seconds: number;
  /** Training images, passes through them, and steps. */
  readonly images: number;
  readonly epochs: number;
  readonly steps: number;
  /** log p(x|z) at one draw of z, and what the codes cost. */
  readonly reconstruction: number;
  readonly kl?: number;
  readonly elbo?: number;
  /** Every term of the training loss, averaged over test images. */
  readonly terms: { readonly [term: string]: number };
  /** Importance-weighted bound on log p(x). */
  readonly logProb?: {
    readonly value: number;
    readonly deviation: number;
    readonly n: number;
    readonly samples: number;
  };
  /** Latent dimensions whose mean varies over images by more than 0.01. */
  readonly activeUnits: { readonly value: number; readonly of: number };
  /** Of samples from the model's own prior: N(0, I), unless its row says otherwise. */
  readonly prior: SampleScores;
  /** Of samples whose codes come from a mixture fitted to training codes. */
  readonly mixture?: SampleScores;
  readonly codes?: CodeScores;
  readonly note?: string;
}

/** bench/results/family.json. */
export interface FamilyReport extends PresetReport<FamilySettings> {
  readonly features: { readonly name: string; readonly checksum: string; readonly accuracy: number };
  /** Real test images in the place of samples. */
  readonly baseline: SampleScores;
  /** Components of the mixtures of codes. */
  readonly components: number;
  readonly rows: readonly FamilyRow[];
}
