// Where hardware forces another value than PyTorch's: the README's table "Where hardware differs" is this list, and the table of special
// values allows what stands here, and nothing else.

/** One number that came out, and what it came from. */
export interface Outcome {
  readonly op: string;
  readonly inputs: readonly number[];
  readonly got: number;
  /** What PyTorch gives. */
  readonly want: number;
  /** What PyTorch gives with subnormal inputs counted as 0. */
  readonly flushed: number;
  readonly part: "value" | "gradient";
}

export interface Deviation {
  readonly what: string;
  readonly instead: string;
  readonly reason: string;
  readonly allows: (outcome: Outcome) => boolean;
}

const SMALLEST = 2 ** -126;
const isSubnormal = (x: number): boolean => x !== 0 && Math.abs(x) < SMALLEST;
export const close = (got: number, want: number, relative: number): boolean =>
  Object.is(got, want) || (got === want && got !== 0) || Math.abs(got - want) <= relative * Math.abs(want);

export const deviations: readonly Deviation[] = [
  {
    what: "a result below 2⁻¹²⁶ in size",
    instead: "0 or ±2⁻¹²⁶",
    reason: "a device may flush subnormal results of arithmetic (WGSL, 15.7.2)",
    allows: ({ got, want }) => isSubnormal(want) && Math.abs(got) <= SMALLEST,
  },
  {
    what: "a product with a factor below 2⁻¹²⁶: silu below −87.3, the gradient of a^b by b",
    instead: "0",
    reason: "the factor is flushed",
    allows: ({ got, want }) => got === 0 && Math.abs(want) < 2 ** -119,
  },
  {
    what: "arithmetic on a subnormal number",
    instead: "what it gives for 0; NaN in a gradient, where that is 0 · ∞",
    reason:
      "a device may flush subnormal operands (WGSL, 15.7.2); comparisons, signs, extremes, roots, logarithms and rounding read bits and do not",
    allows: ({ inputs, got, flushed, part }) =>
      inputs.some(isSubnormal) &&
      (got === flushed ||
        close(got, flushed, 1e-5) ||
        (Number.isNaN(got) && (part === "gradient" || Number.isNaN(flushed)))),
  },
  {
    what: "the gradient of logsumexp beyond 1e7 or so",
    instead: "softmax, to full precision",
    reason: "PyTorch takes e^(x − y), which has lost what y = max x + log Σ has; not the hardware's doing",
    allows: ({ op, inputs, got, part }) => {
      const most = Math.max(...inputs);
      const shares = inputs.map((x) => Math.exp(x - most));
      const total = shares.reduce((a, b) => a + b, 0);
      return op === "logsumexp" && part === "gradient" && shares.some((share) => close(got, share / total, 1e-6));
    },
  },
];
