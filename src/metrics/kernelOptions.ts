/** What kernelDistance may be asked for. */
export interface KernelDistanceOptions {
  /** (x·y/d + 1)³, as KID has it (the default), or exp(−|x − y|²/2σ²). */
  readonly kernel?: "polynomial" | "rbf";
  /** Of the rbf kernel; the median distance of real rows. */
  readonly sigma?: number;
  /** What `value` is; "unbiased". "u" takes pairs of rows and needs equal sizes. */
  readonly estimator?: "unbiased" | "biased" | "u";
  /** Multiplies every result; 1, and 1000 for CMMD. */
  readonly scale?: number;
  /** Random subsets whose mean the value is instead, as packages have it (100 of 1000). */
  readonly subsets?: number;
  /** Rows of a subset; 1000. */
  readonly subsetSize?: number;
  /** Rows of disjoint blocks whose mean the value is instead: their deviation over √blocks is an honest standard error. */
  readonly blockSize?: number;
}

/** The parts of a kernel distance. */
export interface KernelDistance {
  /** Without the pairs of a row with itself; may be below 0. */
  readonly unbiased: number;
  /** With them. */
  readonly biased: number;
  /** Of sets of equal size: without the pairs of rows with one number in the cross term as well. */
  readonly uStatistic?: number | undefined;
  /** Of sets of equal size: the plug-in variance of the unbiased value; it may be below 0. */
  readonly variance?: number | undefined;
  /** The variance's first-order part. */
  readonly zeta1?: number | undefined;
  /** Its second-order part. */
  readonly zeta2?: number | undefined;
  /** σ of the rbf kernel. */
  readonly sigma?: number | undefined;
}
