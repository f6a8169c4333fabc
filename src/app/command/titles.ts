/** What measures are called by their short names, and with features of the FID Inception network, where that is another name. */
export const TITLES = {
  fid: ["Fréchet distance", "FID"],
  sfid: ["Fréchet distance of spatial features", "sFID"],
  kid: ["kernel distance, polynomial", "KID"],
  pr: ["precision and recall"],
  is: ["class score", "Inception Score"],
  dc: ["density and coverage"],
  cdc: ["clipped density and coverage"],
  mmd: ["kernel distance, rbf"],
  swd: ["sliced Wasserstein distance"],
  mind: ["MIND"],
  "fid-infinity": ["Fréchet distance at n → ∞", "FID∞"],
  mifid: ["memorisation-informed Fréchet distance", "MiFID"],
  topological: ["topological precision and recall"],
  authenticity: ["authenticity"],
  "1nn": ["1-NN two-sample test"],
  classifier: ["classifier two-sample test"],
  vendi: ["Vendi score"],
} as const satisfies { readonly [key: string]: readonly [title: string, inception?: string] };

/** The short name of a measure. */
export type Key = keyof typeof TITLES;

/** The short names of all measures. */
export const KEYS = Object.keys(TITLES) as readonly Key[];

/** The network that comes with the package, as `--features` names it. */
export const PACKAGED = "digits-v1";
